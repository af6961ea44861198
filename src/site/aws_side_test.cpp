#include "site/aws_side.h"

#include <gmock/gmock.h>

namespace spillway::site {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Actual actual(const std::string& key, const std::string& id, Json properties, Json attributes = Json()) {
  return {key, "", id, std::move(properties), std::move(attributes)};
}

/// A far end that is as apply makes it.
Actuals sound() {
  Actuals out;
  out["Gateway"] = actual("Gateway", "i-1", Json::object({{"SourceDestCheck", false}}),
                          Json::object({{"State", "running"}, {"PublicIp", "203.0.113.128"}}));
  out["GatewayKey"] = actual("GatewayKey", "k", Json(), Json::object({{"PublicKey", "theirs"}}));
  out["GatewayGroupRules"] = actual(
      "GatewayGroupRules", "sg-1",
      Json::object(
          {{"SecurityGroupIngress",
            Json::array({Json::object({{"IpProtocol", "tcp"}, {"FromPort", 0}, {"ToPort", 65535}}),
                         Json::object({{"IpProtocol", "udp"}, {"FromPort", 51820}, {"ToPort", 51820}})})}}));
  out["ComputeRoutes"] =
      actual("ComputeRoutes", "rtb-1",
             Json::object({{"Routes", Json::array({Json::object({{"DestinationCidrBlock", "192.168.0.0/16"},
                                                                 {"InstanceId", "i-1"}})})}}));
  return out;
}

vpn::VpnConfig config() {
  vpn::VpnConfig out;
  out.onprem_cidrs = {"192.168.0.0/16"};
  return out;
}

TEST(AwsSide, TellsASoundFarEnd) {
  const vpn::AwsFacts facts = facts_of(config(), sound());
  EXPECT_EQ(facts.running, true);
  EXPECT_EQ(facts.source_dest_check, false);
  EXPECT_EQ(facts.tunnel_port_open, true);
  EXPECT_EQ(facts.public_address, "203.0.113.128");
  EXPECT_EQ(facts.public_key.value, "theirs");
  EXPECT_THAT(facts.unrouted, IsEmpty());
}

TEST(AwsSide, TellsWhatIsNotAsApplyMadeIt) {
  Actuals actuals = sound();
  actuals["Gateway"].id = "i-2";  // the route still leads to its predecessor
  EXPECT_THAT(facts_of(config(), actuals).unrouted, ElementsAre("192.168.0.0/16"));
  vpn::VpnConfig other = config();
  other.listen_port = 51821;
  EXPECT_EQ(facts_of(other, sound()).tunnel_port_open, false);
  const vpn::AwsFacts nothing = facts_of(config(), {});
  EXPECT_EQ(nothing.running, false);
  EXPECT_EQ(nothing.public_address, "");
  EXPECT_THAT(nothing.unrouted, ElementsAre("192.168.0.0/16"));
}

}  // namespace
}  // namespace spillway::site
