#include "fleet/remembered.h"

#include <gtest/gtest.h>

namespace spillway::fleet {
namespace {

class RememberedTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  /// What is at hand is what the file says.
  void same() { EXPECT_EQ(records_, *Journal::open(path_)->load()); }
  static NodeRecord node(const char* name, int64_t epoch = 1) {
    return {.name = NodeName{name}, .wanted = Wanted::up, .epoch = epoch};
  }
  static LaunchRecord launch(LaunchState state, bool assigned = false) {
    return {.intent = IntentId{"in-1"},
            .request = Json::object({{"ClientToken", "t"}}),
            .state = state,
            .assigned = assigned};
  }
  static MachineRecord machine(const char* id, bool live = true) {
    return {.id = InstanceId{id}, .intent = IntentId{"in-1"}, .closed_at = live ? Time{} : Time{Duration{1}}};
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::path path_ = (std::filesystem::create_directories(folder_), folder_ / "state.db");
  Journal file_ = Journal::open(path_).value();
  Records records_;
  Remembered journal_{file_, records_};
};

TEST_F(RememberedTest, EverySaveIsInBoth) {
  EXPECT_TRUE(journal_.save(node("a")));
  EXPECT_TRUE(journal_.save(PoolRecord{.pool = "p", .strikes = 2}));
  EXPECT_TRUE(journal_.save(GroupRecord{.group = GroupName{"g"}, .strikes = 3}));
  same();
  EXPECT_EQ(journal_.pool("p")->strikes, 2);
  EXPECT_EQ(journal_.group(GroupName{"g"})->strikes, 3);
  EXPECT_TRUE(journal_.forget_pool("p"));
  EXPECT_TRUE(records_.pools.empty());
  same();
}

TEST_F(RememberedTest, ALaunchIsKnownUntilItIsSettledAndItsMachinesAreGone) {
  EXPECT_TRUE(journal_.save(launch(LaunchState::intended)));
  same();
  EXPECT_TRUE(journal_.save(machine("i-1")));
  EXPECT_TRUE(journal_.save(machine("i-2")));
  EXPECT_TRUE(journal_.save(launch(LaunchState::answered)));
  same();
  EXPECT_TRUE(journal_.save(launch(LaunchState::answered, true)));
  same();
  EXPECT_EQ(records_.launches.size(), 1u);
  EXPECT_TRUE(journal_.save(machine("i-1", false)));
  same();
  EXPECT_TRUE(journal_.save(machine("i-2", false)));
  EXPECT_TRUE(records_.launches.empty());
  same();
  EXPECT_TRUE(journal_.machine(InstanceId{"i-2"})->has_value()) << "the file knows it still";
  EXPECT_TRUE(journal_.save(machine("i-2"))) << "EC2 lists it again";
  EXPECT_TRUE(journal_.refresh());
  EXPECT_EQ(records_.launches.size(), 1u);
  same();
}

TEST_F(RememberedTest, ATransactionThatFailsLeavesNothing) {
  EXPECT_TRUE(journal_.save(node("a")));
  EXPECT_FALSE(journal_.transaction([&]() -> Result<void> {
    EXPECT_TRUE(journal_.save(node("a", 7)));
    EXPECT_TRUE(journal_.save(node("b")));
    return Error{Kind::io, "the disk is full"};
  }));
  EXPECT_EQ((*journal_.node(NodeName{"a"}))->epoch, 1);
  EXPECT_FALSE(journal_.node(NodeName{"b"})->has_value());
  same();
}

TEST_F(RememberedTest, WhatAnotherProcessWroteIsSeenBeforeItIsWrittenOver) {
  EXPECT_TRUE(journal_.save(node("a")));
  Journal other = Journal::open(path_).value();
  EXPECT_TRUE(other.save(node("a", 5)));
  EXPECT_TRUE(journal_.transaction([&]() -> Result<void> {
    const auto seen = journal_.node(NodeName{"a"});
    EXPECT_EQ((*seen)->epoch, 5);
    return {};
  }));
  EXPECT_TRUE(other.save(node("b")));
  EXPECT_TRUE(journal_.refresh());
  same();
}

}  // namespace
}  // namespace spillway::fleet
