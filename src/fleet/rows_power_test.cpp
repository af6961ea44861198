// Rows 19 to 38 of the failure catalogue: Slurm's power saving.
#include <fstream>

#include "fleet/parking.h"
#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"
#include "slurm/command_controller.h"

namespace spillway::fleet {
namespace {

using testing::HasSubstr;

// 19: SuspendTimeout passes, instance lives, name reused → duplicate | fence: confirm termination first
TEST(Rows, row_019_a_name_gets_no_new_machine_before_the_old_one_is_seen_dead) {
  Scene scene;
  scene.wish(0, Wanted::up, 2);
  scene.machine("i-1", 0, 1).terminate_at = kNow - seconds{300};
  scene.cloud("i-1", "shutting-down");
  EXPECT_TRUE(scene.all<Launch>().empty());
  scene.cloud("i-1", "terminated");
  EXPECT_TRUE(scene.all<Launch>().empty()) << "first the end is journaled";
  EXPECT_EQ(scene.all<Close>().size(), 1u);
  scene.world.records.machines.clear();
  EXPECT_EQ(scene.all<Launch>().size(), 1u);
}

// 20: ResumeTimeout, instance boots later | ResumeFailProgram and a reaper
TEST(Rows, row_020_a_machine_that_boots_after_ResumeTimeout_is_ended) {
  Scenario s;
  s.boots_ = false;
  s.submit(0, 0);
  s.run(61);
  s.boots_ = true;
  for (int i = 0; i < 8; ++i) s.run(1);
  EXPECT_TRUE(s.was_ordered("cloud-c5-0 power_down_force"));
  EXPECT_LE(s.instances().size(), 1u);
}

// 21: a live node is resumed again → job killed | idempotent by node epoch
TEST(Rows, row_021_resuming_a_live_node_again_changes_nothing) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  const auto before = s.instances();
  s.hook(Wish::Kind::resume, 0, 0);
  s.run(20);
  ASSERT_EQ(s.instances().size(), 1u);
  EXPECT_EQ(s.instances()[0].id, before[0].id);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_EQ(s.launches(), 1);
}

// 22: suspend while resuming | serialise per node; the newest epoch wins
TEST(Rows, row_022_a_suspend_that_overtakes_its_resume_ends_what_the_resume_began) {
  Scenario s;
  s.boots_ = false;
  const int64_t job = s.submit(0, 0);
  s.run(2);
  s.slurm.finish(job);
  ASSERT_TRUE(
      s.slurm.set_state({Scenario::name(0)}, slurm::NodeAction::power_down_force, "", Scenario::deadline()));
  s.later();
  EXPECT_TRUE(s.instances().empty());
  s.boots_ = true;
  const int64_t next = s.submit(0, 0);
  s.run();
  EXPECT_EQ(s.state_of(next), "RUNNING");
  EXPECT_EQ(s.records().nodes.at(Scenario::name(0)).epoch, 2);
}

// 23: slurmctld restarts → resume file gone | copy it first; exit within 1 s; the daemon owns the work
TEST(Rows, row_023_the_resume_file_is_in_the_wish_and_Slurm_may_be_away) {
  Scenario s;
  const int64_t job = s.submit(0, 1, true);
  s.boots_ = false;
  s.slurm.be_silent(true);
  s.run(3);
  s.slurm.be_silent(false);
  s.boots_ = true;
  s.run();
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_EQ(s.records().nodes.at(Scenario::name(1)).job, job);
}

// 24: restart and reconfigure → never suspended | independent idle reaper
TEST(Rows, row_024_a_node_that_Slurm_forgets_to_suspend_is_powered_down_by_us) {
  Scene scene;
  scene.world.suspend_time = seconds{390};
  scene.wish(0, Wanted::up).since = kNow - seconds{4000};
  scene.machine("i-1", 0).joined_at = kNow - seconds{3000};
  scene.slurm(0, "IDLE+CLOUD").last_busy = kNow - seconds{479};
  EXPECT_TRUE(scene.all<PowerDown>().empty());
  scene.slurm(0, "IDLE+CLOUD").last_busy = kNow - seconds{481};
  EXPECT_EQ(scene.all<PowerDown>().size(), 1u);
  for (const char* state : {"ALLOCATED+CLOUD", "MIXED+CLOUD", "IDLE+CLOUD+COMPLETING", "IDLE+CLOUD+PLANNED",
                            "IDLE+CLOUD+MAINTENANCE", "IDLE+CLOUD+POWERING_DOWN"}) {
    scene.slurm(0, state).last_busy = kNow - seconds{481};
    EXPECT_TRUE(scene.all<PowerDown>().empty()) << state;
  }
  scene.slurm(0, "IDLE+CLOUD").last_busy = kNow - seconds{481};
  scene.policy.suspend_times[GroupName{"cloud-c5"}] = std::nullopt;
  EXPECT_TRUE(scene.all<PowerDown>().empty()) << "its partition has SuspendTime=INFINITE";
}

// 25: IDLE+POWERED_DOWN+NOT_RESPONDING: unschedulable | detect illegal states; force down
TEST(Rows, row_025_a_state_in_which_Slurm_uses_a_node_no_more_is_repaired) {
  Scene scene;
  scene.slurm(0, "IDLE+CLOUD+POWERED_DOWN+NOT_RESPONDING");
  ASSERT_EQ(scene.all<GiveBack>().size(), 1u);
  EXPECT_EQ(scene.all<GiveBack>()[0].nodes, std::vector{Scene::name(0)});
  for (const char* state :
       {"IDLE+CLOUD+POWERED_DOWN", "IDLE+CLOUD+NOT_RESPONDING+POWERING_UP",
        "IDLE+CLOUD+NOT_RESPONDING+POWERING_DOWN", "DOWN+CLOUD+POWERED_DOWN+NOT_RESPONDING"}) {
    scene.slurm(0, state);
    EXPECT_TRUE(scene.all<GiveBack>().empty()) << state;
  }
}

// 26: unsorted name and address lists → nodes swapped | sort pairs; read back
TEST(Rows, row_026_each_node_answers_where_its_own_instance_is) {
  Scenario s;
  s.submit(0, 11);
  s.run();
  std::map<std::string, std::string> address;
  for (const aws::Instance& instance : s.instances())
    address[instance.tag("Name")] = instance.private_ip.value;
  ASSERT_EQ(address.size(), 12u);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(s.node(i).address, address[Scenario::name(i).value]);
}

// 27: several interfaces → wrong address | device index 0
TEST(Rows, row_027_the_address_is_that_of_the_first_interface) {
  Scenario s;
  s.instead_of_a_list(R"(<DescribeInstancesResponse><reservationSet><item><instancesSet><item>
    <instanceId>i-0123456789abcdef0</instanceId><instanceState><name>running</name></instanceState>
    <privateIpAddress>172.31.0.77</privateIpAddress>
    <networkInterfaceSet>
      <item><privateIpAddress>10.9.9.9</privateIpAddress><attachment><deviceIndex>1</deviceIndex></attachment></item>
      <item><privateIpAddress>172.31.0.77</privateIpAddress><attachment><deviceIndex>0</deviceIndex></attachment></item>
    </networkInterfaceSet>
    <tagSet><item><key>spillway:cluster</key><value>0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001</value></item></tagSet>
    </item></instancesSet></item></reservationSet></DescribeInstancesResponse>)");
  s.run(1);
  const auto records = s.records();
  ASSERT_EQ(records.machines.size(), 1u);
  EXPECT_EQ(records.machines.begin()->second.address, IpAddress{"172.31.0.77"});
}

// 28: stock-out → DOWN for ever | power down, not DOWN
TEST(Rows, row_028_after_a_stock_out_the_node_can_be_used_again_without_anybodys_help) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "capacity", "limit": 0}])");
  s.submit(0, 0);
  s.run(10);
  EXPECT_TRUE(s.node(0).state.is_down());
  EXPECT_THAT(s.node(0).reason, HasSubstr("InsufficientInstanceCapacity"));
  s.faults("[]");
  s.clock_.advance(std::chrono::minutes{3});
  s.run(30);
  EXPECT_TRUE(s.was_ordered("cloud-c5-0 power_down_force"));
  EXPECT_FALSE(s.node(0).state.is_down());
}

// 29: resume/fail loop | attempt cap, back-off, hold
TEST(Rows, row_029_each_failure_in_a_row_is_followed_by_a_longer_rest) {
  const Policy policy;
  Duration last{};
  for (int failures = 1; failures < 6; ++failures) {
    const Duration rest = hold_until(policy, failures, kNow) - kNow;
    EXPECT_GT(rest, last);
    last = rest;
  }
  EXPECT_EQ(hold_until(policy, 1000, kNow) - kNow, policy.longest_hold);
}

TEST(Rows, row_029_launches_for_one_wish_are_counted) {
  Scene scene;
  scene.wish(0, Wanted::up).attempt = scene.policy.attempts_at_most - 1;
  scene.launch(LaunchState::answered, {{Scene::name(0), 1, 0, scene.policy.attempts_at_most - 1}});
  const Assign assign = scene.all<Assign>().at(0);
  EXPECT_TRUE(assign.again.empty());
  EXPECT_EQ(assign.short_of.size(), 1u);
}

// 30: blocking ResumeProgram → scontrol times out | asynchronous
// 31: concurrent resumes share one /tmp file | O_EXCL, 0700
TEST(Rows, row_030_a_hook_writes_one_file_and_asks_nobody) {
  const auto folder = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directories(folder);
  const Spool spool{folder};
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(spool.write({.kind = Wish::Kind::resume, .nodes = fmt::format("n{}", i), .made_at = kNow}));
  EXPECT_EQ(spool.read()->wishes.size(), 100u);
  std::filesystem::remove_all(folder);
}

TEST(Rows, row_031_two_hooks_at_the_same_moment_lose_nothing) {
  const auto folder = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directories(folder);
  const Spool one{folder}, other{folder};
  for (int i = 0; i < 50; ++i)
    for (const Spool* spool : {&one, &other})
      ASSERT_TRUE(spool->write({.kind = Wish::Kind::resume, .nodes = "n1", .made_at = kNow}));
  EXPECT_EQ(one.read()->wishes.size(), 100u) << "each has a name of its own";
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms::others_all,
              std::filesystem::perms::none);
  std::filesystem::remove_all(folder);
}

// 32: stop during power-up → ResumeTimeout lost | DOWN, then POWER_DOWN
TEST(Rows, row_032_a_node_that_failed_while_powering_up_is_DOWN_first_and_powered_down_then) {
  Scenario s;
  s.boots_ = false;
  s.faults(R"([{"operation": "CreateFleet", "effect": "dies_pending", "count": 1}])");
  s.submit(0, 0);
  s.run(40);
  const auto& orders = s.orders();
  const auto down = std::find(orders.begin(), orders.end(), "cloud-c5-0 down");
  const auto off = std::find(orders.begin(), orders.end(), "cloud-c5-0 power_down_force");
  ASSERT_NE(down, orders.end());
  ASSERT_NE(off, orders.end());
  EXPECT_LT(down, off);
}

/// scontrol and its kin print this, whatever is asked.
class Says final : public Runner {
 public:
  explicit Says(std::string text) : text_(std::move(text)) {}
  Result<Finished> run(const Program&, Deadline) override { return Finished{.out = text_}; }

 private:
  std::string text_;
};

// 33: `=` inside a value kills the daemon | a tested, fuzzed parser
TEST(Rows, row_033_an_equals_sign_in_a_value_is_part_of_the_value) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{600};
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.addressed_at = machine.joined_at = machine.tagged_at = machine.published_at = machine.released_at =
      machine.withdrawn_at = kNow - seconds{500};
  const std::string head =
      "NodeName=cloud-c5-0 Arch=x86_64 CPUAlloc=4 CPUTot=4 AvailableFeatures=a=b,c== NodeAddr=10.0.0.1 "
      "NodeHostName=ip-10-0-0-1 OS=Linux 6.1 a=b RealMemory=7500 AllocMem=100 State=ALLOCATED+CLOUD "
      "Partitions=cloud "
      "BootTime=2026-11-23T08:00:00 ";
  for (const char* tail : {"Reason=x=y State=IDLE+CLOUD+POWERED_DOWN [root@2026-11-23T08:00:00]",
                           "Comment=State=DOWN NodeAddr=10.9.9.9",
                           "Reason==== [slurm@2026-11-23T08:00:00] Comment=NodeName=cloud-c5-1 State=DOWN",
                           "Extra={\"a\":\"b=c\"} Reason=k=v"}) {
    Says runner{head + tail + "\n"};
    slurm::CommandController controller{runner, {.bin = "/usr/bin", .slurm_conf = ""}};
    const auto nodes = controller.nodes({}, Deadline::after(seconds{1}));
    ASSERT_TRUE(nodes) << tail;
    ASSERT_EQ(nodes->size(), 1u) << tail;
    EXPECT_EQ(nodes->front().state, *slurm::parse_node_state("ALLOCATED+CLOUD")) << tail;
    EXPECT_EQ(nodes->front().address, "10.0.0.1") << tail;
    (*scene.world.slurm)[Scene::name(0)] = nodes->front();
    EXPECT_TRUE(scene.all<Terminate>().empty()) << tail;
    EXPECT_TRUE(scene.all<Fail>().empty()) << tail;
  }
  Says config{
      "SlurmctldParameters     = idle_on_node_suspend,node_reg_mem_percent=90\nSuspendTime             = 400 "
      "sec\n"};
  slurm::CommandController controller{config, {.bin = "/usr/bin", .slurm_conf = ""}};
  const auto values = controller.configuration(Deadline::after(seconds{1}));
  ASSERT_TRUE(values);
  EXPECT_EQ(values->at("SlurmctldParameters"), "idle_on_node_suspend,node_reg_mem_percent=90");
  EXPECT_EQ(values->at("SuspendTime"), "400 sec");
}

// 34: CLOUD → FUTURE, node vanishes | compare with the expected set
TEST(Rows, row_034_a_node_that_Slurm_lost_keeps_its_machine_for_a_while_and_is_reported) {
  Scene scene;
  scene.wish(0, Wanted::up);
  scene.wish(1, Wanted::up);
  scene.machine("i-1", 0).joined_at = kNow;
  scene.world.slurm->erase(Scene::name(0));
  scene.world.missing[Scene::name(0)] = kNow - seconds{30};
  scene.world.records.nodes.at(Scene::name(0)).wanted = Wanted::down;
  EXPECT_TRUE(scene.all<Terminate>().empty());
  scene.world.missing[Scene::name(0)] = kNow - seconds{130};
  ASSERT_EQ(scene.all<Terminate>().size(), 1u);
  EXPECT_EQ(scene.all<Terminate>()[0].reason, "Slurm has no such node");
}

// 35: dead names stall slurmctld about 4 s each | numeric NodeAddr; reset it
TEST(Rows, row_035_Slurm_has_an_address_while_there_is_a_machine_and_the_nodes_name_afterwards) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  EXPECT_EQ(s.node(0).address, s.instances()[0].private_ip.value);
  s.slurm.finish(job);
  s.later();
  EXPECT_EQ(s.node(0).address, "cloud-c5-0");
}

// 36: node in maintenance or COMPLETING replaced | honour the flags
TEST(Rows, row_036_a_node_in_maintenance_or_completing_is_left_alone) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{600};
  scene.machine("i-1", 0).joined_at = kNow - seconds{500};
  for (const char* state :
       {"DOWN+CLOUD+MAINTENANCE+NOT_RESPONDING", "DOWN+CLOUD+COMPLETING+NOT_RESPONDING"}) {
    scene.slurm(0, state, "Not responding");
    EXPECT_TRUE(scene.all<Fail>().empty()) << state;
    EXPECT_TRUE(scene.all<Terminate>().empty()) << state;
  }
  scene.slurm(0, "DOWN+CLOUD+NOT_RESPONDING", "Not responding");
  EXPECT_EQ(scene.all<Fail>().size(), 1u);
}

// 37: hostname flips at boot | bound identity
TEST(Rows, row_037_who_an_instance_is_comes_from_the_launch_document_alone) {
  Scenario s;
  s.submit(0, 1);
  s.run();
  ASSERT_EQ(s.keys("launches/").size(), 1u);
  for (const auto& [id, machine] : s.records().machines) EXPECT_FALSE(machine.node.empty());
}

// 38: repeated boot failure burns money | park the partition after N = 10
TEST(Rows, row_038_ten_machines_in_a_row_that_never_join_park_the_group) {
  Scenario s;
  s.boots_ = false;
  s.submit(0, 9);
  s.run(75);
  ASSERT_TRUE(s.records().groups.contains(GroupName{"cloud-c5"}));
  EXPECT_THAT(s.records().groups.at(GroupName{"cloud-c5"}).reason,
              HasSubstr("10 machines in a row did not join"));
  const int64_t before = s.launches();
  for (int i = 0; i < 100; ++i) s.run(1);
  EXPECT_EQ(s.launches(), before) << "nothing is spent on it for ten minutes";
  EXPECT_TRUE(s.instances().empty());
  s.boots_ = true;
  s.clock_.advance(std::chrono::minutes{12});
  s.run(300);
  EXPECT_EQ(s.joined(), 10u);
  EXPECT_EQ(s.records().groups.at(GroupName{"cloud-c5"}).strikes, 0) << "one that joins is a new beginning";
}

}  // namespace
}  // namespace spillway::fleet
