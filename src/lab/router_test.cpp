#include "lab/router.h"

#include <gmock/gmock.h>

#include "base/subprocess.h"

namespace spillway::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

emu::NetworkView site() {
  emu::NetworkInstance gateway;
  gateway.id = InstanceId{"i-0aaaaaaaaaaaaaaa1"};
  gateway.private_ip = IpAddress{"172.31.0.5"};
  gateway.public_ip = IpAddress{"203.0.113.128"};
  gateway.source_dest_check = false;
  gateway.ingress = {{"udp", 51820, 51820, {"0.0.0.0/0"}},
                     {"tcp", 6817, 6817, {"172.31.16.4/32", "172.31.16.5/32"}}};
  gateway.egress = {{"-1", -1, -1, {"0.0.0.0/0"}}};
  gateway.routes = {{"172.31.0.0/16", emu::Hop::local, {}, "local"},
                    {"0.0.0.0/0", emu::Hop::internet_gateway, {}, "igw-1"}};
  emu::NetworkView view;
  view.instances.push_back(gateway);
  for (const char* last : {"4", "5"}) {
    emu::NetworkInstance node;
    node.id = InstanceId{std::string("i-0bbbbbbbbbbbbbbb") + last};
    node.private_ip = IpAddress{std::string("172.31.16.") + last};
    node.ingress = {{"tcp", 6818, 6818, {"192.168.10.0/24"}}, {"icmp", -1, -1, {}}};
    node.egress = {{"-1", -1, -1, {"0.0.0.0/0"}}};
    node.routes = {{"172.31.0.0/16", emu::Hop::local, {}, "local"},
                   {"192.168.10.0/24", emu::Hop::instance, IpAddress{"172.31.0.5"}, "eni-1"},
                   {"203.0.113.101/32", emu::Hop::s3_endpoint, {}, "vpce-1"}};
    view.instances.push_back(node);
  }
  return view;
}

TEST(Router, DropsWhatNothingAllows) {
  const std::string rules = render_router_rules(site());
  EXPECT_THAT(rules, HasSubstr("policy drop"));
  EXPECT_THAT(rules, HasSubstr("udp dport 51820-51820 accept"));
  EXPECT_THAT(rules, HasSubstr("ip saddr { 172.31.16.4, 172.31.16.5 } tcp dport 6817-6817 accept"));
  // A rule whose group has no members lets nobody in.
  EXPECT_THAT(rules, Not(HasSubstr("meta l4proto icmp accept")));
}

TEST(Router, ChecksSourcesOfAllButTheGateway) {
  const std::string rules = render_router_rules(site());
  EXPECT_THAT(rules, HasSubstr("iifname . ip saddr != { \"v-bbbbbbbbbbbb4\" . 172.31.16.4, "
                               "\"v-bbbbbbbbbbbb5\" . 172.31.16.5 } drop"));
  emu::NetworkView strict = site();
  strict.instances[0].source_dest_check = true;
  EXPECT_THAT(render_router_rules(strict), HasSubstr("\"v-aaaaaaaaaaaa1\" . 172.31.0.5"));
}

TEST(Router, FollowsTheRouteTables) {
  EXPECT_EQ(render_router_routes(site()),
            "route replace 192.168.10.0/24 via 172.31.0.5 dev v-aaaaaaaaaaaa1 onlink src 172.31.0.2\n");
  emu::NetworkView cut = site();
  for (emu::NetworkInstance& each : cut.instances)
    std::erase_if(each.routes, [](const auto& r) { return r.hop == emu::Hop::instance; });
  EXPECT_EQ(render_router_routes(cut), "");
  EXPECT_THAT(render_router_rules(cut), HasSubstr("ip daddr != { 172.31.0.0/16 } drop"));
  EXPECT_THAT(render_router_rules(site()), HasSubstr("ip daddr set 172.31.0.5"));
}

TEST(Router, WritesWhatNftTakes) {
  PosixRunner runner;
  for (const emu::NetworkView& view : {site(), emu::NetworkView{}}) {
    Program check{{"/usr/bin/unshare", "--net", "--map-root-user", "/usr/sbin/nft", "-c", "-f", "-"}};
    check.input = render_router_rules(view);
    const auto checked = runner.run(check, Deadline::after(std::chrono::seconds{20}));
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->exit_code, 0) << checked->err << check.input;
  }
}

}  // namespace
}  // namespace spillway::lab
