// Rows 40 and 47 to 49 of the failure catalogue: nodes that look after themselves, and spot instances.
#include "fleet/layout.h"
#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"
#include "fleet/spot.h"

namespace spillway::fleet {
namespace {

using testing::HasSubstr;

/// The agent on the node says what the metadata service told it.
void drain(Scenario& s, int node, const std::string& reason) {
  ASSERT_TRUE(
      s.slurm.set_state({Scenario::name(node)}, slurm::NodeAction::drain, reason, Scenario::deadline()));
}

// 40: daemon dead → never suspended | heartbeat, node shuts itself down, refuse launches
TEST(Rows, row_040_the_lease_is_renewed_while_there_are_machines_and_not_otherwise) {
  Scenario s;
  s.run(3);
  EXPECT_TRUE(s.keys("lease").empty());
  const int64_t job = s.submit(0, 0);
  s.run();
  ASSERT_EQ(s.keys("lease").size(), 1u);
  const std::string before = s.object("lease.json");
  EXPECT_THAT(before, HasSubstr("\"renewed_at_s\": "));
  s.clock_.advance(std::chrono::minutes{2});
  s.run(2);
  EXPECT_NE(s.object("lease.json"), before);
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

TEST(Rows, row_040_a_node_that_ended_itself_is_usable_again_without_anybodys_help) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  s.slurm.finish(job);
  drain(s, 0, "spillway: nobody renews the lease; the instance ends itself");
  s.end_by_itself(s.instances()[0].id);
  s.later();
  s.later();
  EXPECT_TRUE(s.instances().empty());
  const int64_t next = s.submit(0, 0);
  s.run(200);
  EXPECT_EQ(s.state_of(next), "RUNNING");
  EXPECT_FALSE(s.node(0).state.is_draining());
}

// 47: notice queued too long | metadata notice and event; priority
TEST(Rows, row_047_a_spot_notice_is_acted_on_at_the_first_look) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  drain(s, 0, "spillway: spot interruption at " + to_iso8601_seconds(s.clock_.now() + seconds{120}));
  s.run(1);
  EXPECT_EQ(s.slurm.signals(), std::vector{fmt::format("{} TERM", job)});
  EXPECT_NE(s.records().machines.begin()->second.interrupted_at, Time{});
  s.run(5);
  EXPECT_EQ(s.slurm.signals().size(), 1u) << "once";
  EXPECT_EQ(s.state_of(job), "RUNNING") << "it has its two minutes";
}

// 48: requeue from inside the job never runs | the controller requeues
TEST(Rows, row_048_the_controller_requeues_the_job_before_its_node_goes) {
  Scenario s;
  s.group().fallback = s.group().source;
  s.group().fallback->overrides = Json::array({Json::object({{"InstanceType", "m5.large"}})});
  const int64_t job = s.submit(0, 0);
  s.run();
  drain(s, 0, "spillway: spot interruption at " + to_iso8601_seconds(s.clock_.now() + seconds{120}));
  for (int i = 0; i < 70; ++i) s.run(1);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  const InstanceId doomed = s.instances().at(0).id;
  for (int i = 0; i < 7; ++i) s.run(1);
  EXPECT_NE(s.state_of(job), "RUNNING") << "45 s before the end it is back in the queue";
  s.run(200);
  EXPECT_EQ(s.state_of(job), "RUNNING") << "on another machine";
  ASSERT_EQ(s.instances().size(), 1u);
  EXPECT_NE(s.instances()[0].id, doomed);
  EXPECT_EQ(s.instances()[0].type, "m5.large") << "its offering rests";
}

// 49: rebalance relaunches in the same pool | bench the pool
TEST(Rows, row_049_the_pool_that_takes_machines_back_rests) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  drain(s, 0, "spillway: rebalance recommended");
  s.run(2);
  ASSERT_EQ(s.records().pools.size(), 1u);
  EXPECT_GT(s.records().pools.begin()->second.until, s.clock_.now() + std::chrono::minutes{5});
  EXPECT_TRUE(s.slurm.signals().empty()) << "a recommendation ends no job";
  for (int i = 0; i < 200; ++i) s.run(1);
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

TEST(Rows, row_049_also_when_only_EC2_says_why_the_machine_is_gone) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.machine("i-1", 0);
  aws::Instance& instance = scene.cloud("i-1", "terminated");
  instance.state_reason = "Server.SpotInstanceTermination: Server.SpotInstanceTermination";
  instance.lifecycle = "spot";
  instance.type = "c5.large";
  instance.subnet = "subnet-a";
  EXPECT_EQ(scene.all<Fail>().size(), 1u);
  scene.world.records.nodes.at(Scene::name(0)).wanted = Wanted::failed;
  const auto closes = scene.all<Close>();
  ASSERT_EQ(closes.size(), 1u);
  ASSERT_EQ(closes[0].pools.size(), 1u);
  EXPECT_THAT(*closes[0].pools.begin(), HasSubstr("spot c5.large subnet-a"));
}

TEST(Spot, ReadsWhatTheAgentWrote) {
  slurm::Node node{.state = *slurm::parse_node_state("MIXED+CLOUD+DRAIN")};
  node.reason = "spillway: spot interruption at 2026-11-23T09:00:00Z";
  ASSERT_TRUE(notice_on(node));
  EXPECT_EQ(*notice_on(node)->ends_at, *parse_iso8601("2026-11-23T09:00:00Z"));
  node.reason = "spillway: spot interruption at soon";
  ASSERT_TRUE(notice_on(node));
  EXPECT_FALSE(notice_on(node)->ends_at) << "at risk, at least";
  node.reason = "an administrator's reason";
  EXPECT_FALSE(notice_on(node));
}

}  // namespace
}  // namespace spillway::fleet
