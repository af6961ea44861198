// What every Device does, asked of the model always, and of a real wireguard-go where there is root (ctest -L
// network sets SPILLWAY_NETWORK_TESTS).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "vpn/fake_device.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using namespace std::chrono_literals;

Deadline soon() {
  return Deadline::after(20s);
}

/// wireguard-go in a network namespace that ends with it.
class WireguardGo {
 public:
  explicit WireguardGo(std::string name) : name_(std::move(name)) {
    std::vector<std::string> words = {"/usr/bin/unshare", "-n", "/usr/bin/wireguard-go", "--foreground",
                                      name_};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string level = "LOG_LEVEL=silent";
    char* env[] = {level.data(), nullptr};
    EXPECT_EQ(posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), env), 0);
  }
  ~WireguardGo() {
    kill(pid_, SIGTERM);  // at which it takes its socket away
    waitpid(pid_, nullptr, 0);
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  pid_t pid_ = 0;
};

struct Subject {
  std::unique_ptr<Clock> clock = std::make_unique<SystemClock>();
  std::unique_ptr<Runner> runner;
  std::unique_ptr<WireguardGo> process;
  std::unique_ptr<Device> device;
};

Subject fake() {
  Subject subject;
  subject.device = std::make_unique<FakeDevice>(*subject.clock);
  return subject;
}
Subject real() {
  Subject subject;
  subject.runner = std::make_unique<PosixRunner>();
  subject.process = std::make_unique<WireguardGo>(fmt::format("wgt{}", getpid()));
  subject.device = std::make_unique<WgDevice>(*subject.runner, subject.process->name());
  for (int i = 0; i < 200 && !subject.device->show(soon()); ++i) subject.clock->sleep_for(50ms);
  return subject;
}

struct Kindred {
  const char* name;
  Subject (*make)();
};

class DeviceContract : public testing::TestWithParam<Kindred> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_TRUE(device().show(soon())) << device().show(soon()).error().what;
  }
  Device& device() { return *subject_.device; }
  PeerState peer(const PublicKey& key) {
    const auto state = device().show(soon());
    EXPECT_TRUE(state) << state.error().what;
    const PeerState* found = state->find(key);
    EXPECT_TRUE(found) << key.value;
    return found ? *found : PeerState{};
  }
  Subject subject_;
};

Peer far() {
  return {samples::kFarKey, Cidr::parse_all({"10.200.0.2", "172.31.0.0/16"}).value(),
          Endpoint::parse("203.0.113.20:51820").value(), 25};
}
Peer standby() {
  return {samples::kStandbyKey, {}, Endpoint::parse("[2001:db8::21]:51820").value(), 0};
}

TEST_P(DeviceContract, BeginsEmptyAndTakesAKey) {
  EXPECT_TRUE(device().show(soon())->peers.empty());
  EXPECT_TRUE(device().show(soon())->public_key.empty());
  const KeyPair pair = make_key_pair();
  ASSERT_TRUE(device().set_private_key(pair.private_key, soon()));
  EXPECT_EQ(device().show(soon())->public_key, pair.public_key);
}

TEST_P(DeviceContract, ShowsThePeersThatItWasGiven) {
  ASSERT_TRUE(device().set_peer(far(), soon()));
  ASSERT_TRUE(device().set_peer(standby(), soon()));
  EXPECT_EQ(device().show(soon())->peers.size(), 2u);
  EXPECT_TRUE(matches(peer(samples::kFarKey), far()));
  EXPECT_TRUE(matches(peer(samples::kStandbyKey), standby()));
  EXPECT_FALSE(peer(samples::kFarKey).latest_handshake);
}

TEST_P(DeviceContract, AnAbsentEndpointLeavesTheOneInUse) {
  ASSERT_TRUE(device().set_peer(far(), soon()));
  Peer changed = far();
  changed.endpoint.reset();
  changed.keepalive_s = 10;
  changed.allowed_ips = Cidr::parse_all({"10.9.0.0/16"}).value();
  ASSERT_TRUE(device().set_peer(changed, soon()));
  EXPECT_EQ(peer(samples::kFarKey).endpoint, far().endpoint);
  EXPECT_TRUE(matches(peer(samples::kFarKey), changed));
}

TEST_P(DeviceContract, ANetworkBelongsToWhoeverWasGivenItLast) {
  ASSERT_TRUE(device().set_peer(far(), soon()));
  Peer other = standby();
  other.allowed_ips = Cidr::parse_all({"172.31.0.0/16"}).value();
  ASSERT_TRUE(device().set_peer(other, soon()));
  EXPECT_EQ(peer(samples::kFarKey).allowed_ips, Cidr::parse_all({"10.200.0.2"}).value());
  EXPECT_EQ(peer(samples::kStandbyKey).allowed_ips, other.allowed_ips);
}

TEST_P(DeviceContract, RemovingIsSafeToRepeat) {
  ASSERT_TRUE(device().set_peer(far(), soon()));
  ASSERT_TRUE(device().remove_peer(samples::kFarKey, soon()));
  ASSERT_TRUE(device().remove_peer(samples::kFarKey, soon()));
  EXPECT_TRUE(device().show(soon())->peers.empty());
}

TEST_P(DeviceContract, RenewingLeavesThePeerAsGiven) {
  ASSERT_TRUE(device().set_peer(far(), soon()));
  ASSERT_TRUE(device().renew_peer(far(), soon()));
  ASSERT_TRUE(device().renew_peer(standby(), soon()));  // also when it was not there
  EXPECT_TRUE(matches(peer(samples::kFarKey), far()));
  EXPECT_TRUE(matches(peer(samples::kStandbyKey), standby()));
}

TEST_P(DeviceContract, SyncMakesItExactlySo) {
  ASSERT_TRUE(device().set_peer(far(), soon()));
  Peer heir = standby();
  heir.allowed_ips = far().allowed_ips;
  ASSERT_TRUE(device().sync({heir}, soon()));
  EXPECT_EQ(device().show(soon())->peers.size(), 1u);
  EXPECT_TRUE(matches(peer(samples::kStandbyKey), heir));
  ASSERT_TRUE(device().sync({heir}, soon()));
  ASSERT_TRUE(device().sync({}, soon()));
  EXPECT_TRUE(device().show(soon())->peers.empty());
}

std::vector<Kindred> kindred() {
  std::vector<Kindred> all = {{"Fake", fake}};
  if (std::getenv("SPILLWAY_NETWORK_TESTS")) all.push_back({"Real", real});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Both, DeviceContract, testing::ValuesIn(kindred()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(WgDevice, TellsThatThereIsNoInterface) {
  PosixRunner runner;
  WgDevice device{runner, "wg-absent-0"};
  const auto state = device.show(soon());
  ASSERT_FALSE(state);
  EXPECT_TRUE(state.error().code == "SPW-VPN-009" || state.error().kind == Kind::denied)  // denied: not root
      << state.error().what;
}

constexpr const char* kDump =
    "cHJpdmF0ZS1rZXktdGhhdC1tdXN0LW5vdC1iZS1rZXB0LS0=\thSDwCYkwp1R0i33ctD73Wg2/"
    "Og0mOBr066SpjqqbTmo=\t51820\toff\n"
    "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=\t(none)\t[2001:db8::1]:51820\t10.200.0.2/32,172.31.0.0/16\t"
    "1795415999\t9436\t9524\t25\n"
    "y1dpSVRhVSLRHuYEGJa6mtNCzkIT1/WQ3hfmUCtIaD4=\t(none)\t(none)\t(none)\t0\t0\t0\toff\n";

TEST(WgDump, IsRead) {
  const auto state = parse_dump(kDump);
  ASSERT_TRUE(state) << state.error().what;
  EXPECT_EQ(state->public_key, samples::kNearKey);
  EXPECT_EQ(state->listen_port, 51820);
  ASSERT_EQ(state->peers.size(), 2u);
  const PeerState& first = state->peers[0];
  EXPECT_EQ(first.endpoint->to_string(), "[2001:db8::1]:51820");
  EXPECT_EQ(first.latest_handshake, Time{1795415999s});
  EXPECT_EQ(first.rx_bytes, 9436);
  EXPECT_EQ(first.tx_bytes, 9524);
  EXPECT_EQ(first.keepalive_s, 25);
  EXPECT_EQ(first.allowed_ips.size(), 2u);
  EXPECT_FALSE(state->peers[1].endpoint || state->peers[1].latest_handshake);
}

TEST(WgDump, RefusesOtherTextAndDoesNotRepeatTheKey) {
  const std::string good = kDump;
  for (const std::string& text :
       {std::string(), std::string("x"), good + good.substr(good.find('\n') + 1), good + "\tx",
        good.substr(0, 180), "cHJpdmF0ZS1rZXk=\t" + good,
        good.substr(0, good.find("1795415999")) + "51111111600000000\t0\t0\toff\n"}) {
    const auto state = parse_dump(text);
    ASSERT_FALSE(state) << text;
    EXPECT_FALSE(state.error().code.empty());
    EXPECT_THAT(state.error().what, testing::Not(testing::HasSubstr("cHJpdmF0ZS1rZXk")));
  }
}

}  // namespace
}  // namespace spillway::vpn
