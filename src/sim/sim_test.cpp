// The simulation itself: that it is deterministic, that its short ways tell the same as the long ones, and
// that it finds what is planted. spillway-sim runs the many schedules.
#include <gtest/gtest.h>

#include "base/log.h"
#include "sim/planted.h"
#include "sim/runner.h"

namespace spillway::sim {
namespace {

class Sim : public ::testing::Test {
 protected:
  Sim() { log::set_level(static_cast<log::Level>(static_cast<int>(log::Level::error) + 1)); }
  ~Sim() override { log::set_level(log::Level::info); }
  static Outcome run(uint64_t seed, const Options& options = {}) {
    Stage stage;
    return Simulation(make_script(seed), options, stage).run();
  }
};

TEST_F(Sim, TheSameSeedGivesTheSameTrace) {
  EXPECT_EQ(run(1).hash, run(1).hash);
  EXPECT_NE(run(1).hash, run(2).hash);
}

TEST_F(Sim, AScheduleHasWhatItPromises) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome outcome = run(seed);
    ASSERT_FALSE(outcome.broken) << seed << ": " << outcome.broken->what;
    EXPECT_GE(outcome.effects, 200u);
    EXPECT_GE(outcome.faults, 5u);
    EXPECT_GE(make_script(seed).terms.nodes, 20);
  }
}

TEST_F(Sim, TheShortWayToEc2TellsWhatTheLongOneTells) {
  for (uint64_t seed = 1; seed <= 2; ++seed)
    EXPECT_EQ(run(seed).hash, run(seed, {.over_http = true}).hash) << seed;
}

TEST_F(Sim, TheJournalInMemoryHoldsWhatSqliteHolds) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    const Outcome outcome = run(seed, {.on_sqlite = true});
    EXPECT_FALSE(outcome.broken) << outcome.broken->what;
    EXPECT_EQ(run(seed).hash, outcome.hash) << seed;
  }
}

TEST_F(Sim, APlantedBugIsFoundAndShrunkToWhatItNeeds) {
  const Plant plant{Bug::one_address_for_all};
  Stage stage;
  Script script = make_script(1);
  Report report;
  const Order alone{.again = 0, .crash_free = 0, .http = 0, .sqlite = 0};
  const Outcome outcome = run_one(script, alone, stage, report);
  ASSERT_TRUE(outcome.broken);
  EXPECT_EQ(outcome.broken->invariant, "01");
  const Failure least = shrink({script, *outcome.broken}, stage);
  EXPECT_EQ(least.script.happenings.size(), 1u) << "one job of two nodes is enough";
  EXPECT_TRUE(least.script.faults.empty());
  const auto again = only(script, names_of(script, least.script));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->happenings, least.script.happenings);
}

TEST_F(Sim, NothingIsPlantedUnlessATestAsks) {
  EXPECT_FALSE(planted(Bug::no_client_token));
  {
    const Plant plant{Bug::no_client_token};
    EXPECT_TRUE(planted(Bug::no_client_token));
  }
  EXPECT_FALSE(planted(Bug::no_client_token));
  EXPECT_FALSE(sim::plant("no such bug"));
}

TEST_F(Sim, EveryStepHasItsRow) {
  EXPECT_EQ(name_of(0), "Launch");
  for (Action action = 0; action < kActions; ++action) EXPECT_FALSE(name_of(action).empty());
  EXPECT_EQ(name_of(kWriteWish), "(write a wish)");
}

}  // namespace
}  // namespace spillway::sim
