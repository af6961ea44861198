#include "vpn/node_peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vpn/node_bootstrap.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const Cidr kVpc = Cidr::parse("172.31.0.0/16").value();

NodePeer node(int i, const PublicKey& key, std::string address) {
  return {NodeName{fmt::format("cloud-c5-{}", i)}, InstanceId{fmt::format("i-{}", i)}, key,
          IpAddress{std::move(address)}};
}

TEST(NodePeers, TheDocumentComesBackAsItWas) {
  const std::vector<NodePeer> nodes{node(0, samples::kNearKey, "172.31.16.4"),
                                    node(1, samples::kFarKey, "172.31.16.5")};
  EXPECT_EQ(parse_nodes(nodes_text(nodes)).value(), nodes);
  EXPECT_EQ(parse_nodes(nodes_text({})).value(), std::vector<NodePeer>{});
}

TEST(NodePeers, WhatIsNoSuchDocumentIsRefused) {
  const char* kBad[] = {
      "",
      "{}",
      R"({"schema": "spillway.peers/v1", "nodes": []})",
      R"({"schema": "spillway.nodes/v1"})",
      R"({"schema": "spillway.nodes/v1", "nodes": [{"public_key": "short", "address": "172.31.0.4"}]})",
      R"({"schema": "spillway.nodes/v1", "nodes": [{"public_key": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=", "address": "172.31.0.0/16"}]})",
  };
  for (const char* text : kBad) EXPECT_FALSE(parse_nodes(text)) << text;
}

TEST(NodePeers, EachMaySendFromItsOwnAddressAndNothingElse) {
  const AcceptedNodes accepted = peers_of({node(0, samples::kNearKey, "172.31.16.4")}, kVpc);
  ASSERT_THAT(accepted.peers, SizeIs(1));
  EXPECT_THAT(accepted.peers[0].allowed_ips, ElementsAre(Cidr::parse("172.31.16.4/32").value()));
  EXPECT_FALSE(accepted.peers[0].endpoint);
  EXPECT_THAT(accepted.refused, SizeIs(0));
}

TEST(NodePeers, WhatOverlapsIsLeftOutAndTheOthersStay) {
  const AcceptedNodes accepted = peers_of({node(0, samples::kNearKey, "172.31.16.4"),
                                           node(1, samples::kFarKey, "172.31.16.4"),    // another's address
                                           node(2, samples::kNearKey, "172.31.16.6"),   // another's key
                                           node(3, samples::kFarKey, "192.168.10.10"),  // on the premises
                                           node(4, samples::kStandbyKey, "172.31.16.8")},
                                          kVpc);
  ASSERT_THAT(accepted.peers, SizeIs(2));
  EXPECT_EQ(accepted.peers[1].public_key, samples::kStandbyKey);
  EXPECT_THAT(accepted.refused,
              ElementsAre(HasSubstr("cloud-c5-1"), HasSubstr("cloud-c5-2"), HasSubstr("192.168.10.10")));
}

TEST(NodePeers, AKeyIsTheNameOfAnObject) {
  const std::string prefix = node_keys_prefix("uuid", "AROAROLE");
  EXPECT_EQ(prefix, "uuid/keys/AROAROLE:");
  const auto named = parse_named_key(prefix, prefix + "i-0abc/hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->instance, InstanceId{"i-0abc"});
  EXPECT_EQ(named->public_key, samples::kNearKey);
  const std::string kBad[] = {
      "uuid/keys/AROAOTHER:i-0abc/hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",  // another role's
      prefix + "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",                    // no instance
      prefix + "admin/hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",              // no instance's session
      prefix + "i-0abc/hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",             // a second slash
      prefix + "i-0abc/hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",            // padded
      prefix + "i-0abc/hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmp",             // a second spelling
      prefix + "i-0abc/short",
  };
  for (const std::string& object : kBad) EXPECT_FALSE(parse_named_key(prefix, object)) << object;
}

TEST(NodeBootstrap, HoldsTheSitesValuesAndNoSecret) {
  VpnSite site = samples::site();
  site.vpn.mode = "node";
  site.near_key = samples::kNearKey;
  const auto script = render_node_tunnel(site);
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_THAT(*script, HasSubstr("endpoint='gw.example.edu:51820'"));
  EXPECT_THAT(*script, HasSubstr("networks='10.200.0.1/32,192.168.0.0/16'"));
  EXPECT_THAT(*script, HasSubstr("peer='" + samples::kNearKey.value + "'"));
  EXPECT_THAT(*script, HasSubstr("tcp dport { 6818, 60001-60999 }"));
  EXPECT_THAT(*script, Not(testing::ContainsRegex("@[A-Z_]+@")));
}

TEST(NodeBootstrap, IsNotMadeFromWhatIsWrong) {
  const std::pair<const char*, std::function<void(VpnSite&)>> kSpoilers[] = {
      {"SPW-VPN-006", [](VpnSite& s) { s.near_key = {}; }},
      {"SPW-VPN-001", [](VpnSite& s) { s.near_key = PublicKey{"'; reboot; '"}; }},
      {"SPW-VPN-007", [](VpnSite& s) { s.vpn.endpoint = "gw'; reboot; ':51820"; }},
      {"SPW-VPN-007", [](VpnSite& s) { s.vpn.interface = "a b"; }},
      {"SPW-VPN-005", [](VpnSite& s) { s.vpn.onprem_cidrs = {"172.31.0.0/17"}; }},
      {"SPW-VPN-019", [](VpnSite& s) { s.vpn.standby_key = samples::kStandbyKey.value; }},
  };
  for (const auto& [code, spoil] : kSpoilers) {
    VpnSite site = samples::site();
    site.vpn.mode = "node";
    site.near_key = samples::kNearKey;
    spoil(site);
    const auto script = render_node_tunnel(site);
    ASSERT_FALSE(script) << code;
    EXPECT_EQ(script.error().code, code);
  }
}

}  // namespace
}  // namespace spillway::vpn
