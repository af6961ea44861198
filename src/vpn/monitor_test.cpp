#include "vpn/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "vpn/fake_device.h"
#include "vpn/gateway_loop.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using namespace std::chrono_literals;

/// Packets that take a round trip across the fake device, or are lost.
class FakePulse final : public Pulse {
 public:
  FakePulse(Clock& clock, FakeDevice& device) : clock_(clock), device_(device) {}
  void send(uint16_t number) override {
    ++sent;
    if (device_.exchange() && !(lose && lose(number)) && !refuses_echo)
      under_way_.push_back({number, clock_.now() + round_trip});
  }
  std::vector<uint16_t> answers() override {
    std::vector<uint16_t> out;
    while (!under_way_.empty() && under_way_.front().second <= clock_.now()) {
      out.push_back(under_way_.front().first);
      under_way_.erase(under_way_.begin());
    }
    return out;
  }
  std::function<bool(uint16_t)> lose;
  bool refuses_echo = false;
  Duration round_trip = 20ms;
  int sent = 0;

 private:
  Clock& clock_;
  FakeDevice& device_;
  std::vector<std::pair<uint16_t, Time>> under_way_;
};

/// A tunnel whose far gateway is at `far_at`, under the name gw.example.
class MonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    device_.far_answers = [&](const PublicKey&, const Peer& peer) {
      return far_runs_ && peer.endpoint->host == far_at_ &&
             (peer.public_key == samples::kFarKey || standby_runs_);
    };
    ASSERT_TRUE(device_.set_private_key(make_private_key(), Deadline::after(1s)));
    Peer far = peers_[0];
    far.endpoint = Endpoint{far_at_, 51820};
    ASSERT_TRUE(device_.set_peer(far, Deadline::after(1s)));
    name_ = Endpoint{far_at_, 51820};
  }
  Monitor& monitor() {
    if (!monitor_)
      monitor_.emplace(
          device_, pulse_, [this](const Endpoint&) { return name_; }, peers_);
    return *monitor_;
  }
  TunnelReport run(Duration duration) {
    TunnelReport report;
    for (const Time until = clock_.now() + duration; clock_.now() < until; clock_.advance(25ms)) {
      report = monitor().tick(clock_.now());
      if (states_.empty() || states_.back() != report.state) states_.push_back(report.state);
    }
    return report;
  }
  /// Time until packets cross again, from now.
  Duration gap() {
    const Time began = clock_.now();
    while (clock_.now() - began < 10min) {
      monitor().tick(clock_.now());
      if (device_.exchange()) break;
      clock_.advance(25ms);
    }
    return clock_.now() - began;
  }

  ManualClock clock_;
  FakeDevice device_{clock_};
  FakePulse pulse_{clock_, device_};
  std::string far_at_ = "203.0.113.20";
  bool far_runs_ = true, standby_runs_ = false;
  std::optional<Endpoint> name_;
  std::vector<Peer> peers_ = {{samples::kFarKey, Cidr::parse_all({"10.200.0.2", "172.31.0.0/16"}).value(),
                               Endpoint{"gw.example", 51820}, 25}};
  std::optional<Monitor> monitor_;
  std::vector<TunnelState> states_;
};

TEST_F(MonitorTest, IsUpWhenPacketsCross) {
  const TunnelReport report = run(5s);
  EXPECT_EQ(report.state, TunnelState::up);
  EXPECT_EQ(states_, (std::vector{TunnelState::down, TunnelState::up}));
  EXPECT_EQ(report.endpoint, "203.0.113.20:51820");
  EXPECT_GT(report.received_bytes, 0);
  EXPECT_EQ(device_.renewals, 0);
}

TEST_F(MonitorTest, AForgottenSessionIsRenewedWithinASecond) {
  run(5s);
  device_.far_forgets();
  EXPECT_LE(gap(), 1s);
  EXPECT_EQ(run(10s).state, TunnelState::up);
}

TEST_F(MonitorTest, WithoutItTheGapIsWireguards) {
  run(1s);
  device_.far_forgets();
  const Time began = clock_.now();
  while (!device_.exchange()) clock_.advance(100ms);
  EXPECT_GE(clock_.now() - began, 13s);
}

TEST_F(MonitorTest, AFarGatewayThatIsAwayIsCalledUntilItComesBack) {
  run(5s);
  far_runs_ = false;
  device_.far_forgets();
  EXPECT_EQ(run(10s).state, TunnelState::down);
  EXPECT_EQ(states_.back(), TunnelState::down);
  const int in_ten_seconds = device_.renewals;
  EXPECT_GE(in_ten_seconds, 10);
  EXPECT_LE(in_ten_seconds, 25);
  run(2min);
  EXPECT_LE(device_.renewals - in_ten_seconds, 60);  // and more rarely with time
  far_runs_ = true;
  EXPECT_LE(gap(), 6s);
  EXPECT_EQ(run(2s).state, TunnelState::up);
}

TEST_F(MonitorTest, FollowsANameToItsNewAddress) {
  run(5s);
  far_at_ = "203.0.113.99";
  name_ = Endpoint{far_at_, 51820};
  device_.far_forgets();
  EXPECT_LE(gap(), 2s);
  EXPECT_EQ(run(5s).endpoint, "203.0.113.99:51820");
}

TEST_F(MonitorTest, UsesTheAddressInUseWhileNobodyKnowsTheName) {
  run(5s);
  name_.reset();
  device_.far_forgets();
  EXPECT_LE(gap(), 1s);
}

TEST_F(MonitorTest, SingleLossesChangeNothing) {
  pulse_.lose = [](uint16_t number) { return number % 10 == 0; };
  run(1s);
  states_.clear();
  run(1min);
  EXPECT_THAT(states_, testing::Each(TunnelState::up));
  EXPECT_EQ(device_.renewals, 0);
}

TEST_F(MonitorTest, ManyLossesAreDegradedAndHealWithoutFlapping) {
  run(10s);
  states_.clear();
  pulse_.lose = [](uint16_t number) { return number % 3 == 0; };
  run(20s);
  EXPECT_EQ(states_, (std::vector{TunnelState::up, TunnelState::degraded}));
  pulse_.lose = nullptr;
  run(20s);
  EXPECT_EQ(states_, (std::vector{TunnelState::up, TunnelState::degraded, TunnelState::up}));
}

TEST_F(MonitorTest, AnOutageIsDegradedThenDownThenUp) {
  run(10s);
  states_.clear();
  far_runs_ = false;
  device_.far_forgets();
  run(20s);
  far_runs_ = true;
  run(10s);
  EXPECT_EQ(states_,
            (std::vector{TunnelState::up, TunnelState::degraded, TunnelState::down, TunnelState::up}));
}

TEST_F(MonitorTest, BelievesHandshakesWhereEchoIsRefused) {
  pulse_.refuses_echo = true;
  EXPECT_EQ(run(10s).state, TunnelState::up);
  EXPECT_LE(device_.renewals, 1);
}

TEST_F(MonitorTest, BeginsDownWhenHalfASessionWasLeftOver) {
  ASSERT_TRUE(device_.exchange());
  device_.far_forgets();
  far_runs_ = false;
  EXPECT_EQ(run(10s).state, TunnelState::down);
}

TEST_F(MonitorTest, AStandbyTakesOver) {
  peers_.push_back({samples::kStandbyKey, {}, Endpoint{"203.0.113.21", 51820}, 25});
  run(5s);
  device_.far_answers = [&](const PublicKey&, const Peer& peer) {
    return peer.public_key == samples::kStandbyKey;
  };
  device_.far_forgets();
  const TunnelReport report = run(30s);
  EXPECT_EQ(report.state, TunnelState::up);
  EXPECT_EQ(report.peer, samples::kStandbyKey);
  EXPECT_EQ(device_.show(Deadline::after(1s))->find(samples::kStandbyKey)->allowed_ips,
            peers_[0].allowed_ips);
}

TEST_F(MonitorTest, ADeviceThatDoesNotAnswerIsTold) {
  device_.failing = Error{Kind::not_found, "no such interface"};
  EXPECT_EQ(run(5s).trouble, "no such interface");
  far_runs_ = false;
  device_.far_forgets();
  EXPECT_EQ(run(5s).state, TunnelState::down);
  device_.failing.reset();
  far_runs_ = true;
  EXPECT_EQ(run(5s).state, TunnelState::up);
  EXPECT_EQ(run(1s).trouble, "");
}

TEST_F(MonitorTest, ItsFileTellsWhatItKnows) {
  const TunnelReport report = run(5s);
  const auto read = parse_tunnel(to_json(report).dump());
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->state, TunnelState::up);
  EXPECT_EQ(read->endpoint, report.endpoint);
  EXPECT_EQ(read->received_bytes, report.received_bytes);
  EXPECT_EQ(read->since, std::chrono::floor<std::chrono::milliseconds>(report.since));
  for (const char* text :
       {"", "{}", R"({"schema":"spillway.tunnel/v1"})",
        R"({"schema":"spillway.tunnel/v1","state":"well","since":"2026-11-22T21:54:03Z"})"})
    EXPECT_FALSE(parse_tunnel(text)) << text;
}

TEST_F(MonitorTest, LeavesThePeersAloneWhileAKeyIsExchanged) {
  run(5s);
  device_.far_forgets();
  for (int i = 0; i < 100; ++i, clock_.advance(25ms)) monitor().tick(clock_.now(), false);
  EXPECT_EQ(device_.renewals, 0);
  EXPECT_LE(gap(), 1s);
}

TEST_F(MonitorTest, FollowsAnotherGatewayAndForgetsTheFormer) {
  run(5s);
  standby_runs_ = true;
  Peer other = peers_[0];
  other.public_key = samples::kStandbyKey;
  ASSERT_TRUE(monitor().follow({other}));
  EXPECT_EQ(device_.show(Deadline::after(1s))->peers.size(), 1u);
  const TunnelReport report = run(5s);
  EXPECT_EQ(report.state, TunnelState::up);
  EXPECT_EQ(report.peer, samples::kStandbyKey);
  const int renewals = device_.renewals;
  ASSERT_TRUE(monitor().follow({other}));  // nothing changed
  EXPECT_EQ(run(5s).state, TunnelState::up);
  EXPECT_EQ(device_.renewals, renewals);
}

/// Moves the time on, for a while.
class PassingClock final : public Clock {
 public:
  PassingClock(ManualClock& clock, Time until) : clock_(clock), until_(until) {}
  Time now() const override { return clock_.now(); }
  void sleep_for(Duration duration) override { clock_.advance(duration); }
  bool over() const { return clock_.now() >= until_; }

 private:
  ManualClock& clock_;
  Time until_;
};

TEST_F(MonitorTest, TheLoopWritesAndFollowsUntilItIsStopped) {
  std::string name = "/tmp/spillway-tunnel-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  PassingClock clock{clock_, clock_.now() + 10s};
  standby_runs_ = true;
  Peer other = peers_[0];
  other.public_key = samples::kStandbyKey;
  const Time exchanged = clock_.now() + 3s, told = clock_.now() + 5s;
  int asked_too_early = 0;
  Surroundings around{.file = folder / "tunnel.json",
                      .stop = [&] { return clock.over(); },
                      .may_mend = [&] { return clock_.now() >= exchanged; },
                      .changed = [&]() -> std::optional<std::vector<Peer>> {
                        asked_too_early += clock_.now() < exchanged;
                        return clock_.now() < told ? std::nullopt : std::optional{std::vector{other}};
                      }};
  ASSERT_TRUE(run_gateway_monitor(monitor(), clock, around));
  EXPECT_EQ(asked_too_early, 0);
  const auto written = parse_tunnel(read_file(folder / "tunnel.json").value());
  ASSERT_TRUE(written);
  EXPECT_EQ(written->state, TunnelState::up);
  EXPECT_EQ(written->peer, samples::kStandbyKey);
  EXPECT_GE(written->at, clock_.now() - 2s);
  around.file = folder / "absent/tunnel.json";
  around.stop = [] { return false; };
  EXPECT_FALSE(run_gateway_monitor(monitor(), clock, around));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spillway::vpn
