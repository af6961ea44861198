#include "aws/pacing.h"

#include <gtest/gtest.h>

namespace spillway::aws {
namespace {

using std::chrono::seconds;

const Time kStart{std::chrono::hours{500'000}};

TEST(Pacing, RequestsWaitWhenTheirBucketIsEmpty) {
  Pacing pacing{Rates{}};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pacing.take("CreateFleet", 1, kStart), Duration{}) << i;
  EXPECT_EQ(pacing.take("CreateFleet", 1, kStart), std::chrono::milliseconds{500});
  EXPECT_EQ(pacing.take("CreateFleet", 1, kStart), seconds{1});
  EXPECT_EQ(pacing.take("CreateFleet", 1, kStart + seconds{60}), Duration{}) << "it fills again";
}

TEST(Pacing, AllLooksDrawOnOneBucket) {
  Pacing pacing{Rates{}};
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(pacing.take(i % 2 ? "DescribeInstances" : "DescribeVolumes", 0, kStart), Duration{}) << i;
  EXPECT_GT(pacing.take("DescribeFleets", 0, kStart), Duration{});
  EXPECT_EQ(pacing.take("CreateTags", 0, kStart), Duration{}) << "it has its own";
}

TEST(Pacing, InstancesAreCountedByWhatACallStarts) {
  Pacing pacing{Rates{}};
  EXPECT_EQ(pacing.launches_left(kStart), 1000u);
  const Json fleet =
      Json::object({{"TargetCapacitySpecification", Json::object({{"TotalTargetCapacity", 700}})}});
  pacing.take("CreateFleet", Pacing::instances_in("CreateFleet", fleet), kStart);
  EXPECT_EQ(pacing.launches_left(kStart), 300u);
  EXPECT_EQ(pacing.launches_left(kStart + seconds{10}), 320u);
  EXPECT_EQ(pacing.launches_left(kStart + seconds{10'000}), 1000u) << "not more than it holds";
  EXPECT_EQ(pacing.ends_left(kStart), 1000u) << "ends are another bucket";
  const Json ids = Json::object({{"InstanceIds", Json::array({"i-1", "i-2", "i-3"})}});
  pacing.take("TerminateInstances", Pacing::instances_in("TerminateInstances", ids), kStart);
  EXPECT_EQ(pacing.ends_left(kStart), 997u);
  EXPECT_EQ(Pacing::instances_in("DescribeInstances", ids), 0);
}

TEST(Pacing, ARefusalEmptiesOurAccountOfTheBucket) {
  Pacing pacing{Rates{}};
  pacing.take("CreateFleet", 1, kStart);
  pacing.refused("CreateFleet", kStart);
  EXPECT_EQ(pacing.launches_left(kStart), 0u) << "others draw on it too";
  EXPECT_EQ(pacing.launches_left(kStart + seconds{5}), 10u);
}

TEST(Pacing, QuotasThatWereRaisedAreTakenAsTheyAre) {
  Pacing pacing{Rates{.factor = 10, .launches = {5000, 100}, .ends = {20, 1}}};
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pacing.take("CreateFleet", 1, kStart), Duration{}) << i;
  EXPECT_GT(pacing.take("CreateFleet", 1, kStart), Duration{});
  EXPECT_EQ(pacing.launches_left(kStart), 4949u);
  EXPECT_EQ(pacing.ends_left(kStart), 20u);
}

}  // namespace
}  // namespace spillway::aws
