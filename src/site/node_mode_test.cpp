// What is built on AWS where each compute node ends the tunnel itself.
#include <gmock/gmock.h>

#include "site/outputs.h"
#include "site/plan_view.h"
#include "site/world_test.h"

namespace spillway::site {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

std::vector<std::string> changes(const Difference& difference) {
  std::vector<std::string> out;
  for (const Change& change : difference.changes)
    out.push_back(fmt::format("{} {}", to_string(change.action), change.key));
  return out;
}

struct NodeWorld : World {
  NodeWorld() { in.vpn.mode = "node"; }
};

TEST(NodeMode, ThereIsNoGatewayAndNodesHaveAWayOut) {
  NodeWorld world;
  world.apply();
  EXPECT_THAT(changes(world.pending()), IsEmpty());
  for (const char* key : {"Gateway", "GatewayAddress", "GatewayKey", "GatewayPeers", "GatewayGroup",
                          "GatewayRole", "GatewaySubnet", "PublicRoutes"})
    EXPECT_THAT(world.actuals, Not(Contains(Key(key))));
  EXPECT_TRUE(world.actuals.at("ComputeSubnet1").properties["MapPublicIpOnLaunch"].as_bool());
  const Json routes = world.actuals.at("ComputeRoutes").properties["Routes"];
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes.at(0)["DestinationCidrBlock"].as_string(), "0.0.0.0/0");
  EXPECT_EQ(routes.at(0)["GatewayId"].as_string(), world.actuals.at("InternetGateway").id);
  const Json outputs = outputs_of(world.in, world.actuals);
  EXPECT_FALSE(outputs.contains("gateway"));
  EXPECT_TRUE(outputs["tunnel_role"].as_string().ends_with("/spillway-tundra-tunnel"));
}

TEST(NodeMode, NobodyOutsideMayCallANode) {
  NodeWorld world;
  world.apply();
  const Json rules = world.actuals.at("ComputeGroupRules").properties["SecurityGroupIngress"];
  ASSERT_EQ(rules.size(), 1u) << rules.dump();
  EXPECT_EQ(rules.at(0)["SourceSecurityGroupId"].as_string(), world.actuals.at("ComputeGroup").id);
}

TEST(NodeMode, ANodeGetsAPublicAddress) {
  NodeWorld world;
  world.apply();
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    const Json answer =
        TRY(ec2(session, "RunInstances",
                Json::object({{"MinCount", 1},
                              {"MaxCount", 1},
                              {"SubnetId", world.actuals.at("ComputeSubnet1").id},
                              {"LaunchTemplate",
                               Json::object({{"LaunchTemplateId", world.actuals.at("ComputeTemplate").id}})},
                              {"InstanceType", "c5.xlarge"}})));
    const std::string id = answer["Instances"].at(0)["InstanceId"].as_string();
    const Json seen =
        TRY(ec2(session, "DescribeInstances", Json::object({{"InstanceIds", Json::array({id})}})));
    EXPECT_FALSE(seen["Reservations"].at(0)["Instances"].at(0)["PublicIpAddress"].as_string().empty());
    return {};
  });
}

TEST(NodeMode, DestroyLeavesWhatWasThereBefore) {
  NodeWorld world;
  std::map<std::string, size_t> before = world.census();
  world.apply();
  world.destroy();
  before["roles"] += 1;         // EC2 Spot's own role stays with the account
  before["dhcp_options"] += 1;  // the region's own set, which the model makes with the first VPC
  EXPECT_EQ(world.census(), before);
}

TEST(NodeMode, YourSubnetsKeepTheirRoutes) {
  NodeWorld world;
  world.apply();
  Inputs in = world.in;
  in.existing.vpc = world.actuals.at("Vpc").id;
  in.existing.compute_subnets = {world.actuals.at("ComputeSubnet1").id};
  const auto wanted = desired(in);
  ASSERT_TRUE(wanted);
  for (const Resource& each : *wanted) {
    EXPECT_NE(each.type, "AWS::EC2::InternetGateway");
    EXPECT_NE(each.type, "AWS::EC2::RouteTable");
  }
}

TEST(NodeMode, AChangeOfModeIsFinishedWhereverItIsCut) {
  World whole;
  whole.apply();
  const Json built = whole.cloud.snapshot();
  whole.in.vpn.mode = "node";
  EXPECT_THAT(changes(whole.pending()), Contains("destroy Gateway"));
  const int calls = whole.apply();
  EXPECT_THAT(changes(whole.pending()), IsEmpty());
  const auto wanted = whole.census();
  for (int call = 0; call < calls; call += 3) {
    NodeWorld world;
    ASSERT_TRUE(world.cloud.restore(built));
    world.apply(call);
    world.apply();
    EXPECT_THAT(changes(world.pending()), IsEmpty()) << "killed at call " << call;
    EXPECT_EQ(world.census(), wanted) << "killed at call " << call;
  }
  whole.in.vpn.mode = "gateway";
  whole.apply();
  EXPECT_THAT(changes(whole.pending()), IsEmpty());
  EXPECT_THAT(whole.actuals, Contains(Key("Gateway")));
}

TEST(NodeMode, CostsNoGatewayAndAnAddressForEachNode) {
  Inputs gateway = inputs(), nodes = inputs();
  nodes.vpn.mode = "node";
  config::Partitions partitions;
  config::NodeGroup group;
  group.max_nodes = 100;
  group.source.overrides = Json::array({Json::object({{"InstanceType", "c5.xlarge"}})});
  partitions.partitions.push_back({});
  partitions.partitions[0].groups = {group};
  const Costs with = costs_of(gateway, partitions), without = costs_of(nodes, partitions);
  EXPECT_GT(with.fixed_month.micros, 0);
  EXPECT_EQ(without.fixed_month.micros, 0);
  EXPECT_EQ(without.burst_hour.micros - with.burst_hour.micros, 100 * 5000) << "0.5 cents each";
}

}  // namespace
}  // namespace spillway::site
