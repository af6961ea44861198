#include "staging/directives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::staging {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Directives read(const std::string& script) {
  auto parsed = parse_directives(script);
  EXPECT_TRUE(parsed) << (parsed ? "" : to_string(parsed.error()));
  return parsed ? *parsed : Directives{};
}

TEST(Directives, AreReadWithTheirLines) {
  const auto found = read(
      "#!/bin/bash\n#SBATCH -p cloud\n#SPILLWAY stage_in data/in\n#SPILLWAY stage_in /shared/ref "
      "/scratch/ref\n"
      "#BB_LUA stage_out out /shared/%u/%j on=success\n\n#SPILLWAY stage_out log.txt logs/\nsrun x\n");
  EXPECT_THAT(found.all,
              testing::ElementsAre(Directive{Direction::in, "data/in", "data/in", When::always, 3},
                                   Directive{Direction::in, "/shared/ref", "/scratch/ref", When::always, 4},
                                   Directive{Direction::out, "out", "/shared/%u/%j", When::success, 5},
                                   Directive{Direction::out, "log.txt", "logs/", When::always, 7}));
  EXPECT_TRUE(found.warnings.empty());
}

TEST(Directives, KeepQuotedBlanks) {
  const auto found = read(R"(#SPILLWAY stage_in "my data" 'on "the" node'
#SPILLWAY stage_in a\ b c"\""d
)");
  ASSERT_THAT(found.all, SizeIs(2));
  EXPECT_EQ(found.all[0].source, "my data");
  EXPECT_EQ(found.all[0].target, "on \"the\" node");
  EXPECT_EQ(found.all[1].source, "a b");
  EXPECT_EQ(found.all[1].target, "c\"d");
  EXPECT_EQ(*expand_path(read("#SPILLWAY stage_in '$USER'\n").all[0].source, {}, "/h"), "/h/$USER");
}

struct Wrong {
  const char *line, *code, *says;
};
const Wrong kWrong[] = {
    {"#SPILLWAY", "SPW-STAGE-050", "nothing follows"},
    {"#SPILLWAY stage_inn a", "SPW-STAGE-050", "did you mean stage_in?"},
    {"#SPILLWAY stage_in", "SPW-STAGE-050", "0 words"},
    {"#SPILLWAY stage_in a b c", "SPW-STAGE-050", "3 words"},
    {"#SPILLWAY stage_out a", "SPW-STAGE-050", "1 words"},
    {"#SPILLWAY stage_out a b on=failure", "SPW-STAGE-050", "on=failure"},
    {"#BB_LUA stage_out a", "SPW-STAGE-050", "1 words"},
    {"#SPILLWAY stage_in \"a b", "SPW-STAGE-051", "never closed"},
    {"#SPILLWAY stage_in a\\", "SPW-STAGE-051", "backslash"},
    {"#SPILLWAY stage_in ../a", "SPW-STAGE-052", "climbs"},
    {"#SPILLWAY stage_in a/../../b", "SPW-STAGE-052", "climbs"},
    {"#SPILLWAY stage_in a /scratch/..", "SPW-STAGE-052", "climbs"},
    {"#SPILLWAY stage_in \"\"", "SPW-STAGE-052", "empty"},
    {"#SPILLWAY stage_in /", "SPW-STAGE-052", "root"},
    {"#SPILLWAY stage_in 'a\tb'", "SPW-STAGE-052", "control"},
    {"#SPILLWAY stage_in a%q", "SPW-STAGE-053", "%q"},
    {"#SPILLWAY stage_in a%", "SPW-STAGE-053", "%"},
    {"#SPILLWAY stage_in $HOME/a", "SPW-STAGE-053", "$HOME"},
    {"#SPILLWAY stage_in ${USER/a", "SPW-STAGE-053", "$USER"},
};

TEST(Directives, ThatAreWrongAreNamedWithTheirLine) {
  for (const Wrong& wrong : kWrong) {
    const auto parsed = parse_directives(std::string("#!/bin/sh\n\n") + wrong.line + "\ntrue\n");
    ASSERT_FALSE(parsed) << wrong.line;
    EXPECT_EQ(parsed.error().code, wrong.code) << wrong.line;
    EXPECT_THAT(parsed.error().what, HasSubstr("line 3")) << wrong.line;
    EXPECT_THAT(parsed.error().what, HasSubstr(wrong.says)) << wrong.line;
  }
}

TEST(Directives, ThatNobodyReadsAreWarnedOf) {
  const auto found = read("#!/bin/sh\n # SPILLWAY stage_in x\necho\n#SPILLWAY stage_in late\n");
  EXPECT_TRUE(found.empty());
  EXPECT_THAT(found.warnings, testing::ElementsAre(HasSubstr("line 2"), HasSubstr("line 4")));
}

TEST(Directives, LeaveTheWordsOfOthersAlone) {
  EXPECT_TRUE(read("#BB_LUA pool=fast capacity=1G\n#SPILLWAYS stage_in a\n").empty());
}

TEST(Directives, AreAtMostSixtyFour) {
  std::string script;
  for (int i = 0; i < 64; ++i) script += "#SPILLWAY stage_in a\n";
  EXPECT_THAT(read(script).all, SizeIs(64));
  EXPECT_EQ(parse_directives(script + "#SPILLWAY stage_in a\n").error().code, "SPW-STAGE-055");
}

struct Expansion {
  const char *path, *want;
};
const Expansion kExpansions[] = {
    {"in", "/home/alice/in"},
    {"/shared/%u/%A_%a", "/shared/alice/40_3"},
    {"/s/$USER/${SLURM_JOB_ID}x", "/s/alice/43x"},
    {"%j/$SLURM_ARRAY_JOB_ID.$SLURM_ARRAY_TASK_ID", "/home/alice/43/40.3"},
    {"100%%/a", "/home/alice/100%/a"},
    {"\\$USER", "/home/alice/$USER"},
};

TEST(Directives, PathsAreExpanded) {
  for (const Expansion& one : kExpansions)
    EXPECT_EQ(*expand_path(one.path, {43, 40, 3, "alice"}, "/home/alice"), one.want) << one.path;
  EXPECT_EQ(expand_path("%a", {43, 43, std::nullopt, "alice"}, "/h").error().code, "SPW-STAGE-053");
  EXPECT_EQ(expand_path("%u/x", {1, 1, std::nullopt, ".."}, "/h").error().code, "SPW-STAGE-052")
      << "what is substituted climbs no more than what was written";
}

TEST(Directives, TheFixedPartEndsBeforeTheFirstSubstitution) {
  EXPECT_EQ(fixed_part("/a/b/%j/c"), "/a/b");
  EXPECT_EQ(fixed_part("/a/b%j"), "/a");
  EXPECT_EQ(fixed_part("/%j"), "/");
  EXPECT_EQ(fixed_part("%j"), "");
  EXPECT_EQ(fixed_part("a/b"), "a/b");
}

}  // namespace
}  // namespace spillway::staging
