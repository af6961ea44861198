#include "staging/helper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "staging/become.h"

// Needs root, as the helper does.
namespace spillway::staging {
namespace {

using testing::HasSubstr;

constexpr uid_t kNobody = 65534;

TEST(Become, OnlyOrdinaryUsers) {
  for (const uid_t uid : {0u, 1u, 999u, kNobody})
    EXPECT_EQ(may_become(uid, 64030).error().code, "SPW-STAGE-063") << uid;
  EXPECT_EQ(may_become(4'000'000'000u, 64030).error().kind, Kind::not_found);
  EXPECT_EQ(may_become(1500, 1500).error().code, "SPW-STAGE-063") << "SlurmUser";
}

/// Runs `body` in a child and gives its exit code.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Become, IsForGood) {
  if (getuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  EXPECT_EQ(
      in_child([] {
        const Fd open_file{dup(1)};
        if (!become(kNobody)) return 1;
        if (getuid() != kNobody || geteuid() != kNobody || getgid() == 0 || getegid() == 0) return 2;
        if (setuid(0) == 0 || setresuid(0, 0, 0) == 0 || setgid(0) == 0) return 3;
        gid_t groups[64];
        const int count = getgroups(64, groups);
        for (int i = 0; i < count; ++i)
          if (groups[i] == 0) return 4;
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 5;
        if (access("/root", R_OK) == 0) return 6;
        if (dup(open_file.get()) >= 0) return 7;  // closed
        std::ifstream status("/proc/self/status");
        for (std::string line; std::getline(status, line);)
          if ((line.starts_with("CapEff:") || line.starts_with("CapPrm:") || line.starts_with("CapInh:")) &&
              line.find_first_not_of("0\t ", 7) != std::string::npos)
            return 8;
        return 0;
      }),
      0);
}

TEST(Become, RootIsRefused) {
  EXPECT_EQ(in_child([] { return become(0) ? 1 : 0; }), 0);
}

struct Helper : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("helper-" + make_uuid().substr(0, 8));
  HelperSettings settings{folder / "socket", "/usr/bin/env", 0};
  Fd stop{eventfd(0, EFD_CLOEXEC)};
  pid_t child = 0;
  void SetUp() override {
    if (getuid() != 0) GTEST_SKIP() << "the helper is root's";
  }
  void serve() {
    std::filesystem::create_directories(folder);
    child = fork();
    if (child == 0) _exit(serve_moves(settings, stop) ? 0 : 1);
  }
  std::string ask(uid_t uid, const std::string& order) {
    const Deadline patience = Deadline::after(std::chrono::seconds{60});
    while (!patience.expired()) {  // until it listens
      const auto answer = ask_helper(settings.socket, uid, order, Deadline::after(std::chrono::seconds{20}));
      if (answer) return *answer;
      if (answer.error().kind != Kind::unavailable) return to_string(answer.error());
      std::this_thread::yield();
    }
    return "nobody listens";
  }
  ~Helper() override {
    const uint64_t one = 1;
    EXPECT_EQ(write(stop.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    if (child > 0) waitpid(child, nullptr, 0);
    std::filesystem::remove_all(folder);
  }
};

TEST_F(Helper, RefusesRootAndNonsense) {
  serve();
  EXPECT_THAT(ask(0, "{}"), HasSubstr("SPW-STAGE-063"));
  EXPECT_THAT(ask(12, "{}"), HasSubstr("SPW-STAGE-063"));
  EXPECT_THAT(ask(4'000'000'000u, "{}"), HasSubstr("error"));
}

TEST_F(Helper, HearsSlurmUserAlone) {
  settings.slurm_user = 12345;
  serve();
  ask(0, "{}");  // it listens; root may ask, for tests and repairs
  EXPECT_EQ(in_child([&] {
              if (chmod(settings.socket.c_str(), 0666) != 0) return 1;  // even if its mode were wrong
              if (!become(kNobody)) return 2;
              const auto answer =
                  ask_helper(settings.socket, 1000, "{}", Deadline::after(std::chrono::seconds{20}));
              return answer && answer->find("not SlurmUser") != std::string::npos ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace spillway::staging
