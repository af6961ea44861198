#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/file.h"
#include "config/samples.h"
#include "config/site.h"

namespace spillway::config {
namespace {

constexpr const char* kPartitions = R"({"Partitions": [{"PartitionName": "cloud", "NodeGroups": [{
  "NodeGroupName": "c5", "MaxNodes": 20, "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "4", "RealMemory": "32000"},
  "PurchasingOption": "on-demand", "OnDemandOptions": {"AllocationStrategy": "lowest-price"},
  "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": "$Latest"},
  "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}], "SubnetIds": ["subnet-1"]}],
  "PartitionOptions": {"MaxTime": "12:00:00"}}]})";

class SiteTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_);
    ASSERT_TRUE(write_file_atomically(folder_ / "partitions.json", kPartitions));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Result<Site> load(std::string_view text, const std::vector<Section>& sections = {}) {
    EXPECT_TRUE(write_file_atomically(folder_ / "spillway.yaml", text));
    return load_site(folder_ / "spillway.yaml", sections);
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
                                    R"({"SlurmBinPath": "/opt/slurm/bin/", "SlurmConf": {
    "PrivateData": "CLOUD", "ResumeProgram": "/r", "SuspendProgram": "/s", "ResumeRate": 1, "SuspendRate": 1,
    "ResumeTimeout": 1, "SuspendTime": 99, "TreeWidth": 1}})"));
  const Site site = *load_site(folder_, {});
  EXPECT_TRUE(site.plugin_v2);
  EXPECT_EQ(site.cluster.slurm_bin, "/opt/slurm/bin");
  EXPECT_EQ(site.partitions.partitions[0].groups[0].max_nodes, 20);
}

TEST_F(SiteTest, RefusesAPluginSiteThatThePluginWouldRefuse) {
  const auto problem = [&](std::string_view config) {
    EXPECT_TRUE(write_file_atomically(folder_ / "config.json", config));
    const auto site = load_site(folder_, {});
    return site ? "" : site.error().code + " " + site.error().what;
  };
  EXPECT_NE(problem("{}").find("SPW-CONFIG-005"), std::string::npos);
  EXPECT_NE(problem("{}").find("SlurmBinPath: is missing"), std::string::npos);
  EXPECT_NE(problem(R"({"SlurmBinPath": "/b", "SlurmConf": {}})").find("TreeWidth is missing"),
            std::string::npos);
  EXPECT_NE(problem(R"({"SlurmBinPath": "bin"})").find("want an absolute folder"), std::string::npos);
  EXPECT_NE(problem(R"({"LogLevel": "debug"})").find("LogLevel: want one of"), std::string::npos);
  EXPECT_NE(problem("nonsense").find("SPW-CONFIG-006"), std::string::npos);
}

TEST_F(SiteTest, TakesTheExampleOfTheManual) {
  const Section rooms_above = [](Reader& reader) {
    reader.opaque("vpn", "");
    reader.opaque("dns", "");
  };
  const auto site = load(samples::kSite, {rooms_above});
  ASSERT_TRUE(site) << site.error().what;
  EXPECT_EQ(site->budget.warn, (std::vector<std::string>{"50%", "80%"}));
  for (const FieldFacts& f : site->fields) EXPECT_EQ(f.used, !f.path.starts_with("budget.")) << f.path;
}

TEST(PluginConfig, WarnsOfContradictions) {
  Json config = *Json::parse(samples::kPluginConfig);
  const auto good = parse_plugin_config(config, "/etc/aws", "config.json");
  EXPECT_TRUE(good->warnings.empty());
  EXPECT_EQ(good->log_file, "/var/log/slurm/aws.log");
  EXPECT_EQ(good->slurm_conf.front().first, "PrivateData");
  EXPECT_EQ(good->slurm_setting("resumetimeout"), "300");
  Json slurm = config["SlurmConf"];
  slurm.set("SuspendTime", 120).set("PrivateData", "jobs");
  config.set("SlurmConf", slurm);
  config.erase("LogFileName");
  const auto odd = parse_plugin_config(config, "/etc/aws", "config.json");
  ASSERT_EQ(odd->warnings.size(), 2u);
  EXPECT_NE(odd->warnings[1].find("120 s is less than SuspendTimeout 30 s + ResumeTimeout 300 s"),
            std::string::npos);
  EXPECT_EQ(odd->log_file, "/etc/aws/aws_plugin.log");
}

struct Engine {
  Duration warm_up = std::chrono::seconds{90};
  std::string fuel = "diesel";
  int64_t cylinders = 4;
};
template <class Visitor>
void describe(Visitor& v, Engine& e) {
  v.field("engine.warm_up", e.warm_up, "How long it idles.");
  v.field("engine.fuel", e.fuel, "What it burns.").one_of({"diesel", "petrol"});
  v.field("engine.cylinders", e.cylinders, "How many.").range(1, 16).unused();
}

TEST(Reader, ReadsDurations) {
  const std::pair<const char*, Duration> cases[] = {{"45", std::chrono::seconds{45}},
                                                    {"1h30m", std::chrono::minutes{90}},
                                                    {"250ms", std::chrono::milliseconds{250}},
                                                    {"2d", std::chrono::hours{48}}};
  for (const auto& [text, expected] : cases) {
    const Tree tree = *parse_yaml(fmt::format("engine: {{warm_up: {}}}", text), "f");
    Reader reader{tree, "f"};
    Engine engine;
    describe(reader, engine);
    EXPECT_TRUE(reader.finish()) << text;
    EXPECT_EQ(engine.warm_up, expected) << text;
  }
  for (const char* text : {"soon", "5x", "-5s", "1h5", "99999999999999999d", "1.5h"}) {
    const Tree tree = *parse_yaml(fmt::format("engine: {{warm_up: {}}}", text), "f");
    Reader reader{tree, "f"};
    Engine engine;
    describe(reader, engine);
    EXPECT_FALSE(reader.finish()) << text;
  }
}

TEST(Reader, TheEnvironmentWinsOverTheFile) {
  const Tree tree = *parse_yaml("engine: {fuel: diesel, cylinders: 3}", "f");
  std::map<std::string, const char*> environment{{"SPILLWAY_ENGINE_CYLINDERS", "6"}};
  const auto lookup = [&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second;
  };
  Engine engine;
  Reader reader{tree, "f", lookup};
  describe(reader, engine);
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(engine.cylinders, 6);
  EXPECT_EQ(reader.fields()[2].origin, "environment SPILLWAY_ENGINE_CYLINDERS");
  EXPECT_EQ(reader.fields()[1].origin, "f:1");
  environment["SPILLWAY_ENGINE_FUEL"] = "coal";
  Reader wrong{tree, "f", lookup};
  describe(wrong, engine);
  EXPECT_NE(wrong.finish().error().what.find("environment SPILLWAY_ENGINE_FUEL"), std::string::npos);
}

TEST(Reader, PrintsItsReference) {
  const Tree tree{.shape = Tree::Shape::map};
  Reader reader{tree, "f"};
  Engine engine;
  describe(reader, engine);
  const std::string page = reference_of(reader.fields());
  EXPECT_NE(page.find("| `engine.cylinders` | number, 1 to 16 | 4 | How many. Accepted, not used yet. |"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("| `engine.fuel` | one of diesel, petrol | diesel |"), std::string::npos);
  EXPECT_NE(page.find("| `engine.warm_up` | duration | 90s |"), std::string::npos);
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
