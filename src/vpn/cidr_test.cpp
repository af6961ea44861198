#include "vpn/cidr.h"

#include <gtest/gtest.h>

#include "vpn/endpoint.h"
#include "vpn/vpn_site.h"

namespace spillway::vpn {
namespace {

Cidr cidr(const char* text) {
  return Cidr::parse(text).value();
}

TEST(Cidr, ReadsNetworksAndAddresses) {
  for (const auto& [text, written] : {std::pair{"192.168.0.0/16", "192.168.0.0/16"},
                                      {"10.200.0.1", "10.200.0.1/32"},
                                      {"0.0.0.0/0", "0.0.0.0/0"},
                                      {"2001:db8::/32", "2001:db8::/32"},
                                      {"2001:DB8:0::1", "2001:db8::1/128"},
                                      {"::/0", "::/0"}})
    EXPECT_EQ(cidr(text).to_string(), written);
}

TEST(Cidr, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8x",
                           "10.0.0/8", "10.0.0.1/24", "2001:db8::1/64", "::/129", "host/8", "10.0.0.0/8/8",
                           "10.0.0.0 /8", "256.0.0.0/8", "10.0.0.0/99999999999999999999"}) {
    const auto read = Cidr::parse(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, "SPW-VPN-004") << text;
  }
}

struct Pair {
  const char *a, *b;
  bool overlap, a_holds_b;
};
constexpr Pair kPairs[] = {{"10.0.0.0/8", "10.200.0.0/24", true, true},
                           {"10.200.0.0/24", "10.0.0.0/8", true, false},
                           {"172.31.0.0/16", "192.168.0.0/16", false, false},
                           {"10.0.0.0/9", "10.128.0.0/9", false, false},
                           {"10.1.2.3", "10.1.2.3", true, true},
                           {"0.0.0.0/0", "::/0", false, false},
                           {"2001:db8::/32", "2001:db8:1::/48", true, true},
                           {"0.0.0.0/0", "255.255.255.255", true, true}};

TEST(Cidr, TellsOverlaps) {
  for (const Pair& pair : kPairs) {
    EXPECT_EQ(cidr(pair.a).overlaps(cidr(pair.b)), pair.overlap) << pair.a << " " << pair.b;
    EXPECT_EQ(cidr(pair.b).overlaps(cidr(pair.a)), pair.overlap) << pair.a << " " << pair.b;
    EXPECT_EQ(cidr(pair.a).contains(cidr(pair.b)), pair.a_holds_b) << pair.a << " " << pair.b;
  }
}

TEST(Cidr, CountsAddresses) {
  EXPECT_EQ(cidr("10.200.0.0/24").nth(2)->value, "10.200.0.2");
  EXPECT_EQ(cidr("172.31.0.0/16").nth(65535)->value, "172.31.255.255");
  EXPECT_EQ(cidr("2001:db8::/64").nth(258)->value, "2001:db8::102");
  EXPECT_EQ(cidr("10.0.0.7").nth(0)->value, "10.0.0.7");
  EXPECT_FALSE(cidr("10.200.0.0/30").nth(4));
  EXPECT_FALSE(cidr("10.0.0.7").nth(1));
}

VpnConfig config(std::vector<std::string> onprem, std::string tunnel) {
  VpnConfig out;
  out.onprem_cidrs = std::move(onprem);
  out.tunnel_cidr = std::move(tunnel);
  return out;
}

TEST(Networks, GivesTheTunnelsEnds) {
  const auto networks =
      networks_of(config({"192.168.0.0/16", "10.7.0.0/16"}, "10.200.0.0/24"), "172.31.0.0/16");
  ASSERT_TRUE(networks) << networks.error().what;
  EXPECT_EQ(networks->onprem_end.value, "10.200.0.1");
  EXPECT_EQ(networks->aws_end.value, "10.200.0.2");
}

TEST(Networks, RefusesOverlapsAndNamesThePair) {
  struct {
    VpnConfig vpn;
    const char *vpc, *pair;
  } const cases[] = {{config({"172.16.0.0/12"}, "10.200.0.0/24"), "172.31.0.0/16",
                      "vpn.onprem_cidrs 172.16.0.0/12 overlaps aws.vpc_cidr 172.31.0.0/16"},
                     {config({"10.0.0.0/8"}, "10.200.0.0/24"), "172.31.0.0/16",
                      "vpn.onprem_cidrs 10.0.0.0/8 overlaps vpn.tunnel_cidr 10.200.0.0/24"},
                     {config({"192.168.0.0/16"}, "172.31.9.0/24"), "172.31.0.0/16",
                      "aws.vpc_cidr 172.31.0.0/16 overlaps vpn.tunnel_cidr 172.31.9.0/24"},
                     {config({"192.168.0.0/16", "192.168.7.0/24"}, "10.200.0.0/24"), "172.31.0.0/16",
                      "vpn.onprem_cidrs 192.168.0.0/16 overlaps vpn.onprem_cidrs 192.168.7.0/24"}};
  for (const auto& one : cases) {
    const auto networks = networks_of(one.vpn, one.vpc);
    ASSERT_FALSE(networks) << one.pair;
    EXPECT_EQ(networks.error().code, "SPW-VPN-005");
    EXPECT_EQ(networks.error().what, one.pair);
  }
}

TEST(Networks, RefusesEverythingAndNothing) {
  EXPECT_EQ(networks_of(config({"0.0.0.0/0"}, "10.200.0.0/24"), "172.31.0.0/16").error().code, "SPW-VPN-004");
  EXPECT_EQ(networks_of(config({}, "10.200.0.0/24"), "172.31.0.0/16").error().code, "SPW-VPN-004");
  EXPECT_EQ(networks_of(config({"192.168.0.0/16"}, "10.200.0.0/31"), "172.31.0.0/16").error().code,
            "SPW-VPN-004");
}

TEST(Endpoint, ReadsNamesAndAddresses) {
  for (const char* text : {"gw.example.edu:51820", "203.0.113.7:1", "[2001:db8::1]:65535"})
    EXPECT_EQ(Endpoint::parse(text)->to_string(), text);
  for (const char* text : {"", "gw", "gw:", ":51820", "gw:0", "gw:65536", "gw:+1", "g w:1", "gw;x:1",
                           "2001:db8::1:51820", "[gw]:1", "-gw:1", "gw:1\n", "$(id):1"})
    EXPECT_EQ(Endpoint::parse(text).error().code, "SPW-VPN-007") << text;
  EXPECT_TRUE(Endpoint::parse("203.0.113.7:1")->numeric());
  EXPECT_FALSE(Endpoint::parse("gw.example.edu:1")->numeric());
}

TEST(Config, RefusesWhatCouldBecomeShellOrAnotherRule) {
  const std::vector<std::function<void(VpnConfig&)>> spoilers = {
      [](auto& c) { c.interface = "wg;reboot"; },
      [](auto& c) { c.interface = "an-interface-too-long"; },
      [](auto& c) { c.interface = ""; },
      [](auto& c) { c.endpoint = "gw"; },
      [](auto& c) { c.aws_endpoint = "a b:1"; },
      [](auto& c) { c.key = "file:relative"; },
      [](auto& c) { c.lan_address = "router"; },
      [](auto& c) { c.login_hosts = {"192.168.10.0/24"}; },
      [](auto& c) { c.login_hosts = {"192.168.10.1 accept; drop"}; }};
  EXPECT_TRUE(check(VpnConfig{}));
  for (size_t i = 0; i < spoilers.size(); ++i) {
    VpnConfig c;
    spoilers[i](c);
    ASSERT_FALSE(check(c)) << i;
    EXPECT_EQ(check(c).error().code, c.key.empty() ? "SPW-VPN-007" : "SPW-VPN-003") << i;
  }
}

}  // namespace
}  // namespace spillway::vpn
