// What every name server does with our messages, asked of the model and of a real named on a loopback port.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/contract/primary.h"

namespace spillway::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Deadline soon() {
  return Deadline::after(std::chrono::seconds{30});
}

struct Kindred {
  const char* name;
  std::unique_ptr<Primary> (*make)();
};
void PrintTo(const Kindred& kindred, std::ostream* out) {
  *out << kindred.name;
}

class NameServerContract : public testing::TestWithParam<Kindred> {
 protected:
  void SetUp() override { primary_ = GetParam().make(); }
  Session session(std::optional<Key> key) { return Session{*primary_->exchange, clock_, std::move(key)}; }
  Session ours() { return session(primary_->key); }
  Publisher publisher(Key key) { return Publisher{*primary_->exchange, clock_, std::move(key), names_}; }
  Publisher publisher() { return publisher(primary_->key); }
  Message ask(const std::string& name, Type type) {
    return ours().ask({*write_question({name, type})}, soon()).value().at(0);
  }
  /// The addresses, names or texts at a name, sorted.
  std::vector<std::string> at(const std::string& name, Type type) {
    std::vector<std::string> found;
    for (const Record& record : ask(name, type).answers)
      found.push_back(type == Type::ptr   ? *read_name(record.data)
                      : type == Type::txt ? *read_text(record.data)
                                          : read_address(record.data)->value);
    std::sort(found.begin(), found.end());
    return found;
  }
  /// A message of one change, with what it is about.
  Rcode send(const std::function<void(Update&)>& fill, std::optional<Key> key) {
    Update update = *Update::of(kZone);
    fill(update);
    return session(std::move(key)).ask({update.bytes()}, soon()).value().at(0).rcode;
  }
  Rcode send(const std::function<void(Update&)>& fill) { return send(fill, primary_->key); }
  static std::string a(const char* address) { return *address_data(IpAddress{address}); }
  static Binding binding(int i, const char* address, const char* instance) {
    return {NodeName{fmt::format("c5-{}", i)}, {IpAddress{address}}, InstanceId{instance}};
  }

  std::unique_ptr<Primary> primary_;
  SkewedClock clock_;
  Names names_{.zone = kZone, .reverse_zone = kReverse, .cluster = ClusterId{"0e9c-1"}};
};

TEST_P(NameServerContract, AnswersQuestions) {
  const Message soa = ask(kZone, Type::soa);
  EXPECT_TRUE(soa.authoritative);
  ASSERT_EQ(soa.answers.size(), 1u);
  EXPECT_EQ(read_soa(soa.answers[0].data)->minimum, 5u);
  const Message nothing = ask("absent.example.com", Type::a);
  EXPECT_EQ(nothing.rcode, Rcode::nxdomain);
  ASSERT_EQ(nothing.authorities.size(), 1u);
  EXPECT_EQ(nothing.authorities[0].type, Type::soa);
  EXPECT_EQ(ask("elsewhere.test", Type::a).rcode, Rcode::refused);
}

TEST_P(NameServerContract, ChecksPrerequisites) {
  const std::string name = "x.example.com", txt = *text_data("t");
  const auto add = [&](Update& u) { EXPECT_TRUE(u.add(name, Type::a, 60, a("10.0.0.1"))); };
  const auto unused = [&](Update& u) { EXPECT_TRUE(u.require_unused(name)); };
  EXPECT_EQ(send([&](Update& u) { unused(u), add(u); }), Rcode::noerror);
  EXPECT_EQ(send([&](Update& u) { unused(u), add(u); }), Rcode::yxdomain);
  EXPECT_EQ(send([&](Update& u) { EXPECT_TRUE(u.require(name, Type::txt, txt)), add(u); }), Rcode::nxrrset);
  EXPECT_EQ(send([&](Update& u) { EXPECT_TRUE(u.add(name, Type::txt, 60, txt)); }), Rcode::noerror);
  EXPECT_EQ(send([&](Update& u) {
              EXPECT_TRUE(u.require(name, Type::txt, txt));
              EXPECT_TRUE(u.remove_all(name, Type::a));
              EXPECT_TRUE(u.add(name, Type::a, 60, a("10.0.0.2")));
              EXPECT_TRUE(u.add(name, Type::aaaa, 60, a("fd00::2")));
            }),
            Rcode::noerror);
  EXPECT_THAT(at(name, Type::a), ElementsAre("10.0.0.2"));
  EXPECT_THAT(at(name, Type::aaaa), ElementsAre("fd00::2"));
  EXPECT_EQ(send([&](Update& u) { EXPECT_TRUE(u.remove(name, Type::a, a("10.0.0.9"))); }), Rcode::noerror);
  EXPECT_THAT(at(name, Type::a), ElementsAre("10.0.0.2")) << "another record of that type was meant";
  EXPECT_EQ(send([&](Update& u) {
              for (const Type type : {Type::a, Type::aaaa, Type::txt}) EXPECT_TRUE(u.remove_all(name, type));
            }),
            Rcode::noerror);
  EXPECT_EQ(ask(name, Type::a).rcode, Rcode::nxdomain);
}

TEST_P(NameServerContract, AMessageIsAllOrNothing) {
  ASSERT_EQ(send([&](Update& u) { EXPECT_TRUE(u.add("b.example.com", Type::a, 60, a("10.0.0.9"))); }),
            Rcode::noerror);
  EXPECT_EQ(send([&](Update& u) {
              for (const char* name : {"a.example.com", "b.example.com"}) {
                EXPECT_TRUE(u.require_unused(name));
                EXPECT_TRUE(u.add(name, Type::a, 60, a("10.0.0.1")));
              }
            }),
            Rcode::yxdomain);
  EXPECT_EQ(ask("a.example.com", Type::a).rcode, Rcode::nxdomain);
}

TEST_P(NameServerContract, RequiresTheWholeSetOfTexts) {
  const std::string name = "x.example.com", one = *text_data("one"), two = *text_data("two");
  ASSERT_EQ(send([&](Update& u) {
              EXPECT_TRUE(u.add(name, Type::txt, 60, one));
              EXPECT_TRUE(u.add(name, Type::txt, 60, two));
            }),
            Rcode::noerror);
  EXPECT_EQ(send([&](Update& u) { EXPECT_TRUE(u.require(name, Type::txt, one)); }), Rcode::nxrrset);
  EXPECT_EQ(send([&](Update& u) {
              EXPECT_TRUE(u.require(name, Type::txt, two));
              EXPECT_TRUE(u.require(name, Type::txt, one));
            }),
            Rcode::noerror);
}

TEST_P(NameServerContract, RefusesWhoMayNot) {
  const auto add = [&](Update& u) { EXPECT_TRUE(u.add("x.example.com", Type::a, 60, a("10.0.0.1"))); };
  EXPECT_EQ(send(add, std::nullopt), Rcode::refused) << "unsigned";
  EXPECT_EQ(send(add, primary_->powerless), Rcode::refused);
  const struct {
    Key key;
    const char* code;
    const char* word;
  } kCases[] = {{primary_->wrong_secret(), "SPW-DNS-013", "BADSIG"},
                {primary_->strange, "SPW-DNS-012", "BADKEY"}};
  for (const auto& each : kCases) {
    const auto refused = publisher(each.key).publish({binding(0, "172.31.0.1", "i-1")}, soon());
    ASSERT_FALSE(refused) << each.word;
    EXPECT_EQ(refused.error().code, each.code);
    EXPECT_EQ(refused.error().kind, Kind::denied);
    EXPECT_THAT(refused.error().what, HasSubstr(each.word));
    EXPECT_EQ(publisher(each.key).probe(soon()).error().code, each.code);
  }
  EXPECT_EQ(publisher(primary_->powerless).probe(soon()).error().code, "SPW-DNS-015");
  names_.zone = "elsewhere.test";
  EXPECT_EQ(publisher().probe(soon()).error().code, "SPW-DNS-016");
  EXPECT_EQ(publisher().publish({binding(0, "172.31.0.1", "i-1")}, soon()).error().code, "SPW-DNS-016");
}

TEST_P(NameServerContract, TakesTheServersTimeWhenOursIsOff) {
  for (const int hours : {-2, 3}) {
    clock_.ahead = std::chrono::hours{hours};
    Publisher publisher = this->publisher();
    ASSERT_TRUE(publisher.probe(soon()).has_value());
    EXPECT_NEAR(static_cast<double>(publisher.clock_offset().count()), -3600.0 * hours, 5);
  }
}

TEST_P(NameServerContract, PublishesAndWithdrawsBothWays) {
  Publisher publisher = this->publisher();
  ASSERT_TRUE(publisher.probe(soon()).has_value());
  const Binding first = binding(0, "172.31.0.4", "i-1");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(publisher.publish({first}, soon()).value().empty());
  EXPECT_THAT(at("c5-0.example.com", Type::a), ElementsAre("172.31.0.4"));
  EXPECT_THAT(at("c5-0.example.com", Type::txt), ElementsAre("spillway 0e9c-1 i-1"));
  EXPECT_THAT(at("4.0.31.172.in-addr.arpa", Type::ptr), ElementsAre("c5-0.example.com"));
  EXPECT_THAT(publisher.list_ours({first.node, NodeName{"c5-1"}}, soon()).value(), ElementsAre(first));

  const Binding next = binding(0, "172.31.0.5", "i-2");  // the node has another machine now
  EXPECT_TRUE(publisher.publish({next}, soon()).value().empty());
  EXPECT_THAT(at("c5-0.example.com", Type::a), ElementsAre("172.31.0.5"));
  EXPECT_EQ(ask("4.0.31.172.in-addr.arpa", Type::ptr).rcode, Rcode::nxdomain) << "the old way back";
  ASSERT_TRUE(publisher.withdraw({first}, soon()));
  EXPECT_THAT(at("c5-0.example.com", Type::a), ElementsAre("172.31.0.5"))
      << "a late withdrawal of the old one";
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(publisher.withdraw({next}, soon()));
  EXPECT_EQ(ask("c5-0.example.com", Type::any).rcode, Rcode::nxdomain);
  EXPECT_EQ(ask("5.0.31.172.in-addr.arpa", Type::any).rcode, Rcode::nxdomain);
}

TEST_P(NameServerContract, PublishesIpv6) {
  names_.reverse_zone = kReverse6;
  Publisher publisher = this->publisher();
  const Binding six = binding(0, "fd00::a1", "i-1");
  EXPECT_TRUE(publisher.publish({six}, soon()).value().empty());
  EXPECT_THAT(at("c5-0.example.com", Type::aaaa), ElementsAre("fd00::a1"));
  const std::string back = *reverse_name(IpAddress{"fd00::a1"});
  EXPECT_THAT(at(back, Type::ptr), ElementsAre("c5-0.example.com"));
  EXPECT_THAT(publisher.list_ours({six.node}, soon()).value(), ElementsAre(six));
  ASSERT_TRUE(publisher.withdraw({six}, soon()));
  EXPECT_EQ(ask(back, Type::any).rcode, Rcode::nxdomain);
}

TEST_P(NameServerContract, ForeignRecordsStayAsTheyAreAndTheOthersAreWritten) {
  ASSERT_EQ(send([&](Update& u) { EXPECT_TRUE(u.add("c5-7.example.com", Type::a, 60, a("10.9.9.9"))); }),
            Rcode::noerror);
  ASSERT_EQ(send([&](Update& u) {
              EXPECT_TRUE(u.add("c5-30.example.com", Type::txt, 60, *text_data("spillway other i-9")));
            }),
            Rcode::noerror);
  std::vector<Binding> all;
  for (int i = 0; i < 40; ++i) all.push_back(binding(i, fmt::format("172.31.1.{}", i).c_str(), "i-1"));
  Publisher publisher = this->publisher();
  const auto foreign = publisher.publish(all, soon()).value();
  EXPECT_THAT(foreign, testing::UnorderedElementsAre(Foreign{NodeName{"c5-7"}, "c5-7.example.com"},
                                                     Foreign{NodeName{"c5-30"}, "c5-30.example.com"}));
  EXPECT_EQ(to_error(foreign).code, "SPW-DNS-018");
  EXPECT_THAT(to_error(foreign).what, HasSubstr("c5-7.example.com"));
  EXPECT_THAT(at("c5-8.example.com", Type::a), ElementsAre("172.31.1.8"));
  EXPECT_EQ(ask("7.1.31.172.in-addr.arpa", Type::ptr).rcode, Rcode::nxdomain);
  ASSERT_TRUE(publisher.withdraw(all, soon()));
  EXPECT_THAT(at("c5-7.example.com", Type::a), ElementsAre("10.9.9.9"));
  EXPECT_THAT(at("c5-30.example.com", Type::txt), ElementsAre("spillway other i-9"));
  EXPECT_EQ(ask("c5-8.example.com", Type::any).rcode, Rcode::nxdomain);
}

TEST_P(NameServerContract, KeepsThreeThousandNodes) {
  Publisher publisher = this->publisher();
  std::vector<Binding> all;
  std::vector<NodeName> nodes;
  for (int i = 0; i < 3000; ++i) {
    all.push_back(binding(i, fmt::format("172.31.{}.{}", i / 250, i % 250).c_str(),
                          fmt::format("i-{:017x}", i).c_str()));
    nodes.push_back(all.back().node);
  }
  EXPECT_TRUE(publisher.publish(all, soon()).value().empty());
  EXPECT_TRUE(publisher.list_ours(nodes, soon()).value() == all);
  const std::vector<Binding> kept(all.begin(), all.begin() + 2990);
  EXPECT_EQ(publisher.sweep(nodes, kept, soon()).value().size(), 10u);
  EXPECT_TRUE(publisher.list_ours(nodes, soon()).value() == kept);
  EXPECT_EQ(ask("249.11.31.172.in-addr.arpa", Type::ptr).rcode, Rcode::nxdomain);
  ASSERT_TRUE(publisher.withdraw(all, soon()));
  EXPECT_TRUE(publisher.list_ours(nodes, soon()).value().empty());
}

INSTANTIATE_TEST_SUITE_P(Both, NameServerContract,
                         testing::Values(Kindred{"Fake", fake_primary}, Kindred{"Named", real_primary}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace spillway::dns
