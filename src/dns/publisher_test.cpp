#include "dns/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/checks.h"
#include "dns/fake.h"

namespace spillway::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Lets somebody else act just before the n-th talk with the server.
class Interrupted final : public Exchange {
 public:
  explicit Interrupted(Exchange& inner) : inner_(inner) {}
  Result<std::vector<std::string>> send(const std::vector<std::string>& messages, Deadline d) override {
    if (++talks == at) then();
    return inner_.send(messages, d);
  }
  std::string peer() const override { return inner_.peer(); }
  int talks = 0, at = 0;
  std::function<void()> then;

 private:
  Exchange& inner_;
};

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.add_key(key_);
    server_.add_zone("example.com");
    server_.add_zone("31.172.in-addr.arpa");
  }
  static Deadline soon() { return Deadline::never(); }
  static Binding binding(int i, const std::string& address, const std::string& instance = "i-1") {
    return {NodeName{fmt::format("c5-{}", i)}, {IpAddress{address}}, InstanceId{instance}};
  }
  std::vector<std::string> a(int i) { return server_.at(fmt::format("c5-{}.example.com", i), Type::a); }

  ManualClock clock_;
  FakeNameServer server_{clock_};
  Interrupted exchange_{server_};
  Key key_{"spillway", Algorithm::hmac_sha256, Secret{"0123456789abcdef0123456789abcdef"}};
  Publisher publisher_{exchange_, clock_, key_, {"example.com", "31.172.in-addr.arpa", ClusterId{"u-1"}, 60}};
};

TEST_F(PublisherTest, ManyNodesAreFewMessages) {
  std::vector<Binding> all;
  for (int i = 0; i < 1000; ++i) all.push_back(binding(i, fmt::format("172.31.{}.{}", i / 250, i % 250)));
  EXPECT_THAT(publisher_.publish(all, soon()).value(), IsEmpty());
  EXPECT_LE(server_.updates(), 6u);
  EXPECT_EQ(server_.names().size(), 2000u);
}

TEST_F(PublisherTest, OneForeignNameCostsAFewMessagesAndNobodyElsesName) {
  std::vector<Binding> all;
  for (int i = 0; i < 200; ++i) all.push_back(binding(i, fmt::format("172.31.0.{}", i)));
  server_.write("c5-77.example.com", Type::a, *address_data(IpAddress{"10.0.0.1"}));
  server_.write("9.0.31.172.in-addr.arpa", Type::ptr, *name_data("printer.example.com"));
  EXPECT_THAT(publisher_.publish(all, soon()).value(),
              ElementsAre(Foreign{NodeName{"c5-77"}, "c5-77.example.com"},
                          Foreign{NodeName{"c5-9"}, "9.0.31.172.in-addr.arpa"}));
  EXPECT_LE(server_.updates(), 12u);
  EXPECT_THAT(server_.at("9.0.31.172.in-addr.arpa", Type::ptr), ElementsAre("printer.example.com"));
  EXPECT_THAT(a(9), ElementsAre("172.31.0.9"));
  EXPECT_EQ(server_.names().size(), 2u * 200 - 1);
}

TEST_F(PublisherTest, SomebodyWhoTakesANameMeanwhileKeepsIt) {
  server_.write("c5-0.example.com", Type::a, *address_data(IpAddress{"10.0.0.1"}));  // forces a second look
  for (const int talk : {1, 2, 3}) {
    exchange_.talks = 0;
    exchange_.at = talk;
    const std::string name = fmt::format("c5-{}.example.com", talk);
    exchange_.then = [&] { server_.write(name, Type::a, *address_data(IpAddress{"10.0.0.2"})); };
    const auto foreign =
        publisher_.publish({binding(0, "172.31.0.1"), binding(talk, "172.31.0.2")}, soon()).value();
    EXPECT_EQ(foreign.size(), 2u) << "before talk " << talk;
    EXPECT_THAT(a(talk), ElementsAre("10.0.0.2")) << "before talk " << talk;
  }
}

TEST_F(PublisherTest, AWriterOfOursThatComesBetweenIsNotUndone) {
  ASSERT_TRUE(publisher_.publish({binding(0, "172.31.0.1", "i-1")}, soon()));
  Publisher other{server_, clock_, key_, publisher_.names()};
  // The old machine's withdrawal is under way when the new one registers.
  exchange_.talks = 0;
  exchange_.at = 2;
  exchange_.then = [&] { ASSERT_TRUE(other.publish({binding(0, "172.31.0.2", "i-2")}, soon())); };
  ASSERT_TRUE(publisher_.withdraw({binding(0, "172.31.0.1", "i-1")}, soon()));
  EXPECT_THAT(a(0), ElementsAre("172.31.0.2"));
  EXPECT_THAT(server_.at("2.0.31.172.in-addr.arpa", Type::ptr), ElementsAre("c5-0.example.com"));
}

TEST_F(PublisherTest, ATextThatSomebodyAddedToOurNameStays) {
  ASSERT_TRUE(publisher_.publish({binding(0, "172.31.0.1", "i-1")}, soon()));
  server_.write("c5-0.example.com", Type::txt, *text_data("contact: alice"));
  EXPECT_THAT(publisher_.publish({binding(0, "172.31.0.2", "i-2")}, soon()).value(), IsEmpty());
  EXPECT_THAT(a(0), ElementsAre("172.31.0.2"));
  ASSERT_TRUE(publisher_.withdraw({binding(0, "172.31.0.2", "i-2")}, soon()));
  EXPECT_THAT(server_.at("c5-0.example.com", Type::txt), ElementsAre("contact: alice"));
  EXPECT_THAT(a(0), IsEmpty());
}

TEST_F(PublisherTest, AddressesOutsideTheReverseZoneHaveNoWayBack) {
  ASSERT_TRUE(publisher_.publish({binding(0, "10.0.0.1"), binding(1, "fd00::1")}, soon()));
  EXPECT_THAT(server_.names(), ElementsAre("c5-0.example.com", "c5-1.example.com"));
}

TEST_F(PublisherTest, FailuresOfTheServerAreTold) {
  server_.fault = Error{Kind::unavailable, "nobody answers"};
  EXPECT_EQ(publisher_.publish({binding(0, "172.31.0.1")}, soon()).error().kind, Kind::unavailable);
  server_.fault.reset();
  server_.granted = {Type::txt};
  EXPECT_EQ(publisher_.publish({binding(0, "172.31.0.1")}, soon()).error().code, "SPW-DNS-015");
  EXPECT_EQ(publisher_.probe(soon()).error().code, "SPW-DNS-015");
  EXPECT_THAT(publisher_.publish({binding(0, "x")}, soon()).error().code, "SPW-DNS-003");
}

std::vector<Finding> run(const std::vector<Check>& checks, const std::string& name) {
  for (const Check& check : checks)
    if (check.name == name) return check.run(Deadline::never());
  return {};
}

TEST_F(PublisherTest, ChecksNameWhatIsWrong) {
  const std::vector<Binding> bound = {binding(0, "172.31.0.1"), binding(1, "172.31.0.2")};
  FakeNameServer resolver{clock_};
  resolver.add_zone("example.com");
  resolver.add_zone("31.172.in-addr.arpa");
  const auto all = checks({publisher_, {&resolver}, [&] { return bound; }, clock_});
  EXPECT_EQ(run(all, "server and key").at(0).health, Health::good);
  EXPECT_EQ(run(all, "memory of absent names").at(0).health, Health::good);
  EXPECT_EQ(run(all, "records").at(0).code, "SPW-DNS-034");
  ASSERT_TRUE(publisher_.publish(bound, soon()));
  EXPECT_EQ(run(all, "records").at(0).health, Health::good);
  const auto fewer = checks({publisher_,
                             {},
                             [&] { return std::vector(bound.begin() + 1, bound.end()); },
                             clock_,
                             [&] { return std::vector{bound[0].node}; }});
  EXPECT_EQ(run(fewer, "records").at(0).code, "SPW-DNS-035") << "of a machine that is no more";

  auto found = run(all, "resolution from here");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].code, "SPW-DNS-031");
  EXPECT_EQ(found[1].code, "SPW-DNS-033");
  EXPECT_THAT(found[0].what, HasSubstr("c5-0.example.com to 172.31.0.1"));
  for (int i = 0; i < 2; ++i) {
    resolver.write(fmt::format("c5-{}.example.com", i), Type::a, *address_data(bound[i].addresses[0]));
    resolver.write(*reverse_name(bound[i].addresses[0]), Type::ptr,
                   *name_data(fmt::format("c5-{}.example.com", i)));
  }
  found = run(all, "resolution from here");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].health, Health::good) << found[0].what;

  server_.add_zone("example.com", 3600);
  EXPECT_EQ(run(all, "memory of absent names").at(0).code, "SPW-DNS-030");
  server_.ahead = std::chrono::hours{2};
  EXPECT_EQ(run(all, "server and key").at(1).code, "SPW-DNS-014");
  server_.fault = Error{Kind::unavailable, "nobody answers"};
  EXPECT_EQ(run(all, "server and key").at(0).health, Health::bad);
}

TEST(Checks, FindTheResolversOfThisHost) {
  EXPECT_THAT(
      nameservers("# nameserver 1.1.1.1\nnameserver 10.0.0.2\nnameserver\tfd00::1 # v6\noptions edns0\n"
                  "nameservers 2.2.2.2\n"),
      ElementsAre("10.0.0.2", "fd00::1"));
}

}  // namespace
}  // namespace spillway::dns
