#include "base/user.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace spillway {
namespace {

TEST(User, IsFoundByNameAndById) {
  ASSERT_TRUE(find_user("root"));
  EXPECT_EQ(find_user("root")->uid, 0u);
  EXPECT_EQ(find_user(uid_t{0})->name, "root");
  EXPECT_EQ(find_user("no-such-user").error().kind, Kind::not_found);
}

TEST(User, IsTheOneAskedForInEveryThread) {
  const auto ask = [](const std::string& name) {
    const uid_t uid = find_user(name)->uid;
    int wrong = 0;
    for (int i = 0; i < 500; ++i) wrong += find_user(name)->uid != uid;
    return wrong;
  };
  std::vector<std::future<int>> threads;
  for (const char* name : {"root", "daemon", "bin", "nobody"})
    threads.push_back(std::async(std::launch::async, ask, name));
  for (auto& thread : threads) EXPECT_EQ(thread.get(), 0);
}

}  // namespace
}  // namespace spillway
