#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "config/site.h"

namespace spillway::config {
namespace {

constexpr const char* kPartitions = R"({"Partitions": [{"PartitionName": "cloud", "NodeGroups": [{
  "NodeGroupName": "c5", "MaxNodes": 20, "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "4", "RealMemory": "32000"},
  "PurchasingOption": "on-demand", "OnDemandOptions": {"AllocationStrategy": "lowest-price"},
  "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": "$Latest"},
  "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}], "SubnetIds": ["subnet-1"]}],
  "PartitionOptions": {"MaxTime": "12:00:00"}}]})";

TEST(Partitions, ReadsTheTutorialsFileAndWarns) {
  const Partitions read = *parse_partitions(*Json::parse(kPartitions), "partitions.json");
  const NodeGroup& group = read.partitions[0].groups[0];
  EXPECT_EQ(group.range(), "cloud-c5-[0-19]");
  EXPECT_EQ(group.node(3).value, "cloud-c5-3");
  EXPECT_EQ(group.specifications[0].first, "CPUs");
  EXPECT_EQ(read.partitions[0].options[0].second, "12:00:00");
  ASSERT_EQ(read.warnings.size(), 1u);
  EXPECT_NE(read.warnings[0].find("$Latest"), std::string::npos);
}

TEST(Partitions, FindsTheWayBackFromANodesName) {
  NodeGroup group{.partition = "cloud", .name = "c5", .max_nodes = 20};
  EXPECT_EQ(group.index_of(NodeName{"cloud-c5-19"}), 19);
  for (const char* name :
       {"cloud-c5-20", "cloud-c5-", "cloud-c5-01", "cloud-c5--1", "cloud-c4-1", "cloud-c5-1x", "c5-1"})
    EXPECT_FALSE(group.index_of(NodeName{name})) << name;
  group.starts_from_1 = group.starts_with_group_name = true;
  EXPECT_EQ(group.range(), "c5-[1-20]");
  EXPECT_EQ(group.index_of(NodeName{"c5-20"}), 19);
  EXPECT_FALSE(group.index_of(NodeName{"c5-0"}));
  group.max_nodes = 1;
  EXPECT_EQ(group.range(), "c5-1");
}

TEST(Partitions, NamesEverythingThatIsWrong) {
  const auto read = parse_partitions(
      *Json::parse(R"({"Partitions": [{"PartitionName": "a-b", "NodeGroups": [{"NodeGroupName": "g",
    "MaxNodes": 0, "PurchasingOption": "cheap", "LaunchTemplateOverrides": [{"SubnetId": "s"}], "SubnetIds": []}]}]})"),
      "p.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "SPW-CONFIG-003");
  for (const char* word :
       {"PartitionName", "MaxNodes", "Region", "PurchasingOption", "LaunchTemplateSpecification",
        "SubnetId belongs", "SubnetIds must", "Partitions[0].NodeGroups[0]"})
    EXPECT_NE(read.error().what.find(word), std::string::npos) << word;
}

TEST(Partitions, WarnsOfUnknownKeys) {
  Json document = *Json::parse(kPartitions);
  document.mutable_members()[0].second.mutable_items()[0].set("NodeGroup", 1);
  const auto warnings = parse_partitions(document, "p")->warnings;
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("did you mean 'NodeGroups'"), std::string::npos) << warnings[0];
}

class SiteTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_);
    ASSERT_TRUE(write_file_atomically(folder_ / "partitions.json", kPartitions));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Result<Site> load(std::string_view text) {
    EXPECT_TRUE(write_file_atomically(folder_ / "spillway.yaml", text));
    return load_site(folder_ / "spillway.yaml", {});
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
};

constexpr std::string_view kGood =
    "apiVersion: spillway/v1\ncluster: {name: tundra}\naws: {region: us-east-1}\npartitions_file: "
    "partitions.json\n";

TEST_F(SiteTest, ReadsAndTellsWhereValuesComeFrom) {
  const Site site = *load(kGood);
  EXPECT_EQ(site.cluster.name, "tundra");
  EXPECT_EQ(site.data.keep_days, 14);
  const auto origin = [&](std::string_view path) {
    for (const FieldFacts& f : site.fields)
      if (f.path == path) return f.origin.substr(f.origin.rfind('/') + 1);
    return std::string("none");
  };
  EXPECT_EQ(origin("cluster.name"), "spillway.yaml:2");
  EXPECT_EQ(origin("data.keep_days"), "default");
}

struct BadCase {
  const char* added;
  const char* expected;
};
const BadCase kBad[] = {
    {"cluser: {name: x}\n", ":5:"},
    {"cluser: {name: x}\n", "did you mean 'cluster'"},
    {"data: {keep_days: 0}\n", "from 1 to 3650"},
    {"data: {keep_days: many}\n", "whole number"},
    {"data: {bukket: b}\n", "did you mean 'data.bucket'"},
    {"aws: {region: b}\n", "twice"},
    {"data: &a {bucket: b}\n", "anchors"},
    {"data: [1\n", "spillway.yaml"},
    {"data: {bucket: [1]}\n", "must be text"},
    {"---\nx: 1\n", "second document"},
    {"Partitions: []\n", "either partitions_file or Partitions"},
};

TEST_F(SiteTest, NamesWhatIsWrongAndWhere) {
  for (const BadCase& each : kBad) {
    const auto site = load(std::string(kGood) + each.added);
    ASSERT_FALSE(site) << each.added;
    EXPECT_EQ(site.error().kind, Kind::invalid);
    EXPECT_NE(site.error().what.find(each.expected), std::string::npos) << each.added << site.error().what;
  }
  EXPECT_EQ(load("apiVersion: spillway/v2\n").error().code, "SPW-CONFIG-002");
  EXPECT_EQ(load_site(folder_ / "none.yaml", {}).error().code, "SPW-CONFIG-004");
}

TEST_F(SiteTest, ReadsAPluginSite) {
  ASSERT_TRUE(write_file_atomically(folder_ / "config.json",
                                    R"({"SlurmBinPath": "/opt/slurm/bin/", "SlurmConf": {}})"));
  const Site site = *load_site(folder_, {});
  EXPECT_TRUE(site.plugin_v2);
  EXPECT_EQ(site.cluster.slurm_bin, "/opt/slurm/bin");
  EXPECT_EQ(site.partitions.partitions[0].groups[0].max_nodes, 20);
}

TEST(Schema, ListsKeysWithTheirLimits) {
  Tree tree{.shape = Tree::Shape::map};
  Reader reader{tree, "x"};
  DataConfig data;
  describe(reader, data);
  const Json schema = schema_of(reader.fields());
  EXPECT_EQ(schema["properties"]["data"]["properties"]["keep_days"]["maximum"].as_int(), 3650);
  EXPECT_FALSE(schema["properties"]["data"]["additionalProperties"].as_bool());
}

}  // namespace
}  // namespace spillway::config
