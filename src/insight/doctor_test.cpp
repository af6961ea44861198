#include <gmock/gmock.h>

#include "insight/checks.h"
#include "insight/codes.h"
#include "insight/judge_nodes.h"

namespace spillway::insight {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> codes(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const Finding& finding : findings)
    if (finding.health != Health::good) out.push_back(finding.code);
  return out;
}

TEST(PowerSaving, IsJudgedAsSlurmPrintsIt) {
  std::map<std::string, std::string> running{{"ResumeProgram", "/r"},     {"SuspendProgram", "/s"},
                                             {"ResumeFailProgram", "/f"}, {"PrologSlurmctld", "/p"},
                                             {"SuspendTime", "400 sec"},  {"SuspendTimeout", "60 sec"},
                                             {"ResumeTimeout", "300 sec"}};
  EXPECT_THAT(codes(judge_power_saving(running)), IsEmpty());
  running["SuspendTime"] = "120 sec";
  EXPECT_THAT(codes(judge_power_saving(running)), ElementsAre("SPW-SLURM-030"));
  running["SuspendTime"] = "INFINITE";
  EXPECT_THAT(codes(judge_power_saving(running)), IsEmpty());
  running["ResumeFailProgram"] = "(null)";
  running.erase("PrologSlurmctld");
  EXPECT_THAT(codes(judge_power_saving(running)), ElementsAre("SPW-SLURM-031", "SPW-SLURM-032"));
}

slurm::Node node(std::string name, std::string version = "") {
  slurm::Node out{.name = NodeName{std::move(name)}};
  out.state.flags = slurm::NodeState::kCloud;
  out.version = std::move(version);
  return out;
}

TEST(Versions, SlurmdsMayBeTwoReleasesOlderAndNeverNewer) {
  struct Case {
    slurm::Version controller;
    const char* slurmd;
    std::vector<std::string> codes;
  };
  for (const auto& [controller, slurmd, wanted] :
       {Case{{22, 5}, "22.05.8", {}}, Case{{22, 5}, "20.11.9", {}},
        Case{{22, 5}, "20.02.7", {"SPW-SLURM-034"}}, Case{{22, 5}, "23.02.1", {"SPW-SLURM-033"}},
        Case{{25, 11}, "25.05.1", {}}, Case{{25, 11}, "24.11.0", {}},
        Case{{25, 11}, "24.05.0", {"SPW-SLURM-034"}}, Case{{22, 5}, "", {}}, Case{{22, 5}, "odd", {}}})
    EXPECT_EQ(codes(judge_versions(controller, {node("c-0", slurmd), node("c-1", "")})), wanted) << slurmd;
}

config::Partitions two_nodes() {
  return *config::parse_partitions(
      *Json::parse(
          R"({"Partitions": [{"PartitionName": "cloud", "NodeGroups": [{"NodeGroupName": "c5", "MaxNodes": 2,
        "Region": "us-east-1", "SlurmSpecifications": {}, "PurchasingOption": "on-demand",
        "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}]}]}]})"),
      "p", config::LaunchFrom::the_site);
}

TEST(Groups, AreKnownToSlurmAndWithinTheirTypes) {
  slurm::Node first = node("cloud-c5-0"), second = node("cloud-c5-1");
  first.cpus = 4, first.memory_mib = 7500;
  EXPECT_THAT(codes(judge_groups(two_nodes(), config::shape_of, {first, second})), IsEmpty());
  EXPECT_THAT(codes(judge_groups(two_nodes(), config::shape_of, {first})), ElementsAre("SPW-SLURM-035"));
  first.cpus = 8, first.memory_mib = 32000;
  const auto found = judge_groups(two_nodes(), config::shape_of, {first, second});
  EXPECT_THAT(codes(found), ElementsAre("SPW-SLURM-036", "SPW-SLURM-036"));
  EXPECT_THAT(found[0].what, testing::HasSubstr("RealMemory=7527 at most"));
}

TEST(Addresses, ThatSlurmLostAreFoundAndToldAgain) {
  fleet::MachineRecord right{
      .id = InstanceId{"i-1"}, .node = NodeName{"cloud-c5-0"}, .address = IpAddress{"10.0.0.1"}};
  right.addressed_at = Time{std::chrono::seconds{1}};
  fleet::MachineRecord wrong = right, going = right;
  wrong.node = NodeName{"cloud-c5-1"}, wrong.address = IpAddress{"10.0.0.2"};
  going.node = NodeName{"cloud-c5-2"}, going.terminate_at = Time{std::chrono::seconds{2}};
  std::vector<slurm::Node> nodes{node("cloud-c5-0"), node("cloud-c5-1"), node("cloud-c5-2")};
  nodes[0].address = "10.0.0.1", nodes[1].address = "cloud-c5-1", nodes[2].address = "cloud-c5-2";
  for (slurm::Node& each : nodes) each.state.base = slurm::NodeState::Base::idle;
  std::vector<slurm::AddressUpdate> stale;
  EXPECT_THAT(codes(judge_addresses({right, wrong, going}, nodes, stale)), ElementsAre("SPW-SLURM-037"));
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_EQ(stale[0].address, IpAddress{"10.0.0.2"});
  EXPECT_EQ(stale[0].hostname, "ip-10-0-0-2");
  nodes[1].state.flags |= slurm::NodeState::kPoweredDown;
  stale.clear();
  EXPECT_THAT(codes(judge_addresses({right, wrong, going}, nodes, stale)), IsEmpty());
}

TEST(Premises, AreNeverPoweredDown) {
  slurm::Node own = node("op1");
  own.state = {slurm::NodeState::Base::idle, slurm::NodeState::kPoweredDown, {}};
  slurm::Node cloud = node("cloud-c5-0");
  cloud.state.flags |= slurm::NodeState::kPoweredDown;
  EXPECT_THAT(codes(judge_premises(two_nodes(), {own, cloud})), ElementsAre("SPW-SLURM-038"));
  EXPECT_THAT(codes(judge_premises(two_nodes(), {cloud})), IsEmpty());
}

TEST(NodeNames, AreJudgedByWhatTheNodeSays) {
  const NodeView view = read_node_view(
      "time 1700000000.5\nforward a.example.com 10.0.0.1\nforward b.example.com \nbackward 10.0.0.1 "
      "a.example.com\n"
      "backward 10.0.0.2 b\nnoise\n");
  EXPECT_DOUBLE_EQ(view.clock_s, 1700000000.5);
  const NodeName who{"a"};
  EXPECT_THAT(codes(judge_node_names(who, view, {{"a.example.com", "10.0.0.1", true}})), IsEmpty());
  EXPECT_THAT(codes(judge_node_names(who, view, {{"b.example.com", "10.0.0.2", true}})),
              ElementsAre("SPW-DNS-035"));
  EXPECT_THAT(codes(judge_node_names(who, view, {{"c.example.com", "10.0.0.3", true}})),
              ElementsAre("SPW-DNS-035", "SPW-DNS-035"));
  EXPECT_THAT(codes(judge_node_names(who, view, {{"c.example.com", "10.0.0.3", false}})),
              ElementsAre("SPW-DNS-035"));
}

TEST(Clock, IsJudgedByWhatSignaturesBear) {
  EXPECT_EQ(judge_clock("AWS's clock", std::chrono::seconds{2}).health, Health::good);
  EXPECT_EQ(judge_clock("AWS's clock", std::chrono::seconds{-20}).health, Health::warning);
  const Finding far = judge_clock("AWS's clock", std::chrono::seconds{-400});
  EXPECT_EQ(far.health, Health::bad);
  EXPECT_EQ(far.what, "AWS's clock is 400 s behind our clock");
}

TEST(Codes, EveryOneHasACauseAndARemedy) {
  EXPECT_GT(kKnownCodeCount, 100u);
  for (size_t i = 0; i < kKnownCodeCount; ++i) {
    EXPECT_FALSE(kKnownCodes[i].why.empty()) << kKnownCodes[i].id;
    EXPECT_FALSE(kKnownCodes[i].fix.empty()) << kKnownCodes[i].id;
  }
  ASSERT_TRUE(find_code("SPW-VPN-026"));
  ASSERT_TRUE(find_code("SPW-GEN-001"));
  EXPECT_FALSE(find_code("SPW-NOT-999"));
}

TEST(Findings, OfErrorsWithoutACodeHaveTheGeneralOne) {
  EXPECT_EQ(finding_of(Error{Kind::not_found, "x"}).code, "SPW-GEN-004");
}

}  // namespace
}  // namespace spillway::insight
