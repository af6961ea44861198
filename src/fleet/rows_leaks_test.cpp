// Rows 39 to 46 of the failure catalogue: leaks.
#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

// 39: about 10 % leaked at a 1,000-node scale-down | sweep by tag
TEST(Rows, row_039_whatever_carries_our_tag_and_serves_nobody_is_ended) {
  Scene scene;
  for (int i = 0; i < 1000; ++i) {
    MachineRecord& machine = scene.machine(fmt::format("i-{}", i));
    machine.launched_at = kNow - seconds{121};
  }
  size_t ended = 0;
  for (const Terminate& step : scene.all<Terminate>()) ended += step.instances.size();
  EXPECT_EQ(ended, 1000u);
}

// 41: describe error crashes, terminate failure only logged | retry until confirmed
TEST(Rows, row_041_a_termination_is_asked_for_until_EC2_shows_it) {
  Scenario s;
  const int64_t job = s.submit(0, 1);
  s.run();
  s.faults(
      R"([{"operation": "TerminateInstances", "effect": "error", "code": "InternalError", "status": 500, "count": 9}])");
  s.slurm.finish(job);
  s.later();
  s.later();
  EXPECT_TRUE(s.instances().empty());
}

// 42: too many filter values | chunk
TEST(Rows, row_042_a_thousand_and_one_instances_are_ended_in_chunks) {
  Scene scene;
  for (int i = 0; i < 1001; ++i) scene.machine(fmt::format("i-{}", i)).launched_at = kNow - seconds{500};
  const auto steps = scene.all<Terminate>();
  ASSERT_EQ(steps.size(), 1u) << "one step; Ec2::terminate cuts it into calls of 1,000 ids";
  EXPECT_EQ(steps[0].instances.size(), 1001u);
}

// 45: terminate accepted, not done | poll to the terminal state
TEST(Rows, row_045_an_accepted_termination_counts_when_EC2_shows_the_instance_terminated) {
  Scene scene;
  scene.wish(0, Wanted::down);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.terminate_at = kNow - seconds{60};
  machine.end_reason = "suspended";
  EXPECT_TRUE(scene.all<Close>().empty());
  EXPECT_EQ(scene.all<Terminate>().size(), 1u) << "asked again: EC2 shows it running";
  scene.cloud("i-1", "shutting-down");
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "it is on its way";
  EXPECT_TRUE(scene.all<Close>().empty());
  scene.cloud("i-1", "terminated");
  EXPECT_EQ(scene.all<Close>().size(), 1u);
}

// 46: stopped instance unseen | counts as live
TEST(Rows, row_046_a_stopped_instance_fails_its_node_and_is_ended) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{600};
  scene.machine("i-1", 0).joined_at = kNow - seconds{500};
  scene.cloud("i-1", "stopped");
  scene.slurm(0, "DOWN+CLOUD+NOT_RESPONDING", "Not responding");
  ASSERT_EQ(scene.all<Fail>().size(), 1u);
  EXPECT_EQ(scene.all<Fail>()[0].nodes[0].reason, "i-1 was stopped");
  EXPECT_TRUE(scene.all<Launch>().empty()) << "it still carries the node's name";
  scene.world.records.nodes.at(Scene::name(0)).wanted = Wanted::failed;
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

TEST(Rows, row_046_an_unbound_one_too) {
  Scene scene;
  scene.machine("i-1").launched_at = kNow - seconds{500};
  scene.cloud("i-1", "stopped");
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

}  // namespace
}  // namespace spillway::fleet
