#include "fleet/journal.h"

#include <gtest/gtest.h>

namespace spillway::fleet {
namespace {

const Time kNow{std::chrono::seconds{1'800'000'000}};

class JournalTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::path file_ = folder_ / "state.db";
};

TEST_F(JournalTest, KeepsRecordsExactly) {
  const NodeRecord node{.name = NodeName{"cloud-c5-0"},
                        .wanted = Wanted::failed,
                        .epoch = 3,
                        .since = kNow,
                        .job = 12,
                        .reason = "it's \"full\"",
                        .marked_down = true,
                        .hold_until = kNow,
                        .failures = 2};
  const LaunchRecord launch{.intent = IntentId{"in-1"},
                            .group = GroupName{"cloud-c5"},
                            .request = Json::object({{"ClientToken", "t"}, {"n", 2}}),
                            .nodes = {{node.name, 3, 12}},
                            .state = LaunchState::answered,
                            .tries = 2,
                            .made_at = kNow,
                            .not_before = kNow,
                            .answered_at = kNow,
                            .error = "e"};
  MachineRecord machine{.id = InstanceId{"i-1"},
                        .intent = launch.intent,
                        .group = launch.group,
                        .node = node.name,
                        .epoch = 3,
                        .address = IpAddress{"172.31.0.4"},
                        .launched_at = kNow,
                        .joined_at = kNow,
                        .registering_at = kNow,
                        .registered_at = kNow + Duration{1},
                        .unregistered_at = kNow + Duration{2},
                        .name_trouble = "in use",
                        .end_reason = "r"};
  {
    Journal journal = *Journal::open(file_);
    ASSERT_TRUE(journal.save(node));
    ASSERT_TRUE(journal.save(launch));
    ASSERT_TRUE(journal.save(machine));
  }
  Journal journal = *Journal::open(file_);
  const Records records = *journal.load();
  EXPECT_EQ(records.nodes.at(node.name), node);
  EXPECT_EQ(records.launches.at(launch.intent), launch);
  EXPECT_EQ(records.machines.at(machine.id), machine);
  EXPECT_EQ(*journal.node(node.name), node);

  machine.closed_at = kNow;
  ASSERT_TRUE(journal.save(machine));
  EXPECT_TRUE(journal.load()->machines.empty()) << "what is closed is history";
  EXPECT_EQ(*journal.machine(machine.id), machine);
}

TEST_F(JournalTest, IsAnotherGenerationInAnotherFile) {
  const std::string first = *Journal::open(file_)->generation();
  EXPECT_EQ(*Journal::open(file_)->generation(), first);
  EXPECT_NE(*Journal::open(folder_ / "other.db")->generation(), first);
  EXPECT_FALSE(*Journal::open(file_)->recovered());
}

TEST_F(JournalTest, CountsCallsAndTellsEvents) {
  Journal journal = *Journal::open(file_);
  ASSERT_TRUE(journal.add_api_calls({{"CreateFleet", 1}, {"DescribeInstances", 3}}));
  ASSERT_TRUE(journal.add_api_calls({{"CreateFleet", 2}}));
  EXPECT_EQ(journal.api_calls()->at("CreateFleet"), 3);
  const Event event{.at = kNow, .event = "resume", .node = NodeName{"a"}, .job = 5, .detail = "d"};
  ASSERT_TRUE(journal.note(event));
  EXPECT_EQ(*journal.events(kNow), std::vector<Event>{event});
  EXPECT_TRUE(journal.events(kNow + Duration{1})->empty());
}

TEST_F(JournalTest, TakesAWishOnce) {
  Journal journal = *Journal::open(file_);
  const SpooledWish wish{"0001-1-a.wish", {.kind = Wish::Kind::resume, .nodes = "c[0-1]", .made_at = kNow}};
  EXPECT_FALSE(*journal.has_taken(wish.id));
  ASSERT_TRUE(journal.take(wish, kNow));
  ASSERT_TRUE(journal.take(wish, kNow));
  EXPECT_TRUE(*journal.has_taken(wish.id));
}

}  // namespace
}  // namespace spillway::fleet
