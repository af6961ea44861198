// Rows 1 to 18 of the failure catalogue: EC2 and launches.
#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

using testing::HasSubstr;

Json type(const char* name) {
  return Json::object({{"InstanceType", name}});
}

std::set<std::string> types_of(const std::vector<aws::Instance>& instances) {
  std::set<std::string> types;
  for (const aws::Instance& instance : instances) types.insert(instance.type);
  return types;
}

// 1: no capacity → job waits | classify the codes, bench that pool, next zone or type at once
TEST(Rows, row_001_no_capacity_is_looked_for_elsewhere_at_once) {
  Scenario s;
  s.group().fallback = s.group().source;
  s.group().fallback->overrides = Json::array({type("m5.large")});
  s.faults(R"([{"operation": "CreateFleet", "type": "c5.large", "effect": "capacity", "limit": 0}])");
  const int64_t job = s.submit(0, 1);
  s.run(8);
  EXPECT_EQ(s.launches(), 2) << "one refusal, one success, no pause between";
  EXPECT_EQ(types_of(s.instances()), std::set<std::string>{"m5.large"});
  EXPECT_EQ(s.state_of(job), "RUNNING");
  ASSERT_EQ(s.records().pools.size(), 1u);
  EXPECT_THAT(s.records().pools.begin()->first, HasSubstr("on-demand c5.large"));
  const int64_t next = s.submit(2, 2);
  s.run(8);
  EXPECT_EQ(s.launches(), 3) << "the offering that rests is not asked again";
  EXPECT_EQ(s.state_of(next), "RUNNING");
}

TEST(Rows, row_001_an_offering_rests_longer_each_time_and_is_forgiven) {
  PoolRecord pool{.pool = "p"};
  pool = benched(pool, seconds{180}, "none", kNow);
  EXPECT_EQ(pool.until, kNow + seconds{180});
  pool = benched(pool, seconds{180}, "none", pool.until);
  EXPECT_EQ(pool.until, kNow + seconds{180 + 360});
  for (int i = 0; i < 20; ++i) pool = benched(pool, seconds{180}, "none", pool.until);
  const Time end = pool.until;
  EXPECT_EQ(benched(pool, seconds{180}, "none", end).until, end + std::chrono::hours{1}) << "an hour at most";
  EXPECT_EQ(benched(pool, seconds{180}, "none", end + std::chrono::minutes{61}).until,
            end + std::chrono::minutes{61} + seconds{180})
      << "an hour of peace is a new beginning";
}

// 2: partial fleet → MPI job idles, billed | all or nothing per job; release the surplus
TEST(Rows, row_002_a_job_gets_the_rest_of_its_nodes_from_the_fallback) {
  Scenario s;
  s.group().fallback = s.group().source;
  s.group().fallback->overrides = Json::array({type("m5.large")});
  s.faults(R"([{"operation": "CreateFleet", "type": "c5.large", "effect": "capacity", "limit": 2}])");
  const int64_t job = s.submit(0, 2, true);
  s.run(10);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_EQ(s.instances().size(), 3u) << "what came first is used";
}

TEST(Rows, row_002_nothing_of_a_job_stays_that_cannot_have_all_its_nodes) {
  Scenario s;
  s.policy().launch_at_most = 2;  // the job's nodes are asked for in two calls, as ResumeRate splits them
  s.faults(R"([{"operation": "CreateFleet", "effect": "capacity", "limit": 2}])");
  s.submit(0, 2, true);
  s.run(6);
  ASSERT_LE(s.instances().size(), 2u);
  for (int i = 0; i < 60; ++i) s.run(1);
  EXPECT_TRUE(s.instances().empty()) << "released within a minute";
}

TEST(Rows, row_002_nodes_that_must_lie_together_are_asked_for_all_or_none_in_one_zone) {
  Scene scene;
  scene.policy.groups.begin()->second.one_zone = true;
  for (int i = 0; i < 4; ++i) scene.wish(i, Wanted::up, 1, i < 2 ? 7 : 8);
  const auto launches = scene.all<Launch>();
  ASSERT_EQ(launches.size(), 2u) << "a call for each job";
  const Json& options = launches[0].record.request["OnDemandOptions"];
  EXPECT_TRUE(options["SingleAvailabilityZone"].as_bool());
  EXPECT_EQ(options["MinTargetCapacity"].as_int(), 2);

  // A node that Slurm resumes later goes where the others of its job are.
  scene.machine("i-1", 0);
  scene.cloud("i-1", "running").subnet = "subnet-b";
  for (const auto& each : scene.all<Launch>()) {
    if (each.record.nodes.front().job != 7) continue;
    for (const Json& place : each.record.request["LaunchTemplateConfigs"].at(0)["Overrides"].items())
      EXPECT_EQ(place["SubnetId"].as_string(), "subnet-b");
  }
}

// 3: throttled batch → 500 claims retry in step | token bucket, jitter, split
TEST(Rows, row_003_throttling_is_not_taken_for_a_lack_of_capacity) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "RequestLimitExceeded", "status": 503, "count": 4}])");
  const int64_t job = s.submit(0, 1);
  s.run(40);
  EXPECT_TRUE(s.records().pools.empty());
  EXPECT_TRUE(s.records().groups.empty());
  EXPECT_FALSE(s.was_ordered("cloud-c5-0 down"));
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

// 4: CreateFleet failing for 70 min | circuit breaker, alarm, keep the queue
TEST(Rows, row_004_an_outage_of_CreateFleet_costs_few_calls_and_no_job) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "error", "code": "InternalError", "status": 500}])");
  const int64_t job = s.submit(0, 1);
  for (int i = 0; i < 70 * 4; ++i) {
    s.run(1);
    s.clock_.advance(seconds{14});
  }
  EXPECT_LT(s.launches(), 700) << "of 4,200 seconds";
  EXPECT_THAT(s.status(), HasSubstr("InternalError"));
  s.faults("[]");
  s.clock_.advance(std::chrono::minutes{10});
  s.run(200);
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

// 5: DescribeInstances NotFound → unnamed, unreaped instances | tag in the launch call; a young "not found"
// means unknown
TEST(Rows, row_005_an_instance_that_is_not_found_yet_is_not_taken_for_lost) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.machine("i-1", 0);
  scene.world.cloud->clear();
  EXPECT_TRUE(scene.all<Close>().empty());
  EXPECT_TRUE(scene.all<Sight>().empty()) << "not even noted while it is young";
  EXPECT_TRUE(scene.all<Fail>().empty());
  const config::NodeGroup& group = scene.policy.groups.begin()->second;
  const Json request =
      fleet_request(scene.policy, group, *offer_of(group, {}, kNow), IntentId{"in-1"}, "g", 1);
  for (const Json& tags : request["TagSpecifications"].items())
    EXPECT_EQ(tags["Tags"].at(0)["Key"].as_string(), "spillway:cluster");
}

// 6: Describe lacks the address → healthy node killed | match by id; bounded misses
TEST(Rows, row_006_a_list_without_addresses_ends_nobody) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.machine("i-1", 0);
  scene.cloud("i-1", "running").private_ip = IpAddress{};
  EXPECT_TRUE(scene.all<Terminate>().empty());
  EXPECT_TRUE(scene.all<SetAddresses>().empty());
  EXPECT_TRUE(scene.all<Launch>().empty()) << "it is there";
}

// 7: stale snapshot → new instance reaped | list the cloud before own state; grace period
TEST(Rows, row_007_an_instance_that_the_journal_does_not_know_yet_is_adopted_and_not_reaped) {
  Scene scene;
  scene.cloud("i-9", "pending").launched = kNow - seconds{3};
  EXPECT_EQ(scene.all<Adopt>().size(), 1u);
  EXPECT_TRUE(scene.all<Terminate>().empty());
}

// 8: lost response, retried → double fleet | journaled ClientToken
TEST(Rows, row_008_a_lost_answer_doubles_nothing) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "drop_after", "count": 2}])");
  const int64_t job = s.submit(0, 2);
  s.run(30);
  EXPECT_EQ(s.instances().size(), 3u);
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

// 9: crash between launch and tag → unfindable orphan | tag at launch with the intent
TEST(Rows, row_009_a_crash_after_the_launch_leaves_no_orphan) {
  for (int at = 1; at < 40; ++at) {
    Scenario s{at};
    s.submit(0, 0);
    s.run();
    for (const aws::Instance& instance : s.instances()) {
      EXPECT_FALSE(instance.tag("spillway:intent").empty());
      EXPECT_TRUE(s.records().machines.contains(instance.id)) << "killed at moment " << at;
    }
    EXPECT_EQ(s.instances().size(), 1u) << "killed at moment " << at;
  }
}

// 10: variable reused in a loop → two nodes, one address | assert that ids and addresses are unique
TEST(Rows, row_010_two_nodes_never_get_one_address) {
  Scene scene;
  for (int i = 0; i < 2; ++i) {
    scene.wish(i, Wanted::up);
    scene.machine(fmt::format("i-{}", i + 1), i);
    scene.cloud(fmt::format("i-{}", i + 1), "running").private_ip = IpAddress{"10.0.0.7"};
  }
  scene.world.records.machines[InstanceId{"i-1"}].address = IpAddress{"10.0.0.7"};
  std::map<IpAddress, int> told;
  for (const SetAddresses& step : scene.all<SetAddresses>())
    for (const MachineRecord& machine : step.machines) ++told[machine.address];
  EXPECT_EQ(told[IpAddress{"10.0.0.7"}], 1) << "the other waits until the first is seen gone";
}

// 11: pending → terminated (KMS, volume limit) | StateReason onto the node; no config-error loop
TEST(Rows, row_011_the_reason_of_a_machine_that_died_pending_reaches_the_node) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "dies_pending", "count": 1}])");
  s.submit(0, 0);
  s.run(5);
  EXPECT_THAT(s.node(0).reason, HasSubstr("ended by itself"));
  EXPECT_THAT(s.node(0).reason, HasSubstr("Server.")) << "EC2's StateReason";
}

// 12: launch template or version deleted | pin a numeric version; preflight
TEST(Rows, row_012_a_template_that_is_gone_parks_the_group_and_is_asked_for_once) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "InvalidLaunchTemplateId.NotFound", "message": "lt-1 does not exist"}])");
  const int64_t job = s.submit(0, 1);
  s.run(70);
  EXPECT_EQ(s.launches(), 1);
  EXPECT_THAT(s.node(0).reason, HasSubstr("lt-1 does not exist")) << "also after Slurm's ResumeTimeout";
  EXPECT_TRUE(s.node(7).state.is_draining()) << "jobs are kept away from the group's other nodes";
  EXPECT_THAT(s.node(7).reason, HasSubstr("spillway: parked"));
  EXPECT_THAT(s.status(), HasSubstr("parked"));
  s.faults("[]");
  s.clock_.advance(std::chrono::minutes{11});
  s.run(200);
  EXPECT_FALSE(s.node(7).state.is_draining());
  EXPECT_EQ(s.state_of(job), "RUNNING") << "time releases it";
}

// 13: vCPU, fleet or subnet-address quota → create/delete loop | long back-off, tell the job
TEST(Rows, row_013_a_quota_is_asked_again_after_a_long_while_only) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "error", "code": "VcpuLimitExceeded"}])");
  s.submit(0, 1);
  for (int i = 0; i < 9 * 60 / 15; ++i) {
    s.run(1);
    s.clock_.advance(seconds{14});
  }
  EXPECT_EQ(s.launches(), 1);
  EXPECT_THAT(s.node(0).reason, HasSubstr("VcpuLimitExceeded"));
  EXPECT_TRUE(s.records().groups.empty()) << "nothing is wrong with the group";
}

// 14: credentials expired or denied | refresh early; authentication breaker
TEST(Rows, row_014_while_AWS_refuses_us_nothing_is_launched_and_nothing_ended) {
  Scenario s;
  const int64_t running = s.submit(0, 0);
  s.run();
  const int64_t launches = s.launches();
  s.accept_credentials(false);
  s.run(1);  // a look at EC2 finds out
  const int64_t waiting = s.submit(1, 1);
  s.run(30);
  EXPECT_EQ(s.launches(), launches);
  EXPECT_EQ(s.instances().size(), 1u);
  EXPECT_FALSE(s.was_ordered("cloud-c5-0 down"));
  EXPECT_FALSE(s.was_ordered("cloud-c5-1 down")) << "its wish waits";
  EXPECT_THAT(s.status(), HasSubstr("AWS refuses us"));
  s.accept_credentials(true);
  s.run();
  EXPECT_EQ(s.state_of(running), "RUNNING");
  EXPECT_EQ(s.state_of(waiting), "RUNNING");
  EXPECT_THAT(s.status(), testing::Not(HasSubstr("AWS refuses us")));
}

TEST(Rows, row_014_a_launch_that_was_refused_for_its_credentials_is_sent_again_and_parks_no_group) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "AuthFailure", "status": 401, "count": 3}])");
  const int64_t job = s.submit(0, 1);
  s.run(40);
  EXPECT_TRUE(s.records().groups.empty());
  EXPECT_TRUE(s.records().pools.empty());
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_EQ(s.instances().size(), 2u);
}

// 15: clock skew → signatures, munge rejected | offset from the Date header; gate the node
TEST(Rows, row_015_a_clock_a_minute_off_is_allowed_for) {
  for (const char* faults : {R"([{"effect": "clock_offset", "seconds": 60}])",
                             R"([{"effect": "clock_offset", "seconds": -60}])"}) {
    Scenario s;
    s.faults(faults);
    const int64_t job = s.submit(0, 0);
    s.run();
    EXPECT_EQ(s.state_of(job), "RUNNING") << faults;
  }
}

TEST(Rows, row_015_a_clock_further_off_launches_nothing_that_munge_would_turn_away) {
  Scenario s;
  s.faults(R"([{"effect": "clock_offset", "seconds": 1200}])");
  const int64_t job = s.submit(0, 0);
  s.run(30);
  EXPECT_EQ(s.launches(), 0);
  EXPECT_THAT(s.status(), HasSubstr("\"gate\": \"clock\""))
      << "EC2 was seen all the same, with corrected signatures";
  EXPECT_THAT(s.status(), testing::Not(HasSubstr("AWS refuses us")));
  s.faults("[]");
  s.run();
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

// 16: request too large | cap the overrides
TEST(Rows, row_016_a_request_has_no_more_overrides_than_EC2_takes) {
  Scene scene;
  config::NodeSource& source = scene.policy.groups.begin()->second.source;
  source.overrides = Json::array();
  for (int i = 0; i < 100; ++i)
    source.overrides.push(Json::object({{"InstanceType", fmt::format("t{}.large", i)}}));
  source.subnets = {"a", "b", "c", "d", "e"};
  scene.wish(0, Wanted::up);
  EXPECT_EQ(scene.all<Launch>().at(0).record.request["LaunchTemplateConfigs"].at(0)["Overrides"].size(),
            300u);
}

// 17: IAM propagation lag | bounded retry
TEST(Rows, row_017_an_instance_profile_that_EC2_does_not_know_yet_is_waited_for) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "InvalidParameterValue", "message": "Value (spillway-compute) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", "count": 3}])");
  const int64_t job = s.submit(0, 0);
  s.run(45);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_TRUE(s.records().groups.empty());
}

TEST(Rows, row_017_but_not_for_ever) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "InvalidParameterValue", "message": "Invalid IAM Instance Profile name"}])");
  s.submit(0, 0);
  s.run(200);
  EXPECT_LE(s.launches(), 12);
  EXPECT_THAT(s.node(0).reason, HasSubstr("Invalid IAM Instance Profile name"));
}

// 18: memory below the configured value → INVALID_REG | check against instance-type data
TEST(Rows, row_018_a_registration_that_Slurm_refuses_fails_the_node_with_Slurms_words) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{60};
  scene.machine("i-1", 0).addressed_at = kNow;
  scene.slurm(0, "IDLE+CLOUD+INVALID_REG", "Low RealMemory (reported:3764 < 100.00% of configured:32000)");
  const auto fails = scene.all<Fail>();
  ASSERT_EQ(fails.size(), 1u);
  EXPECT_THAT(fails[0].nodes.at(0).reason, HasSubstr("Low RealMemory"));
  EXPECT_EQ(fails[0].boot_failures.size(), 1u) << "ten of these park the group";
  EXPECT_TRUE(scene.all<MarkJoined>().empty());
}

}  // namespace
}  // namespace spillway::fleet
