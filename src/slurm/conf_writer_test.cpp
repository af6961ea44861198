#include "slurm/conf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "config/samples.h"

namespace spillway::slurm {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Compares with src/slurm/golden/NAME; SPILLWAY_REWRITE_GOLDEN=1 writes it instead (review the diff).
void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(SPILLWAY_SOURCE_DIR) / "src/slurm/golden" / name;
  if (std::getenv("SPILLWAY_REWRITE_GOLDEN")) {
    ASSERT_TRUE(write_file_atomically(path, text));
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << golden.error().what;
  EXPECT_EQ(text, *golden) << path;
}

constexpr const char* kTwoPartitions = R"({"Partitions": [
  {"PartitionName": "aws", "PartitionOptions": {"Default": "yes", "MaxTime": "12:00:00"}, "NodeGroups": [
    {"NodeGroupName": "cpu", "MaxNodes": 10, "Region": "eu-west-1", "PurchasingOption": "on-demand",
     "SlurmSpecifications": {"CPUs": 4, "Weight": "1", "Features": "a,b"}, "SubnetIds": ["subnet-1", "subnet-2"],
     "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": "1"},
     "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}]},
    {"NodeGroupName": "gpu", "MaxNodes": 1, "Region": "eu-west-1", "PurchasingOption": "spot",
     "SlurmSpecifications": {"CPUs": 8, "gres": "gpu:a100:4"}, "SubnetIds": ["subnet-1"],
     "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": "1"},
     "LaunchTemplateOverrides": [{"InstanceType": "p4d.24xlarge"}]}]},
  {"PartitionName": "small", "NodeGroups": [
    {"NodeGroupName": "one", "MaxNodes": 3, "Region": "eu-west-1", "PurchasingOption": "on-demand",
     "SlurmSpecifications": {"CPUs": 2, "Gres": "gpu:1", "Reason": "two words"}, "SubnetIds": ["subnet-1"],
     "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": "1"},
     "LaunchTemplateOverrides": [{"InstanceType": "g4dn.xlarge"}], "NodeNameStartsFrom1": true}]}]})";

config::Partitions partitions(const char* text) {
  return config::parse_partitions(*Json::parse(text), "p.json").value();
}
config::PluginConfig plugin() {
  return config::parse_plugin_config(*Json::parse(config::samples::kPluginConfig), "/etc/aws", "config.json")
      .value();
}

TEST(SpillwayConf, WeighsWhatPartitionsLeaveOpen) {
  SlurmPart part;
  part.billing_weights = "CPU=2.0,Mem=0.25G";
  const std::string two = spillway_conf(partitions(kTwoPartitions), part);
  EXPECT_NE(two.find("TRESBillingWeights=\"CPU=2.0,Mem=0.25G\""), std::string::npos);
  const std::string own = spillway_conf(partitions(config::samples::kTutorialPartitions), part);
  EXPECT_EQ(own.find("CPU=2.0"), std::string::npos) << "the partition's own stand";
}

TEST(ConfWriter, WritesThePluginsFiles) {
  expect_golden("tutorial.slurm.conf.aws",
                slurm_conf_aws(plugin(), partitions(config::samples::kTutorialPartitions)));
  expect_golden("two.slurm.conf.aws", slurm_conf_aws(plugin(), partitions(kTwoPartitions)));
  expect_golden("two.gres.conf.aws", *gres_conf_aws(partitions(kTwoPartitions)));
  EXPECT_EQ(*gres_conf_aws(partitions(config::samples::kTutorialPartitions)), "");
}

TEST(ConfWriter, AnOperatorsMaxTimeStandsAlone) {
  const std::string text = node_lines(partitions(kTwoPartitions));
  EXPECT_THAT(
      text,
      HasSubstr("PartitionName=aws Nodes=aws-cpu-[0-9],aws-gpu-0 State=UP Default=yes MaxTime=12:00:00\n"));
  EXPECT_THAT(text, HasSubstr("PartitionName=small Nodes=small-one-[1-3] MaxTime=INFINITE State=UP\n"));
}

TEST(ConfWriter, RefusesAGresOfAnotherShape) {
  for (const char* gres :
       {"gpu", "gpu:a100:4:x", "gpu:4,mps:100", "gpu:x", "gpu:0", ":4", "gpu::4", "", "gpu:a 1:2"}) {
    Json root = *Json::parse(kTwoPartitions);
    config::Partitions read = partitions(kTwoPartitions);
    read.partitions[0].groups[1].specifications = {{"Gres", gres}};
    const auto text = gres_conf_aws(read);
    ASSERT_FALSE(text) << gres;
    EXPECT_EQ(text.error().code, "SPW-SLURM-018") << gres;
    EXPECT_THAT(text.error().what, HasSubstr("aws-gpu")) << gres;
  }
}

TEST(ConfWriter, WritesSpillwaysPart) {
  expect_golden("spillway.conf", spillway_conf(partitions(config::samples::kTutorialPartitions), {}));
}

TEST(ConfWriter, FollowsTheVersion) {
  const auto part = [](Version version) {
    return spillway_conf(partitions(kTwoPartitions), {.version = version});
  };
  EXPECT_THAT(part({20, 2}), Not(HasSubstr("cloud_reg_addrs")));
  EXPECT_THAT(part({20, 11}), HasSubstr("cloud_reg_addrs"));
  EXPECT_THAT(part({23, 11}), Not(HasSubstr("cloud_reg_addrs")));
  EXPECT_THAT(part({20, 11}), HasSubstr("SuspendExcParts"));
  EXPECT_THAT(part({21, 8}), HasSubstr("SuspendTime=INFINITE"));
}

TEST(ConfWriter, LeavesTheLabsTuningInTheLab) {
  const std::string text = spillway_conf(partitions(kTwoPartitions), {});
  for (const char* word : {"config_overrides", "cred_expire", "bf_interval", "sched_", "batch_sched_delay"})
    EXPECT_THAT(text, Not(HasSubstr(word)));
}

TEST(ConfWriter, KeepsItsTimeoutsConsistent) {
  const SlurmPart part;
  EXPECT_GE(part.suspend_time_s, part.suspend_timeout_s + part.resume_timeout_s);
}

}  // namespace
}  // namespace spillway::slurm
