#include "fleet/hooks.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/ids.h"
#include "fleet/places.h"
#include "fleet/socket.h"
#include "fleet/wish.h"

namespace spillway::fleet {
namespace {

TEST(HookCall, IsToldByTheNameOfTheLink) {
  EXPECT_EQ(hook_call("/usr/libexec/spillway/resume")->name, HookCall::Name::resume);
  EXPECT_EQ(hook_call("/opt/plugin/suspend.py")->name, HookCall::Name::suspend);
  EXPECT_EQ(hook_call("/opt/plugin/suspend.py")->folder, "/opt/plugin");
  EXPECT_EQ(hook_call("resume-fail")->name, HookCall::Name::resume_fail);
  EXPECT_EQ(hook_call("/x/prolog-slurmctld")->name, HookCall::Name::prolog_slurmctld);
  EXPECT_EQ(hook_call("/x/change_state.py")->name, HookCall::Name::change_state);
  EXPECT_EQ(hook_call("/x/generate_conf.py")->name, HookCall::Name::generate_conf);
  EXPECT_FALSE(hook_call("/usr/bin/spillway"));
}

class HooksTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(root_);
    setenv("SPILLWAY_ROOT", root_.c_str(), 1);
    std::filesystem::create_directories(default_places().spool);
    std::filesystem::create_directories(default_places().run);
  }
  void TearDown() override {
    unsetenv("SPILLWAY_ROOT");
    unsetenv("SLURM_RESUME_FILE");
    std::filesystem::remove_all(root_);
  }
  std::filesystem::path root_ = std::filesystem::temp_directory_path() / make_uuid().substr(0, 8);
  const HookCall resume_{HookCall::Name::resume, "/usr/libexec/spillway"};
};

TEST_F(HooksTest, RecordsTheWishWithItsResumeFileAndWakesTheDaemon) {
  const Fd wake = *listen_for_pokes(default_places().wake());
  ASSERT_TRUE(write_file_atomically(root_ / "resume.json", R"({"jobs":[]})"));
  setenv("SLURM_RESUME_FILE", (root_ / "resume.json").c_str(), 1);
  EXPECT_EQ(run_wish_hook(resume_, {"cloud-c5-[0-3]"}), 0);

  const auto wishes = Spool{default_places().spool}.read()->wishes;
  ASSERT_EQ(wishes.size(), 1u);
  EXPECT_EQ(wishes[0].wish.kind, Wish::Kind::resume);
  EXPECT_EQ(wishes[0].wish.nodes, "cloud-c5-[0-3]");
  EXPECT_EQ(wishes[0].wish.resume_file, R"({"jobs":[]})");
  char byte = 0;
  EXPECT_EQ(recv(wake.get(), &byte, 1, 0), 1);
}

TEST_F(HooksTest, NeedsNoDaemon) {
  EXPECT_EQ(run_wish_hook(resume_, {"c[0-3]"}), 0);
  EXPECT_EQ(run_wish_hook({HookCall::Name::suspend, ""}, {"c1"}), 0);
  const auto wishes = Spool{default_places().spool}.read()->wishes;
  ASSERT_EQ(wishes.size(), 2u);
  EXPECT_EQ(wishes[1].wish.kind, Wish::Kind::suspend) << "oldest first";
}

TEST_F(HooksTest, FailsLoudlyWhenTheWishCannotBeKept) {
  std::filesystem::remove_all(default_places().spool);
  EXPECT_EQ(run_wish_hook(resume_, {"c[0-3]"}), 1);
  EXPECT_EQ(run_wish_hook(resume_, {}), 2);
  EXPECT_EQ(Spool{default_places().spool}.read().error().code, "SPW-FLEET-001");
}

TEST_F(HooksTest, SpoolShowsWhatIsNoWish) {
  const Spool spool{default_places().spool};
  ASSERT_TRUE(write_file_atomically(default_places().spool / "1-x.wish", "{\"schema\": 1}"));
  EXPECT_EQ(spool.read()->unreadable, std::vector<std::string>{"1-x.wish"});
  ASSERT_TRUE(spool.set_aside("1-x.wish"));
  EXPECT_TRUE(spool.read()->unreadable.empty());
  EXPECT_TRUE(spool.remove("never-there"));
}

TEST_F(HooksTest, OnlyOneHoldsTheLock) {
  auto first = Lock::take(default_places().lock());
  ASSERT_TRUE(first);
  EXPECT_EQ(Lock::take(default_places().lock()).error().code, "SPW-FLEET-004");
  first = Error{Kind::internal, "let go"};
  EXPECT_TRUE(Lock::take(default_places().lock()));
}

TEST_F(HooksTest, AsksAndIsAnswered) {
  EXPECT_EQ(ask(default_places().control(), "{}", Deadline::after(std::chrono::seconds{5})).error().kind,
            Kind::unavailable);
  const Fd control = *listen_for_questions(default_places().control());
  std::jthread server([&] {
    pollfd waiting{control.get(), POLLIN, 0};
    poll(&waiting, 1, 10'000);
    const Fd client{accept(control.get(), nullptr, nullptr)};
    char text[64] = {};
    if (recv(client.get(), text, sizeof text, 0) > 0) send(client.get(), "yes\nmore", 8, 0);
  });
  EXPECT_EQ(*ask(default_places().control(), "{}", Deadline::after(std::chrono::seconds{10})), "yes");
}

}  // namespace
}  // namespace spillway::fleet
