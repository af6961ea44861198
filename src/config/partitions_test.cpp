#include "config/partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/instance_shape.h"
#include "config/partition_advice.h"
#include "config/samples.h"

namespace spillway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Partitions> parse(const Json& root) {
  return parse_partitions(root, "p.json");
}
Json tutorial() {
  return *Json::parse(samples::kTutorialPartitions);
}

/// The tutorial's file with changes to its one group, given as JSON members (null removes one).
Json with(const char* changes, const char* where = "group") {
  Json root = *Json::parse(samples::kTutorialPartitions);
  Json& partition = root.mutable_members()[0].second.mutable_items()[0];
  Json* target = &partition;
  if (std::string_view(where) == "group")
    for (auto& [key, value] : partition.mutable_members())
      if (key == "NodeGroups") target = &value.mutable_items()[0];
  const Json parsed = *Json::parse(changes);
  for (const auto& [key, value] : parsed.members()) {
    if (value.is_null())
      target->erase(key);
    else
      target->set(key, value);
  }
  return root;
}
std::string problem(const Json& root) {
  const auto read = parse(root);
  if (read) return "";
  EXPECT_EQ(read.error().code, "SPW-CONFIG-003");
  EXPECT_EQ(read.error().kind, Kind::invalid);
  return read.error().what;
}
std::string warnings(const Json& root) {
  const auto read = parse(root);
  if (!read) return "refused: " + read.error().what;
  std::string out;
  for (const std::string& warning : read->warnings) out += warning + "\n";
  return out;
}

TEST(Partitions, AGroupMayLeaveItsLaunchTemplateToTheSite) {
  const Json document = *Json::parse(R"({"Partitions": [{"PartitionName": "cloud", "NodeGroups": [{
      "NodeGroupName": "c5", "MaxNodes": 2, "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "2"},
      "PurchasingOption": "on-demand", "LaunchTemplateOverrides": [{"InstanceType": "c5.large"}]}]}]})");
  const auto read = parse_partitions(document, "p", LaunchFrom::the_site);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_TRUE(read->partitions[0].groups[0].launches_from_site());
  EXPECT_TRUE(read->warnings.empty());
  const auto plugin = parse_partitions(document, "p");
  ASSERT_FALSE(plugin);
  EXPECT_NE(plugin.error().what.find("LaunchTemplateSpecification"), std::string::npos);
  EXPECT_NE(plugin.error().what.find("SubnetIds"), std::string::npos);
}

TEST(Partitions, ReadsTheTutorialsFile) {
  const auto read = parse(tutorial());
  ASSERT_TRUE(read) << read.error().what;
  const NodeGroup& group = read->partitions[0].groups[0];
  EXPECT_EQ(group.group(), GroupName("cloud-c5"));
  EXPECT_EQ(group.max_nodes, 20);
  EXPECT_EQ(group.region, "us-east-1");
  EXPECT_EQ(group.source.purchasing, "on-demand");
  EXPECT_THAT(group.specifications, ElementsAre(std::pair{"CPUs", "4"}, std::pair{"RealMemory", "32000"}));
  EXPECT_EQ(group.launch_template["Version"].as_string(), "$Latest");
  EXPECT_THAT(group.instance_types(), ElementsAre("c5.xlarge"));
  EXPECT_THAT(group.source.subnets, ElementsAre("subnet-11111111"));
  EXPECT_EQ(group.range(), "cloud-c5-[0-19]");
  EXPECT_EQ(group.node(19), NodeName("cloud-c5-19"));
  EXPECT_EQ(read->partitions[0].options[1].second, "CPU=4.0,Mem=0.25G,Node=2.0");
}

TEST(Partitions, SaysWhatIsWrongWithTheTutorialsFile) {
  const std::string all = warnings(*Json::parse(samples::kTutorialPartitions));
  EXPECT_THAT(all, HasSubstr("RealMemory: 32000 MiB is more than a c5.xlarge has (8192 MiB)"));
  EXPECT_THAT(all, HasSubstr("DefMemPerCPU: 8000 MiB × 4 CPUs is 32000 MiB"));
  EXPECT_THAT(all, HasSubstr("$Latest changes under a running cluster"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3) << all;
}

TEST(Partitions, HasNothingToSayOfAGoodFile) {
  Json root = with(R"({"SlurmSpecifications": {"CPUs": 4, "RealMemory": 7600},
    "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": 3}})");
  root.mutable_members()[0].second.mutable_items()[0].set("PartitionOptions",
                                                          Json::object({{"DefMemPerCPU", 1900}}));
  EXPECT_EQ(warnings(root), "");
}

struct BadCase {
  const char* changes;
  const char* says;
};
const BadCase kBad[] = {
    {R"({"NodeGroupName": "c-5"})",
     "Partitions[0].NodeGroups[0].NodeGroupName: want letters and digits only"},
    {R"({"NodeGroupName": null})", "NodeGroupName: is missing"},
    {R"({"NodeGroupName": null, "NodegroupName": "c5"})", "is \"NodegroupName\" meant to be it?"},
    {R"({"MaxNodes": "20"})", "MaxNodes: want a whole number, found \"20\""},
    {R"({"MaxNodes": 0})", "MaxNodes: want 1 to 64000, found 0"},
    {R"({"MaxNodes": 64001})", "found 64001"},
    {R"({"MaxNodes": null})", "MaxNodes: is missing"},
    {R"({"Region": null})", "Region: is missing"},
    {R"({"Region": ""})", "Region: want a text that is not empty"},
    {R"({"PurchasingOption": "Spot"})", "want \"spot\" or \"on-demand\", found \"Spot\""},
    {R"({"SlurmSpecifications": []})", "SlurmSpecifications: want an object, found array"},
    {R"({"SlurmSpecifications": {"CPUs": {"a": 1}}})", "SlurmSpecifications.CPUs: want a text or a number"},
    {R"({"SlurmSpecifications": {"CPUs": "4\nNodeName=evil"}})", "SlurmSpecifications.CPUs"},
    {R"({"SlurmSpecifications": {"CP Us": "4"}})", "is no key of slurm.conf"},
    {R"({"LaunchTemplateSpecification": {}})", "want LaunchTemplateName or LaunchTemplateId"},
    {R"({"LaunchTemplateSpecification": {"LaunchTemplateName": "a", "LaunchTemplateId": "b"}})", "not both"},
    {R"({"LaunchTemplateOverrides": {}})", "LaunchTemplateOverrides: want an array"},
    {R"({"LaunchTemplateOverrides": [{"SubnetId": "s"}]})",
     "LaunchTemplateOverrides[0].SubnetId: must not be set"},
    {R"({"SubnetIds": "s"})", "SubnetIds: want an array"},
    {R"({"SubnetIds": [1]})", "SubnetIds: want texts"},
    {R"({"SpotOptions": "x"})", "SpotOptions: want an object"},
    {R"({"Tags": {"a": "b"}})", "Tags: want an array"},
    {R"({"Tags": [{"Key": "a"}]})", "Tags[0]: want {\"Key\": text"},
    {R"({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]})",
     "Tags[1]: the key \"a\" is there twice"},
    {R"({"MPIOptions": {"TimeoutSeconds": 0}})", "NodeGroups[0].MPIOptions.TimeoutSeconds"},
};

TEST(Partitions, RefusesWhatThePluginRefuses) {
  for (const auto& [changes, says] : kBad) EXPECT_THAT(problem(with(changes)), HasSubstr(says)) << changes;
  EXPECT_THAT(problem(*Json::parse(R"({"Partition": []})")),
              HasSubstr("Partitions: is missing; is \"Partition\""));
  EXPECT_THAT(problem(*Json::parse("[]")), HasSubstr("want an object, found array"));
  EXPECT_THAT(problem(with(R"({"NodeGroups": []})", "partition")), HasSubstr("at least one group"));
  EXPECT_THAT(problem(with(R"({"PartitionName": "c_loud"})", "partition")), HasSubstr("letters and digits"));
}

TEST(Partitions, ReportsAllMistakesAtOnce) {
  const std::string all = problem(with(R"({"MaxNodes": "x", "Region": null, "SubnetIds": 3})"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 2) << all;
}

Json doubled(const char* changes_of_second) {
  Json root = *Json::parse(samples::kTutorialPartitions);
  const Json second = with(changes_of_second);
  root.mutable_members()[0].second.push(second["Partitions"].at(0));
  return root;
}

TEST(Partitions, RefusesRepeatedNames) {
  EXPECT_THAT(problem(doubled("{}")), HasSubstr("the partition cloud is there twice"));
  Json groups = *Json::parse(samples::kTutorialPartitions);
  Json& partition = groups.mutable_members()[0].second.mutable_items()[0];
  Json list = partition["NodeGroups"];
  list.push(list.at(0));
  partition.set("NodeGroups", list);
  EXPECT_THAT(problem(groups), HasSubstr("the group c5 is there twice in partition cloud"));

  // Without the partition in their names, groups of two partitions collide.
  Json two = *Json::parse(samples::kTutorialPartitions);
  Json first = with(R"({"NodeNameStartsWithNodeGroupName": true})")["Partitions"].at(0);
  Json other = first;
  other.set("PartitionName", "more");
  two.set("Partitions", Json::array({first, other}));
  EXPECT_THAT(problem(two), HasSubstr("the groups cloud-c5 and more-c5 would have nodes of the same names"));
}

TEST(Partitions, WarnsOfUnknownKeysAndGoesOn) {
  EXPECT_THAT(
      warnings(with(R"({"Tgas": []})")),
      HasSubstr(
          "Partitions[0].NodeGroups[0].Tgas: is no known key and has no effect; did you mean \"Tags\"?"));
  EXPECT_THAT(warnings(with(R"({"PartitionOption": {}})", "partition")),
              HasSubstr("did you mean \"PartitionOptions\"?"));
}

TEST(Partitions, SaysOfWhichKeysOfForksItDoesNothing) {
  const std::string all = warnings(with(R"({"EnableIPv6": true, "NodeNameStartsFrom1": true})"));
  EXPECT_THAT(all, HasSubstr("EnableIPv6: is accepted and has no effect in this version"));
  EXPECT_THAT(all, testing::Not(HasSubstr("NodeNameStartsFrom1")));
}

TEST(Partitions, TakesTheKeysOfForks) {
  const auto read = parse(with(R"({"EnableMPISupport": true, "PlacementGroupName": "pg", "EnableIPv6": "1",
    "UseNodeName": "0", "NodeNameStartsFrom1": true, "NodeNameStartsWithNodeGroupName": "1",
    "MPIOptions": {"WaitForAllNodes": true, "HealthChecks": ["slurmd", "efa"], "RequirePlacementGroup": true}})"));
  ASSERT_TRUE(read) << read.error().what;
  const NodeGroup& group = read->partitions[0].groups[0];
  EXPECT_EQ(group.range(), "c5-[1-20]");
  EXPECT_EQ(group.node(0), NodeName("c5-1"));
  EXPECT_TRUE(group.one_zone);
  EXPECT_EQ(group.placement_group, "pg");
}

TEST(Partitions, AFallbackIsAsTheSourceWhereItSaysNothingElse) {
  const auto read = parse(with(R"({"SpotOptions": {"AllocationStrategy": "capacity-optimized"},
    "Fallback": {"PurchasingOption": "on-demand", "LaunchTemplateOverrides": [{"InstanceType": "m5.xlarge"}]}})"));
  ASSERT_TRUE(read) << read.error().what;
  const NodeGroup& group = read->partitions[0].groups[0];
  ASSERT_TRUE(group.fallback);
  EXPECT_EQ(group.fallback->purchasing, "on-demand");
  EXPECT_EQ(group.fallback->subnets, group.source.subnets);
  EXPECT_FALSE(group.fallback->spot_options.is_object()) << "options of another way of buying";
  EXPECT_THAT(group.instance_types(), testing::Contains("m5.xlarge"));
  const auto wrong = parse(with(R"({"Fallback": {"PurchasingOption": "barter", "Typ": 1}})"));
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().what, HasSubstr("Fallback.PurchasingOption: want \"spot\" or \"on-demand\""));
}

TEST(Partitions, KeepsWhatGoesToEc2AsItWasWritten) {
  const auto read = parse(with(R"({"SpotOptions": {"AllocationStrategy": "x", "Z": [1, {"k": null}]},
    "Tags": [{"Key": "owner", "Value": "{node_name}"}]})"));
  const NodeGroup& group = read->partitions[0].groups[0];
  EXPECT_EQ(group.source.spot_options.dump(), R"({"AllocationStrategy": "x", "Z": [1, {"k": null}]})");
  EXPECT_EQ(group.tags.dump(), R"([{"Key": "owner", "Value": "{node_name}"}])");
}

TEST(Partitions, FindsTheWayBackFromAName) {
  const auto plain = *parse(tutorial());
  const auto found = plain.find(NodeName("cloud-c5-19"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->group->group(), GroupName("cloud-c5"));
  EXPECT_EQ(found->index, 19);
  for (const char* name : {"cloud-c5-20", "cloud-c5-01", "cloud-c5-", "cloud-c5", "cloud-c6-1", "c5-1",
                           "cloud-c5--1", "cloud-c5-1x", "cloud-c5-99999999999", "", "-"})
    EXPECT_FALSE(plain.find(NodeName(name))) << name;

  const auto forked =
      *parse(with(R"({"NodeNameStartsFrom1": true, "NodeNameStartsWithNodeGroupName": true})"));
  EXPECT_EQ(forked.find(NodeName("c5-20"))->index, 19);
  EXPECT_FALSE(forked.find(NodeName("c5-0")));
  EXPECT_FALSE(forked.find(NodeName("cloud-c5-1")));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(forked.find(forked.partitions[0].groups[0].node(i))->index, i);
}

TEST(Partitions, OneNodeHasNoBrackets) {
  EXPECT_EQ(parse(with(R"({"MaxNodes": 1})"))->partitions[0].groups[0].range(), "cloud-c5-0");
}

TEST(Specifications, AreDerivedFromTheLeastOfTheGroupsTypes) {
  const ShapeOf shapes = [](std::string_view type) -> std::optional<InstanceShape> {
    if (type == "c5.xlarge") return InstanceShape{4, 8192};
    if (type == "x.big") return InstanceShape{64, 1024 * 1024};
    return std::nullopt;
  };
  struct Case {
    const char *specifications, *types, *line;
  };
  for (const auto& [given, types, line] :
       {Case{"{}", R"([{"InstanceType": "x.big"}, {"InstanceType": "c5.xlarge"}])", "CPUs=4 RealMemory=7527"},
        Case{R"({"CoresPerSocket": "2"})", R"([{"InstanceType": "c5.xlarge"}])",
             "CoresPerSocket=2 RealMemory=7527"},
        Case{R"({"cpus": "1", "realmemory": "100"})", R"([{"InstanceType": "c5.xlarge"}])",
             "cpus=1 realmemory=100"},
        Case{"{}", R"([{"InstanceType": "c5.xlarge"}, {"InstanceType": "unknown.large"}])", ""},
        Case{"{}", "[]", ""}}) {
    const std::string changes =
        fmt::format(R"({{"SlurmSpecifications": {}, "LaunchTemplateOverrides": {}}})", given, types);
    auto read = *parse(with(changes.c_str()));
    const size_t before = read.partitions[0].groups[0].specifications.size();
    const auto derived = derive_specifications(read, shapes);
    std::string found;
    for (const auto& [key, value] : read.partitions[0].groups[0].specifications)
      found += fmt::format("{}{}={}", found.empty() ? "" : " ", key, value);
    EXPECT_EQ(found, line);
    EXPECT_EQ(before + derived.size(), read.partitions[0].groups[0].specifications.size());
    EXPECT_EQ(without_specifications(read).empty(), *line != '\0') << given << types;
  }
}

TEST(InstanceShape, LeavesRoomForFirmwareAndKernel) {
  // About what free(1) shows as total on such instances.
  struct Case {
    InstanceShape shape;
    int64_t seen;
  };
  for (const auto& [shape, seen] :
       {Case{{2, 1024}, 949}, Case{{2, 4096}, 3699}, Case{{2, 8192}, 7668}, Case{{4, 16384}, 15577}}) {
    EXPECT_LT(safe_real_memory(shape), seen);
    EXPECT_GT(safe_real_memory(shape), seen * 3 / 4);
    EXPECT_GT(most_real_memory(shape), seen);
  }
}

TEST(InstanceShape, KnowsRegularFamilies) {
  struct Case {
    const char* type;
    int64_t vcpus, memory_mib;
  };
  for (const auto& [type, vcpus, memory] : {Case{"c5.xlarge", 4, 8192}, Case{"m6i.24xlarge", 96, 393216},
                                            Case{"r7g.medium", 1, 8192}, Case{"t3.2xlarge", 8, 32768}}) {
    const auto shape = shape_of(type);
    ASSERT_TRUE(shape) << type;
    EXPECT_EQ(shape->vcpus, vcpus) << type;
    EXPECT_EQ(shape->memory_mib, memory) << type;
  }
  for (const char* type :
       {"c5n.large", "c4.large", "p4d.24xlarge", "c5.metal", "c5", "", "c5.xxlarge", "hpc6a.48xlarge"})
    EXPECT_FALSE(shape_of(type)) << type;
}

}  // namespace
}  // namespace spillway::config
