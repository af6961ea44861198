#include <fcntl.h>
#include <sys/xattr.h>

#include "staging/world_test.h"

namespace spillway::staging {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Sync : public World {
 protected:
  void make_tree() {
    write("a/c", "one");
    write("a-b", "two");
    write("a0", "three");
    write("empty", "");
    write("sub/deep/file with \"quotes\" & <signs>+%41", "four");
    write("large", pattern(12 << 20));
    write(std::string("bad\xff") + "name", "five");
    write("umläut\n", "six");
    std::filesystem::create_directories(here / "nothing/in/it");
    std::filesystem::create_symlink("../a/c", here / "sub/link");
    std::filesystem::create_symlink("/nowhere", here / "dangling");
    const timespec times[2] = {{1, 2}, {981173106, 123456789}};
    utimensat(AT_FDCWD, (here / "a0").c_str(), times, 0);
    std::filesystem::permissions(here / "a0", std::filesystem::perms{0600});
  }
};

TEST_F(Sync, KeepsATreeOnTheWayThereAndBack) {
  make_tree();
  const auto sent = sync(up());
  ASSERT_TRUE(sent) << sent.error().what;
  EXPECT_EQ(sent->failed, 0);
  EXPECT_EQ(sent->copied, 8);
  const auto fetched = sync(down());
  ASSERT_TRUE(fetched) << fetched.error().what;
  EXPECT_EQ(fetched->copied, 8);
  EXPECT_EQ(listing(back), listing(here));
}

TEST_F(Sync, SendsNothingWhenNothingChanged) {
  make_tree();
  ASSERT_TRUE(sync(up()));
  exchange.forget();
  const auto again = sync(up());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->copied, 0);
  EXPECT_EQ(again->same, 8);
  EXPECT_EQ(exchange.count("PUT"), 0U);
  ASSERT_TRUE(sync(down()));
  exchange.forget();
  const auto back_again = sync(down());
  ASSERT_TRUE(back_again);
  EXPECT_EQ(back_again->copied, 0);
  EXPECT_EQ(exchange.count("GET /slurm-burst-data/p/a"), 0U);
}

TEST_F(Sync, CopiesWhatChangedAtTheSameSizeWithAnOlderTime) {
  write("a", "before");
  ASSERT_TRUE(sync(up()));
  write("a", "after!");
  const timespec times[2] = {{1, 0}, {1000, 0}};
  utimensat(AT_FDCWD, (here / "a").c_str(), times, 0);
  EXPECT_EQ(sync(up())->copied, 1);
  EXPECT_EQ(object("a"), "after!");
}

TEST_F(Sync, ComparesContentsOnRequest) {
  write("a", "before");
  ASSERT_TRUE(sync(up()));
  struct stat found {};
  stat((here / "a").c_str(), &found);
  write("a", "after!");
  const timespec times[2] = {found.st_atim, found.st_mtim};
  utimensat(AT_FDCWD, (here / "a").c_str(), times, 0);
  EXPECT_EQ(sync(up())->copied, 0) << "size and time are those of the manifest";
  SyncWish wish = up();
  wish.checksum = true;
  EXPECT_EQ(sync(wish)->copied, 1);
  EXPECT_EQ(object("a"), "after!");
}

TEST_F(Sync, DeletesOnlyWhenAskedTo) {
  write("a", "a");
  write("b/c", "c");
  ASSERT_TRUE(sync(up()));
  ASSERT_TRUE(sync(down()));
  std::filesystem::remove_all(here / "b");
  ASSERT_TRUE(sync(up()));
  EXPECT_EQ(object("b/c"), "c");
  SyncWish wish = up();
  wish.remove = true;
  EXPECT_EQ(sync(wish)->removed, 1);
  EXPECT_EQ(object("b/c"), "(none)");
  ASSERT_TRUE(sync(down()));
  EXPECT_TRUE(std::filesystem::exists(back / "b/c"));
  wish = down();
  wish.remove = true;
  EXPECT_EQ(sync(wish)->removed, 2);
  EXPECT_EQ(listing(back), listing(here));
}

TEST_F(Sync, OnlyTellsInADryRun) {
  write("a", "a");
  SyncWish wish = up();
  wish.dry_run = true;
  EXPECT_THAT(sync(wish)->plan, ElementsAre("upload a"));
  EXPECT_EQ(exchange.count("PUT"), 0U);
  ASSERT_TRUE(sync(up()));
  wish = down();
  wish.dry_run = true;
  EXPECT_THAT(sync(wish)->plan, ElementsAre("download a"));
  EXPECT_FALSE(std::filesystem::exists(back));
}

TEST_F(Sync, TakesWhatTheFilterTakes) {
  write("a.txt", "a");
  write("b.log", "b");
  write("sub/c.log", "c");
  SyncWish wish = up();
  wish.filter = {{"sub/*"}, {"*.log"}};
  EXPECT_EQ(sync(wish)->copied, 2);
  EXPECT_EQ(object("b.log"), "(none)");
  EXPECT_EQ(object("sub/c.log"), "c");
}

TEST_F(Sync, TakesOverWhatOthersPutThere) {
  write("a", "same");
  write("b", "mine!");
  put("a", "same");
  put("b", "other");
  exchange.forget();
  const auto report = sync(up());
  EXPECT_EQ(report->copied, 1);
  EXPECT_EQ(report->same, 1);
  EXPECT_EQ(exchange.count("PUT /slurm-burst-data/p/a"), 0U);
  EXPECT_EQ(object("b"), "mine!");
}

TEST_F(Sync, FetchesObjectsWithoutAManifest) {
  put("x/y", "content");
  put("z", "");
  EXPECT_EQ(sync(down())->copied, 2);
  EXPECT_EQ(read(back / "x/y"), "content");
  EXPECT_EQ(sync(down())->copied, 0);
}

TEST_F(Sync, CopiesOneFileAndOneObject) {
  write("one", "content");
  SyncWish wish{.source = place((here / "one").string()), .target = place("s3://slurm-burst-data/p/renamed")};
  EXPECT_EQ(sync(wish)->copied, 1);
  EXPECT_EQ(object("renamed"), "content");
  wish = {.source = place("s3://slurm-burst-data/p/renamed"), .target = place((back / "two").string())};
  EXPECT_EQ(sync(wish)->copied, 1);
  EXPECT_EQ(read(back / "two"), "content");
}

TEST_F(Sync, KeepsHolesAndAttributes) {
  write("sparse", "");
  std::filesystem::resize_file(here / "sparse", 9 << 20);
  ASSERT_EQ(setxattr((here / "sparse").c_str(), "user.colour", "blue", 4, 0), 0);
  SyncWish wish = up();
  wish.xattrs = true;
  ASSERT_TRUE(sync(wish));
  wish = down();
  wish.xattrs = true;
  ASSERT_TRUE(sync(wish));
  char value[16] = "";
  EXPECT_EQ(getxattr((back / "sparse").c_str(), "user.colour", value, sizeof value), 4);
  EXPECT_STREQ(value, "blue");
  struct stat found {};
  stat((back / "sparse").c_str(), &found);
  EXPECT_EQ(found.st_size, 9 << 20);
  EXPECT_LT(found.st_blocks * 512, 1 << 20);
}

TEST_F(Sync, LargeAndSmallFilesDoNotWaitForEachOtherForEver) {
  whole_files = 64 << 10;  // room for one at a time
  parts = 5 << 20;
  threads = 2;
  for (int i = 0; i < 60; ++i) write(fmt::format("f{}", i), pattern(40'000));
  for (int i = 0; i < 4; ++i) write(fmt::format("e{}", i), pattern(11 << 20));
  EXPECT_EQ(sync(up())->copied, 64);
  EXPECT_EQ(sync(down())->copied, 64);
  EXPECT_EQ(listing(back), listing(here));
}

TEST_F(Sync, SaysThatTheSourceIsNotThere) {
  const auto none = sync(down());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "SPW-STAGE-002");
}

}  // namespace
}  // namespace spillway::staging
