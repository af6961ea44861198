#include <gtest/gtest.h>
#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "base/file.h"
#include "slurm/command_controller.h"
#include "slurm/hostlist.h"
#include "slurm/output.h"
#include "slurm/resume_file.h"

namespace spillway::slurm {
namespace {

TEST(Output, NoReasonPassesForAState) {
  const auto nodes = parse_nodes(
      "NodeName=cloud-c5-0 CoresPerSocket=1 NodeAddr=172.31.0.4 NodeHostName=ip-172-31-0-4 State=DOWN+CLOUD "
      "Weight=1 "
      "Comment=x Reason=broken State=IDLE NodeName=op1 [root@2026-11-22T10:00:00]\n"
      "\nnoise\nNodeName=op1 Arch=x86_64 NodeAddr=op1 NodeHostName=op1 State=IDLE ThreadsPerCore=1\n");
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].name.value, "cloud-c5-0");
  EXPECT_TRUE(nodes[0].state.is_down());
  EXPECT_EQ(nodes[0].address, "172.31.0.4");
  EXPECT_EQ(nodes[0].reason, "broken State=IDLE NodeName=op1");
  EXPECT_TRUE(nodes[1].state.is_up());
  EXPECT_EQ(nodes[1].reason, "");
}

/// One cloud node's life as slurmctld 22.05.8 printed it: State, NodeAddr and what stands behind
/// LastBusyTime.
std::string printed(std::string_view state, std::string_view address, std::string_view last = "") {
  return fmt::format(
      "NodeName=cloud-c5-0 Arch=x86_64 CoresPerSocket=1  CPUAlloc=1 CPUEfctv=2 CPUTot=2 CPULoad=0.05 "
      "AvailableFeatures=(null) ActiveFeatures=(null) Gres=(null) NodeAddr={} NodeHostName=ctl "
      "Version=22.05.8 "
      "OS=Linux 6.1.0 #1 SMP PREEMPT_DYNAMIC @0  RealMemory=500 AllocMem=100 FreeMem=17774 Sockets=2 "
      "Boards=1 State={} "
      "ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=cloud,all  "
      "BootTime=2026-11-23T00:00:04 "
      "SlurmdStartTime=None LastBusyTime=Unknown CfgTRES=cpu=2,mem=500M,billing=2 AllocTRES= CapWatts=n/a "
      "CurrentWatts=0 AveWatts=0 ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s{}\n",
      address, state, last);
}

TEST(Output, ReadsWhatSlurmPrintsOfACloudNode) {
  const Node up = parse_nodes(printed("MIXED+CLOUD", "172.31.0.4")).at(0);
  EXPECT_EQ(up.address, "172.31.0.4");
  EXPECT_EQ(up.hostname, "ctl");
  EXPECT_EQ(up.partitions, (std::vector<std::string>{"cloud", "all"}));
  EXPECT_EQ(up.cpus, 2);
  EXPECT_EQ(up.cpus_allocated, 1);
  EXPECT_EQ(up.memory_mib, 500);
  EXPECT_EQ(up.memory_allocated_mib, 100);
  EXPECT_EQ(to_iso8601_seconds(*up.boot_time), "2026-11-23T00:00:04Z");
  EXPECT_FALSE(up.slurmd_start_time);
  EXPECT_FALSE(up.last_busy);
  EXPECT_FALSE(up.ambiguous);
  EXPECT_TRUE(up.state.is_up());

  for (const char* state :
       {"IDLE+CLOUD+POWERED_DOWN", "ALLOCATED+CLOUD+POWERED_DOWN", "MIXED+CLOUD+NOT_RESPONDING+POWERING_UP",
        "IDLE+CLOUD+COMPLETING", "IDLE+CLOUD+POWER_DOWN+NOT_RESPONDING", "IDLE+CLOUD+POWERING_DOWN",
        "DOWN+CLOUD+POWERED_DOWN+NOT_RESPONDING", "DOWN+CLOUD+POWER_UP+POWERED_DOWN+NOT_RESPONDING",
        "IDLE+CLOUD+DRAIN+POWERING_DOWN"}) {
    const Node node = parse_nodes(printed(state, "cloud-c5-0")).at(0);
    EXPECT_EQ(node.state, *parse_node_state(state)) << state;
    EXPECT_TRUE(node.state.unknown.empty()) << state;
  }
  EXPECT_EQ(
      parse_nodes(printed("DOWN+CLOUD", "a", " Reason=x y [root@2026-11-23T00:00:16] Comment=c State=IDLE"))
          .at(0)
          .reason,
      "x y");
}

TEST(Output, ANodeThatTellsAFieldTwiceIsNotBelieved) {
  // Root on a cloud node registers this as its operating system.
  const auto forged = parse_nodes(
      "NodeName=c5-0 Arch=x86_64 NodeAddr=10.0.0.1 NodeHostName=h OS=Linux State=IDLE ThreadsPerCore=1 "
      "RealMemory=1 "
      "State=DOWN+CLOUD ThreadsPerCore=1\n");
  ASSERT_EQ(forged.size(), 1u);
  EXPECT_TRUE(forged[0].ambiguous);
  EXPECT_EQ(forged[0].state.base, NodeState::Base::unknown);
  EXPECT_FALSE(forged[0].state.is_up());

  // The same with a line break, to speak for another node.
  const auto broken = parse_nodes(
      "NodeName=c5-0 OS=x\nNodeName=c5-1 State=DOWN RealMemory=1 State=IDLE\nNodeName=c5-1 "
      "State=ALLOCATED+CLOUD\n");
  ASSERT_EQ(broken.size(), 2u);
  EXPECT_TRUE(broken[1].ambiguous);
  EXPECT_FALSE(broken[1].state.is_down());

  for (const char* reason :
       {"x State=IDLE NodeName=op1 NodeAddr=1.2.3.4", "a=b | c \"d\" 'e' [f]", "State=DOWN NodeName="}) {
    const auto plain = parse_nodes(
        fmt::format("NodeName=c5-0 NodeAddr=a State=DOWN+CLOUD Partitions=p Reason={} [root@x]\n", reason));
    ASSERT_EQ(plain.size(), 1u);
    EXPECT_FALSE(plain[0].ambiguous) << reason;
    EXPECT_TRUE(plain[0].state.is_down()) << reason;
    EXPECT_EQ(plain[0].reason, reason);
  }
}

TEST(Output, ReadsJobsAndRecords) {
  const auto jobs = parse_jobs(
      "12;10;2;CONFIGURING;1000;cloud;acct;2;4;2026-11-22T10:00:00;N/A;cloud-c5-[0-1]\n13;13;N/"
      "A;PENDING;1000;onprem,cloud;a;1;1;2026-11-22T10:00:00;N/A;\nrubbish\n");
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].nodes.size(), 2u);
  EXPECT_EQ(jobs[0].array_index, 2);
  EXPECT_EQ(jobs[1].partition, "onprem,cloud");
  EXPECT_FALSE(jobs[1].array_index);
  const auto records = parse_records(
      "7_1|8|COMPLETED|0:0|cloud|acct|alice|2|1|2026-11-22T10:00:00|2026-11-22T10:00:00|2026-11-22T10:00:05|"
      "2026-11-22T10:"
      "00:06|cloud-c5-0\n"
      "9|9|CANCELLED by 1000|0:15|cloud|acct|alice|0|0|2026-11-22T10:00:00|Unknown|None|Unknown|None "
      "assigned\n");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].job_id, "7_1");
  EXPECT_EQ(to_iso8601_seconds(*records[0].start), "2026-11-22T10:00:05Z");
  EXPECT_EQ(records[1].state, "CANCELLED");
  EXPECT_FALSE(records[1].start);
  EXPECT_EQ(records[1].signal, 15);
  EXPECT_TRUE(records[1].nodes.empty());
  EXPECT_EQ(*parse_version("slurm 22.05.8\n"), (Version{22, 5}));
  EXPECT_EQ(parse_configuration("SuspendTime             = 2 sec\nBroken\n").at("SuspendTime"), "2 sec");
}

TEST(ResumeFile, ReadsBothShapes) {
  EXPECT_EQ(
      parse_resume_file(R"({"jobs":[{"job_id":28,"nodes":"cloud[001-002]"}],"all_nodes":"cloud[001-002]"})")
          ->jobs[0]
          .nodes.size(),
      2u);
  const auto newer = parse_resume_file(
      R"({"all_nodes_resume":"c1","jobs":[{"job_id":5,"nodes_alloc":"c[1-2]","nodes_resume":"c1","features":null}]})");
  EXPECT_EQ(newer->jobs[0].nodes, std::vector<NodeName>{NodeName{"c1"}});
  for (const char* text : {"", "[]", "{}", R"({"jobs":[{"job_id":1,"nodes":"c[0-"}]})"})
    EXPECT_FALSE(parse_resume_file(text)) << text;
}

/// A runner that plays scontrol: it keeps what update sets and shows it.
class ScontrolModel : public Runner {
 public:
  Result<Finished> run(const Program& program, Deadline) override {
    calls.push_back(program.argv);
    if (silent)
      return Finished{1, "", "slurm_load_node error: Unable to contact slurm controller (connect failure)"};
    if (program.argv[1] == "--version") return Finished{0, "slurm 20.02.3\n", ""};
    if (program.argv[1] == "update") {
      const auto value = [&](size_t i) { return program.argv[i].substr(program.argv[i].find('=') + 1); };
      const auto nodes = *expand(value(2));
      if (program.argv[3].starts_with("nodeaddr=")) {
        const auto addresses = *expand(value(3)), hosts = *expand(value(4));
        for (size_t i = 0; i < nodes.size(); ++i) {
          shown[nodes[i]] = deaf ? "old" : addresses.at(i).value;
          hostnames[nodes[i]] = hosts.at(i).value;
        }
      }
      return Finished{};
    }
    std::string out;
    const auto asked = *expand(program.argv.back());
    for (const NodeName& node : asked)
      out += fmt::format("NodeName={} NodeAddr={} NodeHostName={} State=IDLE\n", node, shown[node],
                         garbled ? "other" : hostnames[node]);
    return Finished{0, out, ""};
  }
  std::vector<std::vector<std::string>> calls;
  std::map<NodeName, std::string> shown, hostnames;
  bool deaf = false, garbled = false, silent = false;
};

TEST(CommandController, PairsNodesWithAddressesWhateverTheOrder) {
  ScontrolModel model;
  CommandController controller{model, {}};
  const Deadline deadline = Deadline::after(std::chrono::seconds{5});
  std::vector<AddressUpdate> updates;
  for (const int i : {10, 2, 0, 7})
    updates.push_back(
        {NodeName{fmt::format("c5-{}", i)}, IpAddress{fmt::format("10.0.0.{}", i)}, fmt::format("ip-{}", i)});
  ASSERT_TRUE(controller.set_addresses(updates, deadline));
  for (const AddressUpdate& update : updates) EXPECT_EQ(model.shown[update.node], update.address.value);
  model.garbled = true;
  EXPECT_EQ(controller.set_addresses(updates, deadline).error().code, "SPW-SLURM-017");
  model.garbled = false;
  model.deaf = true;
  EXPECT_EQ(controller.set_addresses(updates, deadline).error().code, "SPW-SLURM-017");
  updates.push_back(updates[0]);
  EXPECT_FALSE(controller.set_addresses(updates, deadline));
}

TEST(CommandController, SpeaksToOldVersionsAndSaysWhoIsSilent) {
  ScontrolModel model;
  CommandController controller{model, {.bin = "/opt/slurm/bin", .slurm_conf = "/etc/x.conf"}};
  const Deadline deadline = Deadline::after(std::chrono::seconds{5});
  ASSERT_TRUE(controller.set_state({NodeName{"c1"}}, NodeAction::power_down_force, "", deadline));
  EXPECT_EQ(model.calls.back(), (std::vector<std::string>{"/opt/slurm/bin/scontrol", "update", "nodename=c1",
                                                          "state=power_down"}));
  ASSERT_TRUE(controller.set_state({NodeName{"c1"}}, NodeAction::down, "it's \"x\"\n", deadline));
  EXPECT_EQ(model.calls.back().back(), "reason=it s  x  ");
  EXPECT_EQ(controller.set_state({NodeName{"c1"}}, NodeAction::drain, " ", deadline).error().kind,
            Kind::invalid);
  model.silent = true;
  EXPECT_EQ(controller.nodes({}, deadline).error().code, "SPW-SLURM-010");
}

}  // namespace
}  // namespace spillway::slurm
