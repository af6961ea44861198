#include "slurm/config_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "config/samples.h"
#include "slurm/config_compare.h"
#include "slurm/init_command.h"

namespace spillway::slurm {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// The sections of the example that rooms above describe.
const config::Section kRoomsAbove = [](config::Reader& reader) {
  reader.opaque("vpn", "");
  reader.opaque("dns", "");
};

class ConfigCommands : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_);
    write("spillway.yaml", config::samples::kSite);
    write("partitions.json", config::samples::kTutorialPartitions);
    write("config.json", config::samples::kPluginConfig);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(write_file_atomically(folder_ / name, text));
  }

  struct Ran {
    int code;
    std::string out, error;
  };
  Ran run(const std::string& path, std::map<std::string, std::string> options,
          std::vector<std::string> arguments = {}) {
    for (const Command& command : config_commands({kRoomsAbove})) {
      if (command.path != path) continue;
      Invocation asked;
      asked.options = std::move(options);
      asked.arguments = std::move(arguments);
      testing::internal::CaptureStdout();
      const auto result = command.run(asked);
      fflush(stdout);
      std::string out = testing::internal::GetCapturedStdout();
      return result ? Ran{*result, out, ""} : Ran{exit_code(result.error()), out, to_string(result.error())};
    }
    return {-1, "", "no such command"};
  }
  std::string yaml() const { return (folder_ / "spillway.yaml").string(); }
  std::string text_of(const std::string& name) { return read_file(folder_ / name).value_or("none"); }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
};

TEST_F(ConfigCommands, ValidateWarnsAndStrictnessIsAChoice) {
  const Ran ran = run("config validate", {}, {yaml()});
  EXPECT_EQ(ran.code, 0) << ran.error;
  EXPECT_THAT(ran.out, HasSubstr("is valid: 1 partitions, 20 nodes"));
  EXPECT_THAT(ran.out, HasSubstr("warning: "));
  EXPECT_EQ(run("config validate", {{"strict", "1"}}, {yaml()}).code, 4);
}

TEST_F(ConfigCommands, ValidateSaysWhatIsWrongInBothFormats) {
  write("spillway.yaml", "apiVersion: spillway/v1\ncluster: {nam: t}\n");
  const Ran text = run("config validate", {{"config", yaml()}});
  EXPECT_EQ(text.code, 2);
  EXPECT_THAT(text.error, HasSubstr("error[SPW-CONFIG-002]"));
  const Ran json = run("config validate", {{"output", "json"}}, {yaml()});
  EXPECT_EQ(json.code, 2);
  const Json answer = *Json::parse(json.out);
  EXPECT_FALSE(answer["valid"].as_bool());
  EXPECT_EQ(answer["error"]["code"].as_string(), "SPW-CONFIG-002");
}

TEST_F(ConfigCommands, ShowTellsOriginAndWhatIsNotUsedYet) {
  const Ran ran = run("config show", {{"origin", "1"}}, {yaml()});
  EXPECT_THAT(ran.out, HasSubstr(yaml() + ":2)"));
  EXPECT_THAT(ran.out, HasSubstr("[not used yet]"));
  EXPECT_THAT(ran.out, HasSubstr("(default)"));
  const Json json = *Json::parse(run("config show", {{"output", "json"}}, {yaml()}).out);
  EXPECT_EQ(json["schema"].as_string(), "spillway.config-show/v1");
  EXPECT_EQ(json["fields"].at(1)["value"].as_string(), "tundra");
}

TEST_F(ConfigCommands, SchemaHasTheSectionsOfOtherRooms) {
  const Json schema = *Json::parse(run("config schema", {}).out);
  EXPECT_TRUE(schema["properties"].contains("cluster"));
  EXPECT_FALSE(schema["properties"].contains("fleet"));
  const auto fleet = [](config::Reader& reader) {
    int64_t pace = 5;
    reader.field("fleet.pace", pace, "How fast.");
  };
  const auto commands = config_commands({fleet});
  testing::internal::CaptureStdout();
  for (const Command& command : commands)
    if (command.path == "config schema") {
      EXPECT_TRUE(command.run({}));
    }
  fflush(stdout);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("How fast."));
  EXPECT_THAT(run("config schema", {{"reference", "1"}}).out, HasSubstr("| `cluster.name` |"));
}

TEST_F(ConfigCommands, SlurmPrintsOrWrites) {
  EXPECT_THAT(run("config slurm", {}, {yaml()}).out, HasSubstr("ResumeFailProgram="));
  EXPECT_EQ(run("config slurm", {{"to", folder_.string()}}, {folder_.string()}).code, 0);
  EXPECT_THAT(text_of("slurm.conf.aws"), HasSubstr("ResumeProgram=/etc/slurm/aws/resume.py\n"));
  EXPECT_EQ(text_of("gres.conf.aws"), "");
  EXPECT_EQ(run("config slurm", {{"to", "/nonexistent"}}, {yaml()}).code, 1);
}

TEST_F(ConfigCommands, WhatIsExportedReadsBackTheSame) {
  std::filesystem::create_directory(folder_ / "out");
  ASSERT_EQ(run("config export", {{"to", (folder_ / "out").string()}}, {yaml()}).code, 0);
  const auto site = config::load_site(folder_ / "out", {});
  ASSERT_TRUE(site) << site.error().what;
  EXPECT_EQ(site->partitions.source, *Json::parse(config::samples::kTutorialPartitions));
  EXPECT_THAT(site->plugin.warnings, IsEmpty());
  EXPECT_EQ(exported_config(*config::load_site(folder_, {}))["SlurmConf"]["TreeWidth"].as_string(), "60000");
}

TEST_F(ConfigCommands, InitTakesAPluginSiteOver) {
  const std::string to = (folder_ / "new.yaml").string();
  write("slurm.conf", "# ClusterName=old\nclustername = tundra  # ours\n");
  std::filesystem::create_directory(folder_ / "site");
  const std::string target = (folder_ / "site/spillway.yaml").string();
  const Ran ran = run("init",
                      {{"from", (folder_ / "config.json").string()},
                       {"to", target},
                       {"no-input", "1"},
                       {"slurm-conf", (folder_ / "slurm.conf").string()},
                       {"bucket", "b: #"}},
                      {(folder_ / "partitions.json").string()});
  ASSERT_EQ(ran.code, 0) << ran.error;
  const auto site = config::load_site(target, {});
  ASSERT_TRUE(site) << site.error().what;
  EXPECT_EQ(site->cluster.name, "tundra");
  EXPECT_EQ(site->cluster.id.size(), 36u);
  EXPECT_EQ(site->aws.region, "us-east-1");
  EXPECT_EQ(site->data.bucket, "b: #");
  EXPECT_EQ(text_of("site/partitions.json"), config::samples::kTutorialPartitions);

  const Ran again = run("init", {{"name", "x"}, {"region", "y"}, {"to", target}});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.error, HasSubstr("exists already"));
  EXPECT_EQ(config::load_site(target, {})->cluster.name, "tundra");
}

TEST_F(ConfigCommands, InitWithoutAnswersSaysWhichOptionIsMissing) {
  const Ran ran =
      run("init", {{"no-input", "1"}, {"slurm-conf", "/nonexistent"}, {"to", (folder_ / "n.yaml").string()}});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.error, HasSubstr("--name is missing"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "n.yaml"));
}

TEST(Init, WritesWhatReadsBack) {
  for (const char* text :
       {"plain", "with: colon", "# hash", "true", "\"quoted\"", "0123", "tab\there", "é", "-"}) {
    const auto tree = config::parse_yaml(site_yaml({.name = text, .id = "i", .region = "r"}), "f");
    ASSERT_TRUE(tree) << text << tree.error().what;
    EXPECT_EQ(tree->find("cluster")->find("name")->text, text);
  }
}

TEST_F(ConfigCommands, ComparesWithTheRunningSlurm) {
  const config::Site plugin = *config::load_site(folder_, {});
  std::map<std::string, std::string> running{{"PrivateData", "cloud"},
                                             {"ResumeProgram", "/etc/slurm/aws/resume.py"},
                                             {"SuspendProgram", "/etc/slurm/aws/suspend.py"},
                                             {"ResumeRate", "100 nodes/min"},
                                             {"SuspendRate", "100 nodes/min"},
                                             {"ResumeTimeout", "300 sec"},
                                             {"SuspendTime", "350 sec"},
                                             {"SuspendTimeout", "30 sec"},
                                             {"TreeWidth", "60000"},
                                             {"GresTypes", "gpu"}};
  EXPECT_THAT(differences(plugin, running), IsEmpty());
  running["ResumeTimeout"] = "600 sec";
  running.erase("GresTypes");
  const auto found = differences(plugin, running);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(found[0], HasSubstr("slurmctld runs with \"600 sec\", config.json says \"300\""));
  EXPECT_THAT(found[1], HasSubstr("GresTypes"));
  EXPECT_THAT(found[2], HasSubstr("SuspendTime 350 s is less"));
  EXPECT_EQ(
      differences(config::load_site(yaml(), {kRoomsAbove}).value(), {{"ResumeProgram", "(null)"}}).size(),
      4u);
}

}  // namespace
}  // namespace spillway::slurm
