#include "site/slurm_files.h"

#include <gmock/gmock.h>

namespace spillway::site {
namespace {

using testing::HasSubstr;
using testing::Not;

SlurmWish wish() {
  SlurmWish out;
  out.partitions = *config::parse_partitions(
      *Json::parse(
          R"({"Partitions": [{"PartitionName": "cloud", "NodeGroups": [{"NodeGroupName": "c5", "MaxNodes": 4,
        "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "2"}, "PurchasingOption": "on-demand",
        "LaunchTemplateOverrides": [{"InstanceType": "c5.large"}]}]}]})"),
      "p", config::LaunchFrom::the_site);
  out.part.suspend_exc_nodes = "op[1-2]";
  return out;
}

constexpr std::string_view kConf =
    "ClusterName=lab\nSlurmctldParameters=enable_configless,power_save_interval=1\nPrivateData=jobs\n"
    "SuspendTime=60 # old\nNodeName=op[1-2] CPUs=2\nPartitionName=onprem Nodes=ALL\n";

TEST(SlurmFiles, AddOneIncludeAndTakeTheSitesWordsAlong) {
  const auto files = slurm_files(kConf, wish());
  ASSERT_TRUE(files) << files.error().what;
  EXPECT_THAT(files->slurm_conf, HasSubstr("\nInclude spillway.conf\n"));
  EXPECT_THAT(files->slurm_conf, HasSubstr("#spillway# SuspendTime=60 # old\n"));
  EXPECT_THAT(files->slurm_conf, HasSubstr("#spillway# SlurmctldParameters=enable_configless"));
  EXPECT_THAT(files->spillway_conf, HasSubstr("SlurmctldParameters=enable_configless,power_save_interval=1,"
                                              "idle_on_node_suspend,cloud_reg_addrs\n"));
  EXPECT_THAT(files->spillway_conf, HasSubstr("PrivateData=jobs,cloud\n"));
  EXPECT_THAT(files->spillway_conf, HasSubstr("SuspendExcNodes=op[1-2]\n"));
  EXPECT_THAT(files->spillway_conf, HasSubstr("NodeName=cloud-c5-[0-3] State=CLOUD CPUs=2\n"));
  // What only a lab may have is never generated.
  for (const char* word : {"config_overrides", "cred_expire", "sched_interval"})
    EXPECT_THAT(files->spillway_conf + files->slurm_conf, Not(HasSubstr(word)));
}

TEST(SlurmFiles, AreTheirOwnFixedPoint) {
  const SlurmFiles once = *slurm_files(kConf, wish());
  EXPECT_EQ(*slurm_files(once.slurm_conf, wish()), once);
  EXPECT_EQ(without_spillway(once.slurm_conf), kConf);
}

TEST(SlurmFiles, BeforeIncludesAreShippedThePartStandsInline) {
  SlurmWish old = wish();
  old.part.version = {21, 8};
  const SlurmFiles files = *slurm_files(kConf, old);
  EXPECT_EQ(files.spillway_conf, "");
  EXPECT_THAT(files.slurm_conf, HasSubstr("\nNodeName=cloud-c5-[0-3]"));
  EXPECT_THAT(files.slurm_conf, Not(HasSubstr("Include")));
  EXPECT_EQ(without_spillway(files.slurm_conf), kConf);
}

TEST(SlurmFiles, RefuseWhatWouldBeLostOrKillSlurmctld) {
  const auto code = [&](std::string_view more, SlurmWish asked) {
    const auto files = slurm_files(std::string(kConf) + std::string(more), std::move(asked));
    return files ? "" : files.error().code;
  };
  EXPECT_EQ(code("PrologSlurmctld=/etc/slurm/prolog.sh\n", wish()), "SPW-SITE-016");
  SlurmWish chained = wish();
  chained.site_prolog = "/etc/slurm/prolog.sh";
  EXPECT_EQ(code("PrologSlurmctld=/etc/slurm/prolog.sh\n", chained), "");
  EXPECT_EQ(code("PartitionName=cloud Nodes=op1\n", wish()), "SPW-SITE-017");
  EXPECT_EQ(code("NodeName=cloud-c5-7 CPUs=1\n", wish()), "SPW-SITE-017");
}

TEST(LineDifference, ShowsWhatGoesAndComesWithItsSurroundings) {
  EXPECT_EQ(line_difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\ng\n"),
            "  b\n  c\n- d\n+ X\n  e\n  f\n+ g\n");
  EXPECT_EQ(line_difference("a\n", "a\n"), "");
  EXPECT_EQ(line_difference("", "a\n"), "+ a\n");
}

}  // namespace
}  // namespace spillway::site
