// Two gateways: what is built, and that a failover is no drift.
#include <gmock/gmock.h>

#include "site/aws_side.h"
#include "site/outputs.h"
#include "site/world_test.h"
#include "vpn/peers.h"

namespace spillway::site {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

std::vector<std::string> changes(const Difference& difference) {
  std::vector<std::string> out;
  for (const Change& change : difference.changes)
    out.push_back(fmt::format("{} {}", to_string(change.action), change.key));
  return out;
}

struct PairWorld : World {
  PairWorld() {
    in.vpn.gateways = 2;
    in.standby_peers = "{}";
    in.standby_user_data = "#!/bin/sh\n# standby\n";
  }
  /// The standby takes the nodes' routes, as its script does when the premises send to it.
  void fail_over() {
    run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
      for (const char* network : {"192.168.0.0/16", "10.200.0.0/24"})
        TRY(ec2(session, "ReplaceRoute",
                Json::object({{"RouteTableId", actuals.at("ComputeRoutes").id},
                              {"DestinationCidrBlock", network},
                              {"InstanceId", actuals.at("Standby").id}})));
      return {};
    });
  }
  Actuals look(const Resources& wanted) {
    Actuals out;
    run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
      out = TRY(observe(session, wanted));
      return {};
    });
    return out;
  }
};

TEST(Standby, StandsInAnotherZoneWithAnAddressKeyAndRoleOfItsOwn) {
  PairWorld world;
  world.apply();
  EXPECT_THAT(changes(world.pending()), IsEmpty());
  const Actuals& there = world.actuals;
  EXPECT_NE(there.at("GatewaySubnet").properties["AvailabilityZone"],
            there.at("StandbySubnet").properties["AvailabilityZone"]);
  EXPECT_FALSE(there.at("Standby").properties["SourceDestCheck"].as_bool());
  EXPECT_NE(there.at("GatewayKey").attributes["PublicKey"], there.at("StandbyKey").attributes["PublicKey"]);
  EXPECT_NE(there.at("Gateway").properties["IamInstanceProfile"],
            there.at("Standby").properties["IamInstanceProfile"]);
  const Json outputs = outputs_of(world.in, there);
  EXPECT_NE(outputs["gateway"]["address"], outputs["standby"]["address"]);
  EXPECT_EQ(outputs["standby"]["public_key"], there.at("StandbyKey").attributes["PublicKey"]);
  for (const Json& route : there.at("ComputeRoutes").properties["Routes"].items())
    EXPECT_EQ(route["InstanceId"].as_string(), there.at("Gateway").id);
}

TEST(Standby, AFailoverIsNoDriftWhileASecondIsWanted) {
  PairWorld world;
  world.apply();
  world.fail_over();
  EXPECT_THAT(changes(world.pending()), IsEmpty());
  EXPECT_THAT(facts_of(world.in.vpn, world.look({})).unrouted, IsEmpty());
  world.in.vpn.gateways = 1;
  EXPECT_THAT(changes(world.pending()), Contains("update ComputeRoutes"));
  world.apply();
  EXPECT_THAT(changes(world.pending()), IsEmpty());
  EXPECT_THAT(world.actuals, Not(Contains(Key("Standby"))));
  const Actuals there = world.look({});
  for (const Json& route : there.at("ComputeRoutes").properties["Routes"].items())
    EXPECT_EQ(route["InstanceId"].as_string(), world.actuals.at("Gateway").id);
}

TEST(Standby, ARouteToAStrangerIsDriftStill) {
  PairWorld world;
  world.apply();
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(ec2(session, "ReplaceRoute",
            Json::object({{"RouteTableId", world.actuals.at("ComputeRoutes").id},
                          {"DestinationCidrBlock", "192.168.0.0/16"},
                          {"GatewayId", world.actuals.at("InternetGateway").id}})));
    return {};
  });
  EXPECT_THAT(changes(world.pending()), ElementsAre("update ComputeRoutes"));
}

TEST(Standby, IsAddedAndTakenAwayWhereverApplyIsCut) {
  World one;
  one.apply();
  const Json built = one.cloud.snapshot();
  PairWorld whole;
  ASSERT_TRUE(whole.cloud.restore(built));
  const int calls = whole.apply();
  const Json both = whole.cloud.snapshot();
  const auto wanted = whole.census(), before = one.census();
  for (int call = 0; call < calls; call += 4) {
    PairWorld world;
    ASSERT_TRUE(world.cloud.restore(built));
    world.apply(call);
    world.apply();
    EXPECT_THAT(changes(world.pending()), IsEmpty()) << "killed at call " << call;
    EXPECT_EQ(world.census(), wanted) << "killed at call " << call;
    World back;
    ASSERT_TRUE(back.cloud.restore(both));
    back.apply(call);
    back.apply();
    EXPECT_THAT(changes(back.pending()), IsEmpty()) << "killed at call " << call;
    EXPECT_EQ(back.census(), before) << "killed at call " << call;
  }
}

TEST(Standby, DestroyLeavesWhatWasThereBefore) {
  PairWorld world;
  std::map<std::string, size_t> before = world.census();
  world.apply();
  world.fail_over();
  world.destroy();
  before["roles"] += 1;         // EC2 Spot's own role stays with the account
  before["dhcp_options"] += 1;  // the region's own set, which the model makes with the first VPC
  EXPECT_EQ(world.census(), before);
}

TEST(Standby, IsRefusedWhereApplyDoesNotMakeWhatLeadsToIt) {
  const std::function<void(Inputs&)> kSpoilers[] = {
      [](Inputs& in) { in.existing.gateway_subnet = "subnet-1"; },
      [](Inputs& in) { in.existing.compute_subnets = {"subnet-1"}; },
      [](Inputs& in) { in.existing.gateway_role = "theirs"; },
      [](Inputs& in) { in.zones = {"us-east-1a"}; },
  };
  for (const auto& spoil : kSpoilers) {
    PairWorld world;
    spoil(world.in);
    const auto wanted = desired(world.in);
    ASSERT_FALSE(wanted);
    EXPECT_EQ(wanted.error().code, "SPW-SITE-025");
  }
}

}  // namespace
}  // namespace spillway::site
