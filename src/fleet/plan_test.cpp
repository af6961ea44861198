#include "fleet/plan.h"

#include <gtest/gtest.h>

#include "fleet/reconciler.h"
#include "fleet/scene.h"

namespace spillway::fleet {
namespace {

TEST(Plan, LaunchesWhatIsWishedForInOneCall) {
  Scene scene;
  for (int i = 0; i < 3; ++i) scene.wish(i, Wanted::up);
  const auto launches = scene.all<Launch>();
  ASSERT_EQ(launches.size(), 1u);
  const Json& request = launches[0].record.request;
  EXPECT_EQ(request["TargetCapacitySpecification"]["TotalTargetCapacity"].as_int(), 3);
  EXPECT_EQ(request["LaunchTemplateConfigs"].at(0)["Overrides"].size(), 4u) << "overrides × subnets";
  EXPECT_EQ(request["TagSpecifications"].at(0)["Tags"].at(0)["Value"].as_string(), "uuid");
  EXPECT_LE(request["ClientToken"].as_string().size(), 64u);
  EXPECT_EQ(launches[0].record, scene.all<Launch>()[0].record) << "planning is a pure function";
}

TEST(Plan, AnotherJournalNeverRepeatsATokenOfTheOldOne) {
  Scene scene;
  scene.wish(0, Wanted::up);
  const Json first = scene.all<Launch>()[0].record.request["ClientToken"];
  scene.world.generation = "g2";
  EXPECT_NE(scene.all<Launch>()[0].record.request["ClientToken"], first);
}

TEST(Plan, SplitsLargeLaunches) {
  Scene scene;
  scene.policy.launch_at_most = 4;
  for (int i = 0; i < 10; ++i) scene.wish(i, Wanted::up);
  EXPECT_EQ(scene.all<Launch>().size(), 3u);
}

TEST(Plan, RepeatsALaunchWithoutAnswerUnchangedAndOnlyWhenItIsTime) {
  Scene scene;
  scene.wish(0, Wanted::up);
  LaunchRecord& launch = scene.launch(LaunchState::intended, {{Scene::name(0), 1, 0}});
  launch.request = Json::object({{"ClientToken", "exactly this"}});
  launch.not_before = kNow + seconds{1};
  EXPECT_TRUE(scene.steps().empty());
  launch.not_before = kNow;
  ASSERT_EQ(scene.all<Launch>().size(), 1u);
  EXPECT_EQ(scene.all<Launch>()[0].record.request, launch.request);
}

TEST(Plan, GivesInstancesToNodesAndSurplusToNobody) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.wish(1, Wanted::up);
  for (const char* id : {"i-1", "i-2", "i-3"}) scene.machine(id);
  scene.launch(LaunchState::answered, {{Scene::name(0), 1, 0}, {Scene::name(1), 1, 0}});
  const auto assign = scene.all<Assign>();
  ASSERT_EQ(assign.size(), 1u);
  ASSERT_EQ(assign[0].bound.size(), 2u);
  EXPECT_EQ(assign[0].bound[0].node, Scene::name(0));
  EXPECT_NE(assign[0].bound[0].id, assign[0].bound[1].id);
  EXPECT_EQ(assign[0].surplus.size(), 1u);
}

TEST(Plan, AJobGetsAllItsNodesOrNone) {
  Scene scene;
  for (int i = 0; i < 3; ++i) scene.wish(i, Wanted::up, 1, i < 2 ? 7 : 8);
  scene.machine("i-1");
  scene
      .launch(LaunchState::answered, {{Scene::name(0), 1, 7}, {Scene::name(1), 1, 7}, {Scene::name(2), 1, 8}})
      .error = "InsufficientInstanceCapacity: none left";
  scene.everything_rests();
  const Assign assign = scene.all<Assign>().at(0);
  ASSERT_EQ(assign.bound.size(), 1u);
  EXPECT_EQ(assign.bound[0].node, Scene::name(2)) << "one machine cannot serve job 7, but job 8";
  EXPECT_EQ(assign.short_of, (std::vector<NodeName>{Scene::name(0), Scene::name(1)}));
  EXPECT_EQ(assign.reason, "InsufficientInstanceCapacity: none left");
}

TEST(Plan, IntroducesABoundMachineStepByStep) {
  Scene scene;
  scene.wish(0, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  EXPECT_EQ(scene.all<Publish>().size(), 1u);
  EXPECT_EQ(scene.all<Release>().size(), 1u);
  ASSERT_EQ(scene.all<SetAddresses>().size(), 1u);
  EXPECT_EQ(scene.all<SetAddresses>()[0].machines[0].address.value, "10.0.0.1");
  machine.published_at = machine.released_at = machine.addressed_at = machine.tagged_at = kNow;
  EXPECT_TRUE(scene.steps().empty()) << "until slurmd registers";
  scene.slurm(0, "ALLOCATED+CLOUD");
  EXPECT_EQ(scene.all<MarkJoined>().size(), 1u);
  machine.joined_at = kNow;
  EXPECT_EQ(scene.all<Withdraw>().size(), 1u) << "the secret is not needed any more";
  machine.withdrawn_at = kNow;
  EXPECT_TRUE(scene.steps().empty());
}

TEST(Plan, SlurmHearsOfANodeWhenItHasItsName) {
  Scene scene;
  scene.policy.names = true;
  scene.wish(0, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  EXPECT_TRUE(scene.all<Register>().empty()) << "the server rests";
  EXPECT_TRUE(scene.all<SetAddresses>().empty());
  scene.world.names_reachable = true;
  ASSERT_EQ(scene.all<Register>().size(), 1u);
  EXPECT_EQ(scene.all<Register>()[0].machines[0].address.value, "10.0.0.1");
  EXPECT_TRUE(scene.all<SetAddresses>().empty());
  machine.registered_at = kNow;
  EXPECT_TRUE(scene.all<Register>().empty());
  EXPECT_EQ(scene.all<SetAddresses>().size(), 1u);
}

TEST(Plan, ANameServerThatFailsHoldsNodesUpForAWhileOnly) {
  Scene scene;
  scene.policy.names = true;
  scene.wish(0, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  scene.world.names_failing_since = kNow - seconds{29};
  EXPECT_TRUE(scene.all<SetAddresses>().empty());
  scene.world.names_failing_since = kNow - seconds{30};
  EXPECT_EQ(scene.all<SetAddresses>().size(), 1u);
  scene.world.names_failing_since.reset();
  machine.name_trouble = "a name is in use by others";
  EXPECT_EQ(scene.all<SetAddresses>().size(), 1u);
  scene.world.names_reachable = true;
  EXPECT_TRUE(scene.all<Register>().empty()) << "not at every pass";
  scene.world.names.emplace();
  EXPECT_EQ(scene.all<Register>().size(), 1u);
}

TEST(Plan, TakesANameAwayBeforeItsMachine) {
  for (const char* state : {"running", "terminated"}) {
    Scene scene;
    scene.policy.names = scene.world.names_reachable = true;
    scene.wish(0, Wanted::down);
    MachineRecord& machine = scene.machine("i-1", 0);
    scene.cloud("i-1", state);
    machine.registering_at = kNow;  // whether it was written is not known
    std::vector<std::string> order;
    for (const Step& step : scene.steps()) order.push_back(to_string(step).substr(0, 5));
    ASSERT_GE(order.size(), 2u) << state;
    EXPECT_EQ(order[0], "unreg") << state;
    machine.unregistered_at = kNow;
    EXPECT_TRUE(scene.all<Unregister>().empty());
  }
}

TEST(Plan, SweepsNamesThatNoMachineHas) {
  Scene scene;
  scene.policy.names = scene.world.names_reachable = true;
  scene.wish(0, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.address = IpAddress{"10.0.0.1"};
  machine.registered_at = machine.registering_at = kNow;
  const dns::Binding mine = {Scene::name(0), {machine.address}, machine.id};
  const dns::Binding old = {Scene::name(0), {IpAddress{"10.0.0.9"}}, InstanceId{"i-0"}};
  scene.world.names = {mine, old};
  ASSERT_EQ(scene.all<Sweep>().size(), 1u);
  EXPECT_EQ(scene.all<Sweep>()[0].stale, std::vector<dns::Binding>{old});
  EXPECT_TRUE(scene.all<Register>().empty());
  scene.world.names->clear();
  EXPECT_EQ(scene.all<Register>().size(), 1u) << "somebody removed it";
  EXPECT_TRUE(scene.all<Sweep>().empty());
}

TEST(Plan, WaitsForTheAddressThatEc2DoesNotTellYet) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.machine("i-1", 0);
  scene.world.cloud->begin()->second.private_ip = IpAddress{};
  EXPECT_TRUE(scene.all<SetAddresses>().empty());
}

TEST(Plan, TerminatesASuspendedNodesMachineUnlessItIsBusy) {
  Scene scene;
  scene.wish(0, Wanted::down);
  scene.machine("i-1", 0).joined_at = kNow;
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
  scene.slurm(0, "ALLOCATED+CLOUD");
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "never one whose node Slurm shows allocated";
  scene.slurm(0, "IDLE+CLOUD+POWERING_DOWN");
  scene.world.slurm.reset();
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "nothing is concluded from what was not seen";
}

TEST(Plan, ANodeGetsANewMachineOnlyWhenTheOldOneIsSeenDead) {
  Scene scene;
  scene.wish(0, Wanted::up, 2);
  scene.machine("i-1", 0, 1);
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
  EXPECT_TRUE(scene.all<Launch>().empty());
  scene.cloud("i-1", "terminated");
  EXPECT_EQ(scene.all<Close>().size(), 1u);
  scene.world.records.machines.clear();
  EXPECT_EQ(scene.all<Launch>().size(), 1u);
}

TEST(Plan, KeepsAskingForAnEndThatDoesNotCome) {
  Scene scene;
  scene.wish(0, Wanted::down);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.terminate_at = kNow - seconds{1};
  machine.end_reason = "suspended";
  EXPECT_TRUE(scene.all<Terminate>().empty());
  machine.terminate_at = kNow - seconds{60};
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
  scene.cloud("i-1", "shutting-down");
  EXPECT_TRUE(scene.all<Terminate>().empty());
}

TEST(Plan, AnInstanceThatEc2DoesNotListIsUnknownNotDead) {
  Scene scene;
  scene.wish(0, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  scene.world.cloud->clear();
  machine.launched_at = kNow - seconds{600};
  EXPECT_TRUE(scene.all<Close>().empty()) << "one list without it proves nothing";
  ASSERT_EQ(scene.all<Sight>().size(), 1u);
  EXPECT_EQ(scene.all<Sight>()[0].machines[0].unseen_since, kNow);
  machine.unseen_since = kNow - seconds{30};
  EXPECT_TRUE(scene.all<Close>().empty());
  EXPECT_TRUE(scene.all<Sight>().empty());
  EXPECT_TRUE(in_motion(scene.world)) << "somebody must look again";
  machine.cloud = "p/elsewhere";
  machine.unseen_since = kNow - seconds{600};
  EXPECT_TRUE(scene.all<Close>().empty()) << "its region was not asked";
  machine.cloud = "p/r";
  scene.world.clouds = {"p/r"};
  EXPECT_EQ(scene.all<Fail>().size(), 1u) << "its node lost its machine";
  EXPECT_TRUE(scene.all<Close>().empty()) << "first that is journaled, or its epoch would get another";
  scene.wish(0, Wanted::failed);
  EXPECT_EQ(scene.all<Close>().size(), 1u);
}

TEST(Plan, AnInstanceThatEc2ListsAgainIsForgiven) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.machine("i-1", 0).unseen_since = kNow - seconds{600};
  ASSERT_EQ(scene.all<Sight>().size(), 1u);
  EXPECT_EQ(scene.all<Sight>()[0].machines[0].unseen_since, Time{});
  EXPECT_TRUE(scene.all<Close>().empty());
}

TEST(Plan, HooksCalledByHandEndNothingThatSlurmUses) {
  for (const char* state : {"ALLOCATED+CLOUD", "IDLE+CLOUD"}) {
    Scene scene;
    NodeRecord& node = scene.wish(0, Wanted::down);
    MachineRecord& machine = scene.machine("i-1", 0);
    machine.joined_at = machine.addressed_at = kNow - seconds{60};
    machine.address = IpAddress{"10.0.0.1"};
    scene.slurm(0, state).address = "10.0.0.1";
    EXPECT_TRUE(scene.all<Terminate>().empty()) << "suspend: " << state;
    node.since = kNow - seconds{60};
    ASSERT_EQ(scene.all<Rediscover>().size(), 1u) << state;
    EXPECT_EQ(scene.all<Rediscover>()[0].nodes[0].wanted, Wanted::up);
    EXPECT_EQ(scene.all<Rediscover>()[0].nodes[0].epoch, 1);

    node.wanted = Wanted::up;  // and a resume after it
    node.epoch = 2;
    EXPECT_TRUE(scene.all<Terminate>().empty()) << "resume: " << state;
    EXPECT_TRUE(scene.all<Launch>().empty());
    ASSERT_EQ(scene.all<Sight>().size(), 1u);
    EXPECT_EQ(scene.all<Sight>()[0].machines[0].epoch, 2);

    machine.epoch = 2;
    node.wanted = Wanted::failed;  // resume-fail
    node.marked_down = true;
    EXPECT_TRUE(scene.all<Terminate>().empty()) << "resume-fail: " << state;
    ASSERT_EQ(scene.all<Rediscover>().size(), 1u);
    EXPECT_EQ(scene.all<Rediscover>()[0].nodes[0].wanted, Wanted::up);
  }
}

TEST(Plan, AnInstanceOfARefusedLaunchIsEnded) {
  Scene scene;
  scene.machine("i-1").launched_at = kNow - seconds{600};
  LaunchRecord& launch = scene.world.records.launches[IntentId{"in-1"}] = {.intent = IntentId{"in-1"}};
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "its answer may come";
  launch.state = LaunchState::failed;
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

TEST(Plan, ANodeThatSlurmNoLongerHasNeedsNoMachine) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.wish(1, Wanted::up);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.launched_at = kNow - seconds{600};
  scene.world.records.nodes.erase(Scene::name(0));
  scene.world.slurm->erase(Scene::name(0));
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "one look is no proof";
  scene.world.missing[Scene::name(0)] = kNow - seconds{120};
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

TEST(Plan, ANodeThatSlurmGaveUpWithoutAMachineIsGivenBack) {
  Scene scene;
  scene.slurm(3, "DOWN+CLOUD+NOT_RESPONDING", "Not responding [slurm@2026-11-23T01:00:00]");
  ASSERT_EQ(scene.all<Fail>().size(), 1u);
  EXPECT_TRUE(scene.all<Fail>()[0].nodes[0].marked_down);
  scene.slurm(3, "DOWN+CLOUD", "broken disk [root@2026-11-23T01:00:00]");
  EXPECT_TRUE(scene.all<Fail>().empty()) << "an administrator's";
}

TEST(Plan, AFailedNodeIsMarkedRestsAndIsGivenBack) {
  Scene scene;
  NodeRecord& node = scene.wish(0, Wanted::failed);
  node.reason = "InsufficientInstanceCapacity";
  node.hold_until = kNow + seconds{30};
  ASSERT_EQ(scene.all<MarkDown>().size(), 1u);
  EXPECT_EQ(scene.all<MarkDown>()[0].reason, node.reason);
  node.marked_down = true;
  EXPECT_TRUE(scene.steps().empty());
  node.hold_until = kNow;
  EXPECT_EQ(scene.all<GiveBack>().size(), 1u);
  scene.machine("i-1", 0);
  EXPECT_TRUE(scene.all<GiveBack>().empty()) << "not while its machine lives";
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

TEST(Plan, NoticesANodeThatSlurmGaveUp) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{60};
  scene.machine("i-1", 0);
  scene.slurm(0, "DOWN+CLOUD", "ResumeTimeout reached");
  ASSERT_EQ(scene.all<Fail>().size(), 1u);
  EXPECT_TRUE(scene.all<Fail>()[0].nodes[0].marked_down);
}

TEST(Plan, LeavesAnAdministratorsDownAlone) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{60};
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.joined_at = machine.published_at = machine.released_at = machine.withdrawn_at =
      machine.addressed_at = machine.tagged_at = kNow;
  scene.slurm(0, "DOWN+CLOUD", "debugging the disk");
  EXPECT_TRUE(scene.steps().empty());
}

TEST(Plan, TerminatesWhatNobodyClaimsAfterAWhile) {
  Scene scene;
  MachineRecord& machine = scene.machine("i-1");
  EXPECT_TRUE(scene.steps().empty());
  machine.launched_at = kNow - seconds{121};
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
  scene.slurm(4, "ALLOCATED+CLOUD").address = "10.0.0.1";
  EXPECT_TRUE(scene.steps().empty()) << "a busy node answers at its address";
}

TEST(Plan, AdoptsInstancesWithOurTag) {
  Scene scene;
  scene.cloud("i-9", "pending");
  scene.cloud("i-8", "terminated");
  ASSERT_EQ(scene.all<Adopt>().size(), 1u);
  EXPECT_EQ(scene.all<Adopt>()[0].machines[0].id.value, "i-9");
}

TEST(Plan, FindsWishesThatNoHookRecorded) {
  Scene scene;
  scene.slurm(0, "ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP");
  scene.wish(1, Wanted::up).since = kNow - seconds{60};
  scene.slurm(1, "IDLE+CLOUD+POWERED_DOWN");
  const auto found = scene.all<Rediscover>();
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].nodes.size(), 2u);
  EXPECT_EQ(found[0].nodes[0].wanted, Wanted::up);
  EXPECT_EQ(found[0].nodes[1].wanted, Wanted::down);
}

TEST(Plan, DoesNothingBeforeANewJournalHasSeenTheWorld) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.world.recovered = false;
  EXPECT_TRUE(scene.steps().empty());
}

TEST(Rebuild, TakesBindingsFromDocumentsOrFromAddresses) {
  Scene scene;
  for (const char* id : {"i-1", "i-2", "i-3"}) scene.cloud(id, "running");
  scene.slurm(0, "ALLOCATED+CLOUD").address = "10.0.0.1";
  scene.slurm(1, "IDLE+CLOUD").address = "10.0.0.2";
  const MachineRecord documented{.id = InstanceId{"i-1"}, .node = Scene::name(0), .epoch = 5};
  const Records records = rebuild(*scene.world.cloud, *scene.world.slurm, {documented}, kNow);
  EXPECT_EQ(records.machines.at(InstanceId{"i-1"}).epoch, 5);
  EXPECT_EQ(records.nodes.at(Scene::name(0)).wanted, Wanted::up);
  EXPECT_NE(records.machines.at(InstanceId{"i-1"}).joined_at, Time{});
  EXPECT_EQ(records.machines.at(InstanceId{"i-2"}).node, Scene::name(1)) << "by its address";
  EXPECT_TRUE(records.machines.at(InstanceId{"i-3"}).node.empty());
}

}  // namespace
}  // namespace spillway::fleet
