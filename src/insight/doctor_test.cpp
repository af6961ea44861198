#include <gmock/gmock.h>

#include "insight/checks.h"
#include "insight/codes.h"

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
