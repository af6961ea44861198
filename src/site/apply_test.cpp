// Apply and destroy against the emulator's model, killed at every call.
#include <gmock/gmock.h>

#include "site/outputs.h"
#include "site/world_test.h"

namespace spillway::site {
namespace {

using testing::Contains;
using testing::IsEmpty;

std::vector<std::string> keys_of(const Difference& difference) {
  std::vector<std::string> out;
  for (const Change& change : difference.changes)
    out.push_back(
        fmt::format("{} {} ({})", to_string(change.action), change.key, fmt::join(change.properties, ",")));
  return out;
}

TEST(Apply, BuildsWhatThePlanSaysAndThenHasNothingToDo) {
  World world;
  world.apply();
  EXPECT_EQ(world.last.count(Action::create), world.last.changes.size());
  EXPECT_THAT(keys_of(world.pending()), IsEmpty());
  const Json outputs = outputs_of(world.in, world.actuals);
  EXPECT_EQ(outputs["subnets"].size(), 2u);
  EXPECT_EQ(outputs["launch_template"]["version"].as_string(), "1");
  EXPECT_TRUE(outputs["compute_role_id"].as_string().starts_with("AROA"));
  EXPECT_FALSE(outputs["gateway"]["address"].as_string().empty());
}

TEST(Apply, DestroyLeavesWhatWasThereBefore) {
  World world;
  std::map<std::string, size_t> before = world.census();
  world.apply();
  world.destroy();
  before["roles"] += 1;         // EC2 Spot's own role stays with the account
  before["dhcp_options"] += 1;  // the region's own set, which the model makes with the first VPC
  EXPECT_EQ(world.census(), before);
}

TEST(Apply, KilledAtAnyCallTheNextOneFinishesAndNothingIsThereTwice) {
  World whole;
  const int calls = whole.apply();
  const auto wanted = whole.census();
  ASSERT_GT(calls, 60);
  for (int call = 0; call < calls; ++call)
    for (const bool before : {true, false}) {
      World world;
      world.apply(call, before);
      world.apply();
      EXPECT_THAT(keys_of(world.pending()), IsEmpty())
          << "killed at call " << call << (before ? " before" : " after");
      EXPECT_EQ(world.census(), wanted) << "killed at call " << call << (before ? " before" : " after");
    }
}

TEST(Apply, DestroyKilledAtAnyCallIsFinishedByTheNextOne) {
  World whole;
  whole.apply();
  const Json built = whole.cloud.snapshot();
  const int calls = whole.destroy();
  const auto wanted = whole.census();
  for (int call = 0; call < calls; ++call)
    for (const bool before : {true, false}) {
      World world;
      ASSERT_TRUE(world.cloud.restore(built));
      world.destroy(call, before);
      world.destroy();
      EXPECT_EQ(world.census(), wanted) << "killed at call " << call << (before ? " before" : " after");
    }
}

TEST(Apply, DriftIsFoundAndMended) {
  World world;
  world.apply();
  const std::string gateway = world.actuals.at("Gateway").id, group = world.actuals.at("GatewayGroup").id;
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(ec2(session, "ModifyInstanceAttribute",
            Json::object({{"InstanceId", gateway}, {"SourceDestCheck", Json::object({{"Value", true}})}})));
    TRY(ec2(session, "AuthorizeSecurityGroupIngress",
            Json::object({{"GroupId", group},
                          {"IpPermissions",
                           Json::array({Json::object(
                               {{"IpProtocol", "tcp"},
                                {"FromPort", 22},
                                {"ToPort", 22},
                                {"IpRanges", Json::array({Json::object({{"CidrIp", "0.0.0.0/0"}})})}})})}})));
    TRY(session.aws.call("s3", "DeleteBucketPolicy", Json::object({{"Bucket", session.in.bucket}}),
                         session.deadline));
    return {};
  });
  EXPECT_THAT(keys_of(world.pending()),
              testing::UnorderedElementsAre("update Gateway (SourceDestCheck)", "create BucketPolicy ()",
                                            "update GatewayGroupRules (SecurityGroupIngress)"));
  world.apply();
  EXPECT_THAT(keys_of(world.pending()), IsEmpty());
}

TEST(Apply, ANewScriptIsANewTemplateVersionAndANewGateway) {
  World world;
  world.apply();
  const std::string gateway = world.actuals.at("Gateway").id, address = world.actuals.at("GatewayAddress").id;
  world.in.compute_user_data += "echo more\n";
  world.in.gateway_user_data += "echo more\n";
  EXPECT_THAT(keys_of(world.pending()), Contains("replace Gateway (UserDataDigest)"));
  world.apply();
  EXPECT_THAT(keys_of(world.pending()), IsEmpty());
  EXPECT_NE(world.actuals.at("Gateway").id, gateway);
  EXPECT_EQ(world.actuals.at("GatewayAddress").id, address);  // the premises' peer keeps its endpoint
  EXPECT_EQ(outputs_of(world.in, world.actuals)["launch_template"]["version"].as_string(), "2");
}

TEST(Apply, SomebodyElsesIsUsedAndNeverDestroyed) {
  World world;
  std::string vpc;
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    const Json made = TRY(ec2(session, "CreateVpc", Json::object({{"CidrBlock", "172.31.0.0/16"}})));
    vpc = made["Vpc"]["VpcId"].as_string();
    return {};
  });
  world.in.existing.vpc = vpc;
  world.apply();
  EXPECT_EQ(world.actuals.at("ComputeSubnet1").properties["VpcId"].as_string(), vpc);
  world.destroy();
  EXPECT_EQ(world.census()["vpcs"], 1u);
  EXPECT_EQ(world.census()["subnets"], 0u);
}

TEST(Apply, AForeignNameIsRefusedBeforeItIsTouched) {
  World world;
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(session.aws.call("s3", "CreateBucket", Json::object({{"Bucket", "slurm-burst-data"}}),
                         session.deadline));
    return {};
  });
  Result<Actuals> seen = Actuals{};
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    seen = observe(session, {});
    return {};
  });
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, "SPW-SITE-005");
}

TEST(Destroy, KeepsDataUnlessTold) {
  World world;
  world.apply();
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(session.aws.call("s3", "PutObject",
                         Json::object({{"Bucket", session.in.bucket},
                                       {"Key", std::string(kUuid) + "/jobs/1/out"},
                                       {"Body", "precious"}}),
                         session.deadline));
    const Leftovers others = TRY(leftovers(session));
    EXPECT_EQ(may_destroy(others, {}).error().code, "SPW-SITE-006");
    TRY(may_destroy(others, {.with_data = true}));
    return remove_leftovers(session, others);
  });
  world.destroy();
  EXPECT_EQ(world.census()["buckets"], 0u);
}

}  // namespace
}  // namespace spillway::site
