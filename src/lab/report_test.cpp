#include "lab/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAccounting =
    "1|1_1|sweep|COMPLETED|op1|2026-11-22T10:00:00|2026-11-22T10:00:01|2026-11-22T10:00:03\n"
    "2|1_2|sweep|COMPLETED|cloud-c5-0|2026-11-22T10:00:00|2026-11-22T10:00:04|2026-11-22T10:00:06\n"
    "3|3|pair|COMPLETED|cloud-c5-[1-2]|2026-11-22T10:00:00|2026-11-22T10:00:05|2026-11-22T10:00:06\n";

Time at(int seconds) {
  return *parse_iso8601("2026-11-22T10:00:00Z") + std::chrono::seconds(seconds);
}

FleetEvent event(int second, std::string word, std::string node, std::string instance = "") {
  return {at(second), std::move(word), NodeName{std::move(node)}, InstanceId{std::move(instance)}, 0, ""};
}

DemoFindings good() {
  DemoFindings findings;
  findings.tunnel = Json::object({{"handshake_age_s", 3}, {"endpoint", "203.0.113.128:51820"}});
  findings.names = Json::array({Json::object(
      {{"node", "cloud-c5-0"}, {"address", "172.31.16.4"}, {"ptr", "cloud-c5-0.example.com."}})});
  findings.iam = Json::object({{"role", "spillway-lab-head"}, {"refused_without_role", true}});
  findings.jobs = *parse_accounting(kAccounting);
  findings.events = {event(1, "resume", "cloud-c5-0"),
                     event(2, "bound", "cloud-c5-0", "i-1"),
                     event(3, "joined", "cloud-c5-0", "i-1"),
                     event(8, "suspend", "cloud-c5-0"),
                     event(9, "terminated", "cloud-c5-0", "i-1"),
                     event(10, "resume", "cloud-c5-0"),
                     event(11, "bound", "cloud-c5-0", "i-2")};
  findings.api_calls = Json::object({{"CreateFleet", 2}});
  findings.seconds = 12.5;
  return findings;
}

TEST(DemoReport, ReadsAccountingAndTellsWhereJobsRan) {
  const auto jobs = *parse_accounting(kAccounting);
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(where(jobs[0]), "onprem");
  EXPECT_EQ(where(jobs[1]), "cloud");
  EXPECT_THAT(jobs[2].nodes, ElementsAre(NodeName{"cloud-c5-1"}, NodeName{"cloud-c5-2"}));
  EXPECT_EQ(jobs[2].start, at(5));
  EXPECT_EQ(where({.nodes = {NodeName{"op1"}, NodeName{"cloud-c5-0"}}}), "both");
}

TEST(DemoReport, TakesUnknownTimesForNotYet) {
  const auto jobs = *parse_accounting("4|4|x|PENDING|None assigned|2026-11-22T10:00:00|Unknown|Unknown\n");
  EXPECT_EQ(jobs[0].start, Time{});
  EXPECT_THAT(jobs[0].nodes, IsEmpty());
  EXPECT_EQ(where(jobs[0]), "nowhere");
}

TEST(DemoReport, RefusesALineThatIsNotAccounting) {
  EXPECT_FALSE(parse_accounting("sacct: error: slurmdbd\n"));
  EXPECT_FALSE(parse_accounting("x|4|x|PENDING|op1|2026-11-22T10:00:00|Unknown|Unknown\n"));
}

TEST(DemoReport, GivesEachInstanceItsOwnPhases) {
  const Json report = demo_report(good());
  EXPECT_EQ(report["schema"].as_string(), "spillway.demo/v1");
  ASSERT_EQ(report["nodes"].size(), 2u);
  const Json& first = report["nodes"].at(0);
  EXPECT_EQ(first["instance"].as_string(), "i-1");
  std::vector<std::string> names;
  for (const Json& phase : first["phases"].items()) names.push_back(phase["name"].as_string());
  EXPECT_THAT(names, ElementsAre("resume", "boot", "up", "terminate"));
  EXPECT_EQ(first["phases"].at(2)["start"].as_string(), "2026-11-22T10:00:03.000Z");
  EXPECT_EQ(first["phases"].at(2)["end"].as_string(), "2026-11-22T10:00:08.000Z");
  const Json& second = report["nodes"].at(1);
  ASSERT_EQ(second["phases"].size(), 1u) << "it never joined";
  EXPECT_EQ(second["phases"].at(0)["start"].as_string(), "2026-11-22T10:00:10.000Z");
}

TEST(DemoReport, SaysWhatTheDemoDidNotShow) {
  EXPECT_THAT(shortcomings(good()), IsEmpty());
  DemoFindings bad = good();
  bad.jobs[0].state = "FAILED";
  bad.jobs[2].nodes.pop_back();
  bad.instances_left = 1;
  EXPECT_THAT(shortcomings(bad), ElementsAre(HasSubstr("1_1 is FAILED"), HasSubstr("two cloud nodes"),
                                             HasSubstr("1 instances")));
  DemoFindings blind = good();
  blind.tunnel = Json::object();
  blind.names = Json::array({Json::object({{"node", "cloud-c5-0"}, {"address", ""}, {"ptr", ""}})});
  blind.iam = Json::object({{"refused_without_role", false}});
  EXPECT_THAT(shortcomings(blind), ElementsAre(HasSubstr("no handshake"), HasSubstr("name of cloud-c5-0"),
                                               HasSubstr("only its role may")));
}

TEST(DemoReport, FoldsWhatHappenedTogetherIntoOneLine) {
  const auto lines = timeline(
      {event(1, "resume", "cloud-c5-0"), event(1, "resume", "cloud-c5-1"), event(2, "launch", "")}, at(0));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("resume      cloud-c5-[0-1]"), HasSubstr("launch")));
}

}  // namespace
}  // namespace spillway::lab
