// What the simulation found, each as a world and what the plan must make of it.
#include <gtest/gtest.h>

#include "fleet/reconciler.h"
#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

TEST(Found, APowerDownThatWaitsForAJobEndsNoMachine) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{60};
  scene.machine("i-1", 0).joined_at = kNow - seconds{50};
  scene.slurm(0, "ALLOCATED+CLOUD+POWER_DOWN").address = "10.0.0.1";
  EXPECT_TRUE(scene.all<Rediscover>().empty());
  scene.world.records.nodes[Scene::name(0)].wanted = Wanted::down;
  EXPECT_TRUE(scene.all<Terminate>().empty());
  scene.slurm(0, "IDLE+CLOUD+POWER_DOWN").address = "10.0.0.1";
  EXPECT_EQ(scene.all<Terminate>().size(), 1u) << "its job is done";
}

TEST(Found, AMachineThatCameBackToWorkIsNotEndedForAnOldReason) {
  Scene scene;
  scene.wish(0, Wanted::failed);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.address = IpAddress{"10.0.0.1"};
  machine.terminate_at = kNow - seconds{60};  // and EC2 did not hear of it
  machine.end_reason = "failed: Slurm set it DOWN";
  scene.slurm(0, "DOWN+CLOUD").address = "10.0.0.1";
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
  scene.slurm(0, "ALLOCATED+CLOUD").address = "10.0.0.1";
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "a job runs there";
}

TEST(Found, AMachineThatHasEndedIsGivenToNoNode) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.launch(LaunchState::answered, {{Scene::name(0), 1}});
  scene.machine("i-1");
  scene.cloud("i-1", "terminated");
  const auto assigned = scene.all<Assign>();
  ASSERT_EQ(assigned.size(), 1u);
  EXPECT_TRUE(assigned[0].bound.empty());
  EXPECT_EQ(assigned[0].again.size(), 1u) << "another is asked for";
}

TEST(Found, SecretsGoBeforeTheirMachineIsForgotten) {
  Scene scene;
  scene.wish(0, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.released_at = kNow - seconds{3};
  scene.cloud("i-1", "terminated");
  EXPECT_EQ(scene.all<Withdraw>().size(), 1u);
  EXPECT_TRUE(scene.all<Close>().empty()) << "what is closed is looked at no more";
  EXPECT_EQ(scene.all<Fail>().size(), 1u) << "the node need not wait for that";
  machine.withdrawn_at = kNow;
  EXPECT_TRUE(scene.all<Close>().empty()) << "nor is its end known before its node has failed";
  scene.wish(0, Wanted::failed);
  EXPECT_EQ(scene.all<Close>().size(), 1u);
}

TEST(Found, ASecretWhoseReleaseACrashKeptFromTheJournalGoesWithItsMachine) {
  Scene scene;
  scene.wish(0, Wanted::down);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.published_at = machine.terminate_at = kNow;
  EXPECT_EQ(scene.all<Withdraw>().size(), 1u);
}

TEST(Found, ALostJournalFindsAMachinesNodeByItsTags) {
  Scene scene;
  aws::Instance& instance = scene.cloud("i-1", "running");
  instance.tags.push_back({"spillway:node", "cloud-c5-3"});
  instance.tags.push_back({"spillway:epoch", "7"});
  scene.slurm(3, "IDLE+CLOUD+POWERING_UP");
  const Records records = rebuild(*scene.world.cloud, *scene.world.slurm, {}, kNow);
  const MachineRecord& machine = records.machines.at(InstanceId{"i-1"});
  EXPECT_EQ(machine.node, Scene::name(3)) << "as images of plugin v2 read their own name";
  EXPECT_EQ(machine.epoch, 7);
}

TEST(Found, ANodeThatALostJournalSetDownIsGivenBack) {
  Scene scene;
  scene.slurm(0, "DOWN+CLOUD", "spillway: i-1 ended by itself: Server.SpotInstanceTermination");
  scene.slurm(1, "DOWN+CLOUD", "broken fan");
  const auto failed = scene.all<Fail>();
  ASSERT_EQ(failed.size(), 1u);
  ASSERT_EQ(failed[0].nodes.size(), 1u) << "what an administrator set DOWN stays so";
  EXPECT_EQ(failed[0].nodes[0].name, Scene::name(0));
}

TEST(Found, AClosedGateHoldsBackRepeatsToo) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.launch(LaunchState::intended, {{Scene::name(0), 1}}).tries = 1;
  EXPECT_EQ(scene.all<Launch>().size(), 1u);
  scene.world.gates.push_back({Gate::What::tunnel, "the tunnel is down", kNow});
  EXPECT_TRUE(scene.all<Launch>().empty()) << "the first may have been refused, and this one taken";
}

}  // namespace
}  // namespace spillway::fleet
