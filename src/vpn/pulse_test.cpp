#include "vpn/pulse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "vpn/lookup.h"

namespace spillway::vpn {
namespace {

/// Asks again and again, for at most a minute.
template <class Ask>
auto eventually(const Ask& ask) {
  const Deadline patience = Deadline::after(std::chrono::minutes{1});
  auto found = ask();
  for (; !found && !patience.expired(); found = ask()) std::this_thread::yield();
  return found;
}

std::vector<const char*> where_there_is_root() {
  if (std::getenv("SPILLWAY_NETWORK_TESTS")) return {"127.0.0.1", "::1"};
  return {};
}

// ICMP sockets of both families: run by ctest -L network, as root.
class RealPulse : public testing::TestWithParam<const char*> {};

TEST_P(RealPulse, IsAnsweredByLoopback) {
  auto pulse = EchoPulse::open(IpAddress{GetParam()});
  ASSERT_TRUE(pulse) << pulse.error().what;
  auto another = EchoPulse::open(IpAddress{GetParam()});
  ASSERT_TRUE(another);
  another->send(9);  // whose answer is not ours
  pulse->send(7);
  pulse->send(65535);
  std::vector<uint16_t> all;
  eventually([&] {
    for (const uint16_t number : pulse->answers()) all.push_back(number);
    return all.size() >= 2;
  });
  EXPECT_EQ(all, (std::vector<uint16_t>{7, 65535}));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RealPulse);
INSTANTIATE_TEST_SUITE_P(Network, RealPulse, testing::ValuesIn(where_there_is_root()));

TEST(EchoPulse, RefusesWhatIsNoAddress) {
  EXPECT_FALSE(EchoPulse::open(IpAddress{"gateway"}));
}

TEST(BackgroundLookup, AnswersOnceItKnows) {
  const auto asked = std::make_shared<std::atomic<int>>(0);  // the thread may outlive this test
  BackgroundLookup lookup{[asked](const Endpoint& endpoint) -> Result<Endpoint> {
    if (++*asked == 1) return Error{Kind::unavailable, "no server yet"};
    return Endpoint{fmt::format("203.0.113.{}", std::min<int>(*asked, 9)), endpoint.port};
  }};
  const Endpoint name{"gw.example", 51820};
  EXPECT_FALSE(lookup(name));
  const auto found = eventually([&] { return lookup(name); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->port, 51820);
  EXPECT_TRUE(eventually([&] { return lookup(name)->host == "203.0.113.9"; }));  // each question asks anew
}

TEST(BackgroundLookup, ASlowAnswerHoldsNobodyUp) {
  auto gate = std::make_shared<std::mutex>();
  gate->lock();
  {
    BackgroundLookup lookup{[gate](const Endpoint& endpoint) -> Result<Endpoint> {
      const std::lock_guard wait(*gate);
      return endpoint;
    }};
    EXPECT_FALSE(lookup(Endpoint{"gw.example", 1}));
    EXPECT_FALSE(lookup(Endpoint{"gw.example", 1}));
  }  // gone before its answer
  gate->unlock();
}

}  // namespace
}  // namespace spillway::vpn
