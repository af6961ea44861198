#include "vpn/examine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vpn/fake_device.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> codes_of(const std::vector<Finding>& findings, Health health) {
  std::vector<std::string> out;
  for (const Finding& found : findings)
    if (found.health == health) out.push_back(found.code);
  return out;
}

/// A network in which the far gateway and, perhaps, what is behind it answer.
class FakeProber final : public Prober {
 public:
  explicit FakeProber(FakeDevice& device) : device_(device) {}
  Result<PingAnswer> ping(const PingOrder& order, Deadline) override {
    asked.push_back(order);
    const bool there = device_.exchange() && order.payload + 28 <= largest;
    return PingAnswer{order.count, there ? order.count : 0, there ? std::optional{1.0} : std::nullopt};
  }
  bool connect(const Knock& at, Deadline) override {
    return at.from.value != unreached && !unreached.empty();
  }
  std::vector<PingOrder> asked;
  std::string unreached = "nobody";  // no answer finds the way back to this source address; empty: to none
  int largest = 1420;

 private:
  FakeDevice& device_;
};

class FakeAws final : public AwsSide {
 public:
  Result<AwsFacts> facts(Deadline) override {
    if (failing) return *failing;
    return answer;
  }
  AwsFacts answer;
  std::optional<Error> failing;
};

class Examine : public testing::Test {
 protected:
  void SetUp() override {
    device_.far_answers = [](const PublicKey&, const Peer&) { return true; };
    ASSERT_TRUE(device_.set_private_key(make_private_key(), soon()));
    site_.aws = aws_;
    Peer far = far_peers(site_).value().at(0);
    ASSERT_TRUE(device_.set_peer(far, soon()));
  }
  static Deadline soon() { return Deadline::after(5s); }
  std::vector<Finding> look() {
    return diagnose(examine(
        site_, device_, prober_, [](const Endpoint& e) { return Result<Endpoint>{e}; }, clock_,
        IpAddress{"172.31.16.9"}, soon()));
  }
  ManualClock clock_;
  FakeDevice device_{clock_};
  FakeProber prober_{device_};
  std::shared_ptr<FakeAws> aws_ = std::make_shared<FakeAws>();
  VpnSite site_ = samples::site();
};

TEST_F(Examine, AHealthyTunnelIsGood) {
  EXPECT_THAT(codes_of(look(), Health::good), testing::SizeIs(1));
  ASSERT_EQ(prober_.asked.size(), 3u);
  EXPECT_EQ(prober_.asked[0].to.value, "10.200.0.2");
  EXPECT_EQ(prober_.asked[1].payload, 1392);
  EXPECT_TRUE(prober_.asked[1].whole);
  EXPECT_EQ(prober_.asked[2].from, "192.168.10.1");
}

TEST_F(Examine, SeesABlackHole) {
  prober_.largest = 1300;
  EXPECT_EQ(codes_of(look(), Health::bad), std::vector<std::string>{"SPW-VPN-026"});
}

TEST_F(Examine, GoesOnWithoutAws) {
  aws_->failing = Error{Kind::credentials, "expired"};
  EXPECT_THAT(codes_of(look(), Health::good), testing::SizeIs(1));
  site_.aws = nullptr;
  EXPECT_THAT(codes_of(look(), Health::good), testing::SizeIs(1));
}

TEST_F(Examine, SeesTheKeyOfAHalfDoneRotation) {
  device_.far_answers = [](const PublicKey&, const Peer&) { return false; };
  ASSERT_TRUE(device_.set_private_key(make_private_key(), soon()));
  aws_->answer.near_keys = {samples::kNearKey};
  EXPECT_EQ(codes_of(look(), Health::bad), std::vector<std::string>{"SPW-VPN-020"});
}

TEST_F(Examine, AsksTheControllersAsTheCloudWould) {
  prober_.unreached = "10.200.0.1";
  const auto findings = look();
  EXPECT_EQ(codes_of(findings, Health::bad), (std::vector<std::string>{"SPW-VPN-029", "SPW-VPN-029"}));
  prober_.unreached = "";  // neither from the LAN: they are off, which is no fault of the tunnel's
  EXPECT_THAT(codes_of(look(), Health::bad), testing::IsEmpty());
}

TEST(Ping, ReadsItsSummary) {
  const auto lossy = parse_ping(
      "PING 10.200.0.2 (10.200.0.2) 56(84) bytes of data.\n\n--- 10.200.0.2 ping statistics ---\n"
      "5 packets transmitted, 3 received, 40% packet loss, time 804ms\nrtt min/avg/max/mdev = "
      "0.030/0.045/0.061/0.011 ms\n");
  ASSERT_TRUE(lossy);
  EXPECT_EQ(lossy->sent, 5);
  EXPECT_EQ(lossy->received, 3);
  EXPECT_DOUBLE_EQ(lossy->average_ms.value(), 0.045);
  const auto dead =
      parse_ping("2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1001ms\n");
  ASSERT_TRUE(dead);
  EXPECT_FALSE(dead->answered() || dead->average_ms);
  for (const char* text :
       {"", "ping: unknown host", "1 packets transmitted, 2 received", "x packets transmitted, y received"})
    EXPECT_FALSE(parse_ping(text)) << text;
}

TEST(NetProber, AsksLoopback) {
  PosixRunner runner;
  NetProber prober{runner};
  EXPECT_FALSE(prober.connect({IpAddress{"not an address"}, 1, {}}, Deadline::after(1s)));
  // Refused: somebody is there.
  EXPECT_TRUE(prober.connect({IpAddress{"127.0.0.1"}, 1, {}}, Deadline::after(5s)));
  EXPECT_TRUE(prober.connect({IpAddress{"127.0.0.1"}, 1, IpAddress{"127.0.0.2"}}, Deadline::after(5s)));
  EXPECT_FALSE(prober.connect({IpAddress{"127.0.0.1"}, 1, IpAddress{"203.0.113.77"}}, Deadline::after(5s)));
}

}  // namespace
}  // namespace spillway::vpn
