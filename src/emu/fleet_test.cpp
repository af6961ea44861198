#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr const char* kA = "subnet-0a11ce00000000001";
constexpr const char* kB = "subnet-0a11ce00000000002";

struct Fleets : EmuTest {
  void SetUp() override {
    EmuTest::SetUp();
    auto made = caller.ec2("CreateLaunchTemplate",
                           {{"LaunchTemplateName", "burst"},
                            {"LaunchTemplateData.ImageId", "ami-0a11ce00000000001"},
                            {"LaunchTemplateData.InstanceType", "c5.large"},
                            {"LaunchTemplateData.UserData", "aGVsbG8="},
                            {"LaunchTemplateData.IamInstanceProfile.Name", "slurm-node"},
                            {"LaunchTemplateData.InstanceInitiatedShutdownBehavior", "terminate"}});
    ASSERT_EQ(made.status, 200) << made.body;
    template_id = text(made, "launchTemplateId");
  }

  /// A fleet of `target` over c5.xlarge in subnet A, then in B.
  Caller::Pairs fleet(int target, const std::string& token = "") const {
    Caller::Pairs wish = {{"Type", "instant"},
                          {"LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName", "burst"},
                          {"LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version", "$Latest"},
                          {"LaunchTemplateConfigs.1.Overrides.1.InstanceType", "c5.xlarge"},
                          {"LaunchTemplateConfigs.1.Overrides.1.SubnetId", kA},
                          {"LaunchTemplateConfigs.1.Overrides.2.InstanceType", "c5.xlarge"},
                          {"LaunchTemplateConfigs.1.Overrides.2.SubnetId", kB},
                          {"TargetCapacitySpecification.TotalTargetCapacity", std::to_string(target)},
                          {"TargetCapacitySpecification.DefaultTargetCapacityType", "on-demand"},
                          {"TagSpecification.1.ResourceType", "instance"},
                          {"TagSpecification.1.Tag.1.Key", "spillway:cluster"},
                          {"TagSpecification.1.Tag.1.Value", "c1"}};
    if (!token.empty()) wish.emplace_back("ClientToken", token);
    return wish;
  }
  std::vector<std::string> ids(const net::Response& response) const {
    std::vector<std::string> out;
    for (const std::string& item : texts(response, "item"))
      if (item.starts_with("i-")) out.push_back(item);
    return out;
  }
  void misbehave(const char* rules) { ASSERT_TRUE(aws.set_faults(*Json::parse(rules))); }

  std::string template_id;
};

TEST_F(Fleets, TakeTheTemplateAndTheOverride) {
  auto made = caller.ec2("CreateFleet", fleet(3));
  ASSERT_THAT(ids(made), SizeIs(3)) << made.body;
  auto seen = caller.ec2("DescribeInstances",
                         {{"Filter.1.Name", "tag:spillway:cluster"}, {"Filter.1.Value.1", "c*"}});
  EXPECT_THAT(texts(seen, "instanceId"), SizeIs(3));
  EXPECT_EQ(text(seen, "instanceType"), "c5.xlarge");
  clock.advance(std::chrono::seconds{10});
  aws.advance();
  EXPECT_EQ(machines.last.user_data, "hello");
  EXPECT_EQ(machines.last.role_name, "slurm-node");
  aws.stopped_by_itself(machines.last.id);  // the template says: terminate
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", machines.last.id.value}}), "name"),
            "shutting-down");
}

TEST_F(Fleets, AnswerWithInstancesAndErrorsTogether) {
  misbehave(
      R"([{"operation": "CreateFleet", "effect": "capacity", "subnet": "subnet-0a11ce00000000001", "limit": 2},
                {"operation": "CreateFleet", "effect": "error", "subnet": "subnet-0a11ce00000000002",
                 "code": "VcpuLimitExceeded"}])");
  auto made = caller.ec2("CreateFleet", fleet(5));
  EXPECT_EQ(made.status, 200);
  EXPECT_THAT(ids(made), SizeIs(2));
  EXPECT_THAT(texts(made, "errorCode"), ElementsAre("InsufficientInstanceCapacity", "VcpuLimitExceeded"));
}

TEST_F(Fleets, GoOnToTheNextSubnet) {
  misbehave(R"([{"effect": "capacity", "subnet": "subnet-0a11ce00000000001", "limit": 2}])");
  auto made = caller.ec2("CreateFleet", fleet(5));
  EXPECT_THAT(ids(made), SizeIs(5));
  auto there = caller.ec2("DescribeInstances", {{"Filter.1.Name", "subnet-id"}, {"Filter.1.Value.1", kB}});
  EXPECT_THAT(texts(there, "instanceId"), SizeIs(3));
}

TEST_F(Fleets, GiveNothingBelowTheMinimum) {
  misbehave(R"([{"effect": "capacity", "limit": 2}])");
  auto wish = fleet(5);
  wish.emplace_back("OnDemandOptions.MinTargetCapacity", "3");
  EXPECT_EQ(text(caller.ec2("CreateFleet", wish), "Code"), "InvalidParameterCombination") << "of what?";
  wish.emplace_back("OnDemandOptions.SingleInstanceType", "true");
  EXPECT_THAT(ids(caller.ec2("CreateFleet", wish)), SizeIs(0));
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "instanceId"), SizeIs(0));
}

TEST_F(Fleets, AreShortOfOnePurchaseOptionAlone) {
  misbehave(
      R"([{"effect": "capacity", "purchase": "spot", "limit": 1, "code": "MaxSpotInstanceCountExceeded"}])");
  EXPECT_THAT(ids(caller.ec2("CreateFleet", fleet(3))), SizeIs(3));
  auto wish = fleet(3);
  for (auto& [name, value] : wish)
    if (value == "on-demand") value = "spot";
  const auto made = caller.ec2("CreateFleet", wish);
  EXPECT_THAT(ids(made), SizeIs(1));
  EXPECT_THAT(texts(made, "errorCode"),
              ElementsAre("MaxSpotInstanceCountExceeded", "MaxSpotInstanceCountExceeded"));
}

TEST_F(Fleets, TellThrottlingOfInstancesApartFromCapacity) {
  misbehave(R"([{"effect": "throttle", "resources": {"RunInstances": [2, 0]}}])");
  const auto made = caller.ec2("CreateFleet", fleet(5));
  EXPECT_EQ(made.status, 200);
  EXPECT_THAT(ids(made), SizeIs(2));
  EXPECT_THAT(texts(made, "errorCode"), ElementsAre("RequestLimitExceeded", "RequestLimitExceeded"));
}

TEST_F(Fleets, StayInOneZoneWhereTheyMust) {
  misbehave(R"([{"effect": "capacity", "subnet": "subnet-0a11ce00000000001", "limit": 2},
                {"effect": "capacity", "subnet": "subnet-0a11ce00000000002", "limit": 4}])");
  auto wish = fleet(5);
  wish.emplace_back("OnDemandOptions.SingleAvailabilityZone", "true");
  wish.emplace_back("OnDemandOptions.MinTargetCapacity", "5");
  EXPECT_THAT(ids(caller.ec2("CreateFleet", wish)), SizeIs(0)) << "six there are, in two zones";
  wish.back().second = "3";
  const auto made = caller.ec2("CreateFleet", wish);
  EXPECT_THAT(ids(made), SizeIs(4));
  EXPECT_EQ(text(made, "subnetId"), kA) << "what fell short is told of both";
  EXPECT_THAT(
      texts(caller.ec2("DescribeInstances", {{"Filter.1.Name", "subnet-id"}, {"Filter.1.Value.1", kB}}),
            "instanceId"),
      SizeIs(4));
}

TEST_F(Fleets, StayWithOneTypeWhereTheyMust) {
  misbehave(R"([{"effect": "capacity", "type": "c5.xlarge", "limit": 2}])");
  auto wish = fleet(3);
  for (auto& [name, value] : wish)
    if (name == "LaunchTemplateConfigs.1.Overrides.2.InstanceType") value = "c5.2xlarge";
  EXPECT_THAT(ids(caller.ec2("CreateFleet", wish)), SizeIs(3)) << "two of one and one of the other";
  wish.emplace_back("OnDemandOptions.SingleInstanceType", "true");
  const auto made = caller.ec2("CreateFleet", wish);
  EXPECT_THAT(ids(made), SizeIs(3));
  EXPECT_THAT(texts(caller.ec2("DescribeInstances",
                               {{"Filter.1.Name", "instance-type"}, {"Filter.1.Value.1", "c5.2xlarge"}}),
                    "instanceId"),
              SizeIs(4));
}

TEST_F(Fleets, StayKnownUntilTheyAreDeleted) {
  const auto made = caller.ec2("CreateFleet", fleet(2));
  const std::string id = text(made, "fleetId");
  auto ask = [&](const char* terminate) {
    return caller.ec2("DeleteFleets", {{"FleetId.1", id}, {"TerminateInstances", terminate}});
  };
  EXPECT_EQ(text(ask("false"), "code"), "unexpectedError");
  const auto gone = ask("true");
  EXPECT_EQ(text(gone, "currentFleetState"), "deleted_terminating");
  EXPECT_EQ(text(ask("true"), "code"), "fleetIdDoesNotExist");
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", ids(made).at(0)}}), "name"),
            "shutting-down");
}

TEST_F(Fleets, RepeatTheAnswerUnderOneClientToken) {
  auto first = caller.ec2("CreateFleet", fleet(2, "once"));
  auto again = caller.ec2("CreateFleet", fleet(2, "once"));
  EXPECT_EQ(ids(first), ids(again));
  auto other = caller.ec2("CreateFleet", fleet(3, "once"));
  EXPECT_EQ(text(other, "Code"), "IdempotentParameterMismatch");
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "instanceId"), SizeIs(2));
}

TEST_F(Fleets, RefuseAnUnknownTemplateOrVersion) {
  auto wish = fleet(1);
  wish[2].second = "7";
  EXPECT_EQ(text(caller.ec2("CreateFleet", wish), "Code"), "InvalidLaunchTemplateId.VersionNotFound");
  wish[1].second = "nowhere";
  EXPECT_EQ(text(caller.ec2("CreateFleet", wish), "Code"), "InvalidLaunchTemplateName.NotFoundException");
}

TEST_F(Fleets, ADroppedAnswerHasBeenActedOn) {
  misbehave(R"([{"operation": "CreateFleet", "effect": "drop_after", "count": 1}])");
  EXPECT_EQ(caller.ec2("CreateFleet", fleet(2, "once")).status, 0);
  EXPECT_THAT(ids(caller.ec2("CreateFleet", fleet(2, "once"))), SizeIs(2));
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "instanceId"), SizeIs(2));
}

TEST_F(Fleets, ADroppedRequestHasNot) {
  misbehave(R"([{"operation": "CreateFleet", "effect": "drop_before", "count": 1}])");
  EXPECT_EQ(caller.ec2("CreateFleet", fleet(2)).status, 0);
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "instanceId"), SizeIs(0));
}

TEST_F(Fleets, InstancesMayNeverBootOrDieAtOnce) {
  misbehave(R"([{"effect": "never_boots", "count": 1}])");
  std::string silent = ids(caller.ec2("CreateFleet", fleet(1))).at(0);
  misbehave(R"([{"effect": "dies_pending", "count": 1}])");
  std::string dead = ids(caller.ec2("CreateFleet", fleet(1))).at(0);
  clock.advance(std::chrono::seconds{10});
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", silent}}), "name"), "running");
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", dead}}), "name"), "terminated");
  EXPECT_TRUE(machines.events.empty());
}

TEST_F(Fleets, MeetRulesByPatternAndZone) {
  misbehave(R"([{"effect": "capacity", "type": "c5.*", "zone": "us-east-1a", "limit": 1}])");
  EXPECT_THAT(ids(caller.ec2("CreateFleet", fleet(3))), SizeIs(3));
  auto there = caller.ec2("DescribeInstances", {{"Filter.1.Name", "subnet-id"}, {"Filter.1.Value.1", kA}});
  EXPECT_THAT(texts(there, "instanceId"), SizeIs(1));
}

TEST_F(Fleets, MeetSomeRulesNowAndThenAndAlwaysAtTheSameTimes) {
  auto outcomes = [&](const char* rules) {
    misbehave(rules);
    std::string seen;
    for (int i = 0; i < 40; ++i) seen += caller.ec2("DescribeVpcs").status == 200 ? '.' : 'x';
    return seen;
  };
  const std::string skipped = outcomes(
      R"([{"operation": "Describe*", "effect": "error", "code": "InternalError", "status": 500, "skip": 2, "count": 1}])");
  EXPECT_EQ(skipped, "..x" + std::string(37, '.'));
  const char* now_and_then =
      R"([{"effect": "error", "code": "InternalError", "status": 500, "probability": 0.3, "seed": 1}])";
  const std::string first = outcomes(now_and_then);
  EXPECT_THAT(std::count(first.begin(), first.end(), 'x'),
              ::testing::AllOf(::testing::Gt(4), ::testing::Lt(20)));
  EXPECT_EQ(outcomes(now_and_then), first);
  EXPECT_NE(outcomes(R"([{"effect": "error", "code": "InternalError", "probability": 0.3, "seed": 2}])"),
            first);
  EXPECT_FALSE(aws.set_faults(*Json::parse(R"([{"effect": "delay", "ms": 1, "probability": 2}])")));
}

}  // namespace
}  // namespace spillway::emu
