#include "app/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace spillway::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// One command with these positionals; `got` is what it was called with.
struct Line {
  std::optional<std::vector<std::string>> got;
  std::vector<Positional> positionals;

  int run(std::vector<std::string> words) {
    got.reset();
    words.insert(words.begin(), "do");
    return run_command_line("spillway",
                            {{.path = "do",
                              .summary = "Do it.",
                              .positionals = positionals,
                              .run = [this](const Invocation& asked) -> Result<int> {
                                got = asked.arguments;
                                return 0;
                              }}},
                            words);
  }
};

TEST(CommandLine, TakesAnOptionalPositionalOrNone) {
  Line line{.positionals = {{"FILE", "A file.", false}}};
  EXPECT_EQ(line.run({}), 0);
  EXPECT_THAT(*line.got, IsEmpty());
  EXPECT_EQ(line.run({"a"}), 0);
  EXPECT_THAT(*line.got, ElementsAre("a"));
  EXPECT_EQ(line.run({"a", "b"}), 2);
  EXPECT_FALSE(line.got);
}

TEST(CommandLine, MissesWhatIsRequired) {
  Line line{.positionals = {{"HOSTLIST", "Nodes.", true}}};
  EXPECT_EQ(line.run({}), 2);
  EXPECT_FALSE(line.got);
  EXPECT_EQ(line.run({"c5-[0-3]"}), 0);
  EXPECT_THAT(*line.got, ElementsAre("c5-[0-3]"));
}

TEST(CommandLine, PassesAForeignCommandUnchanged) {
  Line line{.positionals = {{"HOST", "Where.", true}, {"COMMAND", "What.", false, true}}};
  EXPECT_EQ(line.run({"ctl", "--", "sh", "-c", "[ a,b ]", "--yes", "[1]"}), 0);
  EXPECT_THAT(*line.got, ElementsAre("ctl", "sh", "-c", "[ a,b ]", "--yes", "[1]"));
}

TEST(CommandLine, KnowsWhatItDoesNotKnow) {
  Line line;
  EXPECT_EQ(line.run({"--sausage"}), 2);
  EXPECT_EQ(line.run({"--output", "xml"}), 2);
  EXPECT_EQ(line.run({"--timeout", "soon"}), 2);
  EXPECT_EQ(run_command_line("spillway", {}, {"dance"}), 2);
  EXPECT_FALSE(line.got);
}

TEST(CommandLine, HasCommandsBelowCommands) {
  std::string ran;
  const auto command = [&](const std::string& path) {
    return Command{.path = path, .summary = "s", .run = [&ran, path](const Invocation&) -> Result<int> {
                     return ran = path, 0;
                   }};
  };
  const std::vector<Command> all = {command("data sync"), command("data stage in"),
                                    command("data stage out")};
  EXPECT_EQ(run_command_line("spillway", all, {"data", "stage", "out"}), 0);
  EXPECT_EQ(ran, "data stage out");
  EXPECT_EQ(run_command_line("spillway", all, {"data", "sync"}), 0);
  EXPECT_EQ(ran, "data sync");
  EXPECT_EQ(run_command_line("spillway", all, {"data", "stage", "dance"}), 2);
}

}  // namespace
}  // namespace spillway::app
