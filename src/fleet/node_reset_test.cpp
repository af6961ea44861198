#include "fleet/node_reset.h"

#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

using testing::HasSubstr;

const GroupName kGroup{"cloud-c5"};

TEST(NodeReset, TakesFailedNodesTheirParkedGroupAndItsRestingOfferings) {
  Scene scene;
  scene.wish(0, Wanted::failed);
  scene.wish(1, Wanted::up);
  scene.everything_rests();
  scene.world.records.pools["p/other spot c5.large subnet-z"] = {
      .pool = "", .strikes = 1, .until = kNow + seconds{9}};
  scene.world.records.groups[kGroup] = {
      .group = kGroup, .parked_until = kNow + seconds{60}, .reason = "gone"};
  scene.world.records.groups[GroupName{"gpu-p4"}] = {.group = GroupName{"gpu-p4"},
                                                     .parked_until = kNow + seconds{60}};
  const auto found = reset_of(scene.world.records, scene.policy, {Scene::name(0), Scene::name(1)}, kNow);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->nodes, std::vector<NodeName>{Scene::name(0)});
  EXPECT_EQ(found->groups, (std::map<GroupName, std::string>{{kGroup, "gone"}}));
  EXPECT_EQ(found->pools.size(), 4u) << "two types in two subnets, and none of another account's";
  EXPECT_THAT(to_text(*found, true),
              HasSubstr("would reset cloud-c5-0\nwould release group cloud-c5, parked: gone\n"));
  const Json json = to_json(*found, true);
  EXPECT_EQ(json["schema"].as_string(), "spillway.node-reset/v1");
  EXPECT_TRUE(json["dry_run"].as_bool());
  EXPECT_EQ(json["pools"].size(), 4u);
}

TEST(NodeReset, RefusesWhatHasAnInstanceAndWhatHasNothing) {
  Scene scene;
  scene.wish(0, Wanted::failed);
  scene.machine("i-1", 0);
  scene.wish(1, Wanted::down);
  const auto living = reset_of(scene.world.records, scene.policy, {Scene::name(0)}, kNow);
  ASSERT_FALSE(living);
  EXPECT_EQ(living.error().kind, Kind::conflict);
  EXPECT_THAT(living.error().what, HasSubstr("i-1"));
  const auto nothing = reset_of(scene.world.records, scene.policy, {Scene::name(1), Scene::name(9)}, kNow);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, Kind::not_found);
  scene.world.records.groups[kGroup] = {.group = kGroup, .parked_until = kNow - seconds{1}, .reason = "over"};
  EXPECT_FALSE(reset_of(scene.world.records, scene.policy, {Scene::name(1)}, kNow)) << "time has released it";
}

TEST(NodeReset, AGroupThatWasParkedLaunchesAtTheNextPass) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "InvalidLaunchTemplateId.NotFound", "count": 1}])");
  const int64_t job = s.submit(0, 0);
  s.run(30);
  ASSERT_EQ(s.records().groups.size(), 1u);
  EXPECT_EQ(s.launches(), 1);
  const auto what = reset_of(s.records(), s.policy(), {Scenario::name(0)}, s.clock_.now());
  ASSERT_TRUE(what) << to_string(what.error());
  Journal journal = s.other_journal();
  ASSERT_TRUE(reset(journal, *what, s.clock_.now()));
  s.run(60);
  s.call_hooks();
  s.run(60);
  EXPECT_EQ(s.state_of(job), "RUNNING") << "without waiting for ten minutes";
  EXPECT_FALSE(s.node(0).state.is_draining());
}

}  // namespace
}  // namespace spillway::fleet
