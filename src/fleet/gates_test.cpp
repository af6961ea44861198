#include "fleet/gates.h"

#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

/// Answers as told, then as the last word said.
struct Told final : Tunnel {
  std::vector<bool> words;
  size_t asked = 0;
  bool answers() override { return words[std::min(asked++, words.size() - 1)]; }
};

TEST(Gatekeeper, OneLostAnswerIsNoOutage) {
  Gatekeeper keeper;
  Told tunnel;
  tunnel.words = {false, false, true};
  keeper.look_at_tunnel(&tunnel, kNow);
  EXPECT_TRUE(keeper.closed().empty());
  EXPECT_FALSE(keeper.frozen(kNow));
}

TEST(Gatekeeper, StaysFrozenForAWhileAfterTheTunnelHealed) {
  Gatekeeper keeper;
  Told tunnel;
  tunnel.words = {false};
  keeper.look_at_tunnel(&tunnel, kNow);
  ASSERT_EQ(keeper.closed().size(), 1u);
  EXPECT_EQ(keeper.closed()[0].what, Gate::What::tunnel);
  EXPECT_TRUE(keeper.frozen(kNow));
  tunnel.words = {true};
  keeper.look_at_tunnel(&tunnel, kNow + seconds{10});
  EXPECT_TRUE(keeper.closed().empty()) << "launches go on at once";
  EXPECT_TRUE(keeper.frozen(kNow + seconds{60}));
  EXPECT_FALSE(keeper.frozen(kNow + seconds{70}));
}

TEST(Gatekeeper, TheClockGateSaysWhichWayAndHowFar) {
  Gatekeeper keeper;
  keeper.look_at_clock(seconds{119}, kNow);
  EXPECT_TRUE(keeper.closed().empty());
  keeper.look_at_clock(-seconds{400}, kNow);
  ASSERT_EQ(keeper.closed().size(), 1u);
  EXPECT_THAT(keeper.closed()[0].reason, testing::HasSubstr("400 s ahead of"));
  keeper.look_at_clock(std::nullopt, kNow);
  EXPECT_EQ(keeper.closed().size(), 1u) << "an answer without a date proves nothing";
  keeper.look_at_clock(seconds{1}, kNow);
  EXPECT_TRUE(keeper.closed().empty());
}

TEST(Gates, NothingIsLaunchedWhileOneIsClosedAndEverythingWhenItOpens) {
  Scenario s;
  s.inputs.over_budget = "the month's 5000 USD are spent";
  const int64_t job = s.submit(0, 2);
  s.run(5);
  EXPECT_EQ(s.launches(), 0);
  EXPECT_THAT(s.status(), testing::HasSubstr("5000 USD"));
  s.inputs.over_budget.reset();
  s.run();
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_THAT(s.status(), testing::Not(testing::HasSubstr("5000 USD")));
}

TEST(Gates, RefusedCredentialsCloseOneAndNewOnesOpenIt) {
  Scenario s;
  s.run(2);
  s.accept_credentials(false);
  s.run(1);  // a look at EC2 finds out
  const int64_t job = s.submit(0, 0);
  s.run(4);
  EXPECT_EQ(s.launches(), 0);
  EXPECT_THAT(s.status(), testing::HasSubstr("AWS refuses us"));
  s.accept_credentials(true);
  s.run();
  EXPECT_EQ(s.state_of(job), "RUNNING");
}

TEST(Gates, AMachineStaysUntilItsResultsAreSafe) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  s.inputs.staging_out = {Scenario::name(0)};
  s.slurm.finish(job);
  s.later();
  EXPECT_EQ(s.instances().size(), 1u);
  s.inputs.staging_out.clear();
  s.later();
  EXPECT_TRUE(s.instances().empty());
}

// 57: tunnel down → mass requeue | hold the partition; no launches; freeze suspends
TEST(Rows, row_057_a_tunnel_that_is_down_ends_no_machine_and_starts_none) {
  Scenario s;
  const int64_t running = s.submit(0, 1);
  s.run();
  ASSERT_EQ(s.instances().size(), 2u);
  s.tunnel.up = false;
  for (int i = 0; i < 2; ++i) s.slurm.lose(Scenario::name(i));
  s.boots_ = false;
  const int64_t waiting = s.submit(2, 3);
  s.run(30);
  EXPECT_EQ(s.instances().size(), 2u) << "neither ended nor started";
  EXPECT_EQ(s.launches(), 1);
  s.tunnel.up = true;
  s.boots_ = true;
  s.run();
  EXPECT_EQ(s.state_of(running), "RUNNING");
  EXPECT_EQ(s.state_of(waiting), "RUNNING");
}

}  // namespace
}  // namespace spillway::fleet
