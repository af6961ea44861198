// What the planner asks for while EC2's rates allow only so much.
#include <gtest/gtest.h>

#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

struct RatedScene : Scene {
  explicit RatedScene(size_t left, size_t most = 1000) {
    world.launches_left[cloud_of("", "r")] = world.ends_left[cloud_of("", "r")] = {left, most};
  }
  size_t asked_for() const {
    size_t nodes = 0;
    for (const Launch& each : all<Launch>()) nodes += each.record.nodes.size();
    return nodes;
  }
};

TEST(Rates, LaunchesAreCutToWhatTheBucketHolds) {
  RatedScene scene(3, 100);
  for (int i = 0; i < 8; ++i) scene.wish(i, Wanted::up);
  EXPECT_EQ(scene.asked_for(), 3u);
  scene.world.launches_left[cloud_of("", "r")].left = 8;
  EXPECT_EQ(scene.asked_for(), 8u);
}

TEST(Rates, NoCallIsSpentOnAFew) {
  RatedScene scene(9, 1000);
  for (int i = 0; i < 10; ++i) scene.wish(i, Wanted::up);
  EXPECT_EQ(scene.asked_for(), 0u) << "a second later there are more";
  scene.world.launches_left.begin()->second.left = 10;
  EXPECT_EQ(scene.asked_for(), 10u);
}

TEST(Rates, TheLastFewAreAskedForAtOnce) {
  RatedScene scene(2, 1000);
  scene.wish(0, Wanted::up);
  scene.wish(1, Wanted::up);
  EXPECT_EQ(scene.asked_for(), 2u);
}

TEST(Rates, NodesThatMustLieTogetherWaitForAll) {
  RatedScene scene(3, 100);
  scene.policy.groups.begin()->second.one_zone = true;
  for (int i = 0; i < 5; ++i) scene.wish(i, Wanted::up, 1, 7);
  EXPECT_EQ(scene.asked_for(), 0u);
  scene.world.launches_left.begin()->second.left = 5;
  EXPECT_EQ(scene.asked_for(), 5u);
  scene.world.launches_left.begin()->second = {4, 4};
  EXPECT_EQ(scene.asked_for(), 5u)
      << "a full bucket never holds more: EC2 may say no, but we need not for ever";
}

TEST(Rates, EndsAreCutToWhatTheBucketHolds) {
  RatedScene scene(2, 1000);
  for (int i = 0; i < 5; ++i) {
    MachineRecord& machine = scene.machine(fmt::format("i-{}", i), i);
    machine.cloud = cloud_of("", "r");
    scene.wish(i, Wanted::down);
  }
  size_t ended = 0;
  for (const Terminate& each : scene.all<Terminate>()) ended += each.instances.size();
  EXPECT_EQ(ended, 2u);
}

}  // namespace
}  // namespace spillway::fleet
