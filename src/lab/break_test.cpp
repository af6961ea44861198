#include "lab/break.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "base/time.h"
#include "emu/aws.h"

namespace spillway::lab {
namespace {

using testing::HasSubstr;

/// An EC2 that has one of everything that is asked for.
Result<Json> full_ec2(const std::string& operation, const Json&) {
  const auto list = [](const char* name, Json item) {
    return Json::object({{name, Json::array({std::move(item)})}});
  };
  if (operation == "DescribeInstances")
    return list("Reservations", list("Instances", Json::object({{"InstanceId", "i-1"}})));
  if (operation == "DescribeSecurityGroups")
    return list("SecurityGroups", Json::object({{"GroupId", "sg-1"}}));
  if (operation == "DescribeAddresses")
    return list("Addresses", Json::object({{"AllocationId", "eipalloc-1"}}));
  if (operation == "AllocateAddress") return Json::object({{"AllocationId", "eipalloc-2"}});
  return list("RouteTables", Json::object({{"RouteTableId", "rtb-1"}}));
}

Result<Damage> planned(const std::string& name, const std::string& target = "") {
  const Breakage& breakage = *TRY(find_breakage(name));
  TRY(check_target(breakage, target));
  const bool node = breakage.aim == Aim::node || breakage.aim == Aim::optional_node;
  return breakage.plan({target, node && !target.empty() ? "i-0123456789abcdef0" : "", full_ec2});
}

std::string a_target_of(const Breakage& breakage) {
  if (!needs_target(breakage)) return "";
  return breakage.aim == Aim::required ? "InternalError" : "cloud-c5-0";
}

TEST(Break, EverythingHasADamageThatTheEmulatorTakesAndAWayBack) {
  ManualClock clock;
  std::set<std::string_view> names;
  for (const Breakage& breakage : breakages()) {
    EXPECT_TRUE(names.insert(breakage.name).second) << breakage.name;
    const auto damage = planned(std::string(breakage.name), a_target_of(breakage));
    ASSERT_TRUE(damage) << breakage.name << ": " << damage.error().what;
    emu::Aws aws({}, clock);
    const auto set = aws.set_faults(damage->rules);
    EXPECT_TRUE(set) << breakage.name << ": " << set.error().what;
    EXPECT_EQ(damage->cut.empty(), damage->mend.empty()) << breakage.name;
    EXPECT_EQ(damage->calls.empty(), damage->undo.empty()) << breakage.name;
    EXPECT_TRUE(damage->rules.size() || !damage->cut.empty() || !damage->calls.empty()) << breakage.name;
  }
}

struct RuleCase {
  const char *name, *target, *rules;
};
const RuleCase kRules[] = {
    {"capacity", "", R"([{"effect":"capacity","limit":0}])"},
    {"capacity", "c5.large/us-east-1a",
     R"([{"effect":"capacity","limit":0,"type":"c5.large","zone":"us-east-1a"}])"},
    {"capacity", "*/*/spot", R"([{"effect":"capacity","limit":0,"purchase":"spot"}])"},
    {"capacity", "spot", R"([{"effect":"capacity","limit":0,"purchase":"spot"}])"},
    {"partial", "", R"([{"effect":"capacity","limit":1}])"},
    {"partial", "3@c5.large/*/spot",
     R"([{"effect":"capacity","limit":3,"type":"c5.large","purchase":"spot"}])"},
    {"error", "SlowDown@s3", R"([{"effect":"error","code":"SlowDown","service":"s3"}])"},
    {"error", "InternalError@Describe*",
     R"([{"effect":"error","code":"InternalError","operation":"Describe*"}])"},
    {"throttle", "25", R"([{"effect":"throttle","times":25}])"},
    {"clock", "-600", R"([{"effect":"clock_offset","seconds":-600}])"},
    {"spot-notice", "cloud-c5-0", R"([{"effect":"spot_notice","instance":"i-0123456789abcdef0"}])"},
    {"imds-silent", "", R"([{"effect":"imds_silent"}])"},
    {"late", "", R"([{"effect":"late","what":"instances","ms":3000}])"},
};

TEST(Break, TargetsNarrowTheRules) {
  for (const RuleCase& each : kRules) {
    const auto damage = planned(each.name, each.target);
    ASSERT_TRUE(damage) << each.name << " " << each.target;
    EXPECT_EQ(damage->rules, *Json::parse(each.rules)) << damage->rules.dump();
  }
}

struct RefusedCase {
  const char *name, *target, *code, *says;
};
const RefusedCase kRefused[] = {
    {"spot-notise", "", "SPW-LAB-016", "cannot break"},
    {"spot-notice", "", "SPW-LAB-017", "needs NODE"},
    {"error", "", "SPW-LAB-017", "needs CODE"},
    {"error", "X@", "SPW-LAB-017", "CODE@OPERATION"},
    {"mtu", "1400", "SPW-LAB-017", "takes no target"},
    {"throttle", "often", "SPW-LAB-017", "not a number"},
    {"capacity", "a/b/c", "SPW-LAB-017", "spot or on-demand"},
    {"late", "tag", "SPW-LAB-017", "did you mean tags?"},
    {"partial", "@c5.large/x/y", "SPW-LAB-017", "spot or on-demand"},
    {"partial", "-1", "SPW-LAB-017", "not a number from 0"},
    {"dns-stale", "c5-0; reboot", "SPW-LAB-017", "no node's name"},
};

TEST(Break, SaysWhatItCannotDo) {
  for (const RefusedCase& each : kRefused) {
    const auto damage = planned(each.name, each.target);
    ASSERT_FALSE(damage) << each.name << " " << each.target;
    EXPECT_EQ(damage.error().code, each.code) << each.name;
    EXPECT_THAT(damage.error().what, HasSubstr(each.says)) << each.name;
  }
  EXPECT_THAT(find_breakage("spot-notise").error().fix, HasSubstr("spot-notice"));
  EXPECT_THAT(find_breakage("route").error().fix, HasSubstr("vpc-route"));
  EXPECT_THAT(find_breakage("route").error().fix, HasSubstr("return-route"));
}

/// The rows of the catalogue that a text like "5-7, 20" names.
void add_rows(std::string_view text, std::set<int64_t>& rows) {
  for (const std::string_view part : split(text, ',')) {
    if (trim(part).empty()) continue;
    const auto ends = split(trim(part), '-');
    const auto first = parse_int(ends[0]), last = parse_int(ends[ends.size() - 1]);
    ASSERT_TRUE(first && last) << text;
    for (int64_t row = *first; row <= *last; ++row) rows.insert(row);
  }
}

TEST(Break, TunnelAndNamesHaveSomethingForEachRowOfTheCatalogue) {
  std::set<int64_t> rows;
  for (const Breakage& each : breakages()) add_rows(each.rows, rows);
  for (int64_t row = 51; row <= 64; ++row) EXPECT_TRUE(rows.contains(row)) << row;
  for (const int64_t row : {1, 2, 3, 5, 6, 7, 8, 11, 14, 15, 20, 43, 45, 47, 49})
    EXPECT_TRUE(rows.contains(row)) << row;
}

TEST(Break, TheManualsTableIsThisOne) {
  std::ifstream page(std::string(SPILLWAY_SOURCE_DIR) + "/docs/reference/faults.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("\n\n" + breakages_markdown() + "\n"))
      << "spillway lab break --markdown prints it";
}

}  // namespace
}  // namespace spillway::lab
