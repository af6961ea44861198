#include "staging/verify.h"

#include <fcntl.h>

#include "staging/names.h"
#include "staging/world_test.h"

namespace spillway::staging {
namespace {

class Verify : public World {
 protected:
  Result<VerifyReport> verify(const std::filesystem::path& tree = {}) {
    Result<VerifyReport> out = Error{Kind::internal, "not run"};
    SyncWish nothing = up();
    nothing.dry_run = true;
    (void)sync(nothing, [&](Means& means) {
      out = tree.empty() ? verify_prefix(means, "p/", {}) : verify_tree(means, "p/", tree, {});
    });
    return out;
  }
};

TEST_F(Verify, FindsWhatDiffersInTheBucket) {
  write("a", "a");
  write("b", "b");
  write("c/d", "d");
  ASSERT_TRUE(sync(up()));
  EXPECT_EQ(verify()->wrong, 0);
  EXPECT_EQ(verify()->verified, 4) << "three files and a directory";
  put("a", "A");
  put("new", "n");
  const auto report = verify();
  EXPECT_EQ(report->wrong, 2);
  EXPECT_EQ(report->failures[0].key, "a");
}

TEST_F(Verify, FindsWhatDiffersInADirectory) {
  write("a", "a");
  write("b", "b");
  ASSERT_TRUE(sync(up()));
  EXPECT_EQ(verify(here)->wrong, 0);
  struct stat found {};
  stat((here / "a").c_str(), &found);
  write("a", "A");
  const timespec times[2] = {found.st_atim, found.st_mtim};
  utimensat(AT_FDCWD, (here / "a").c_str(), times, 0);
  write("extra", "x");
  std::filesystem::remove(here / "b");
  EXPECT_EQ(verify(here)->wrong, 3);
}

TEST_F(Verify, RefusesATamperedManifest) {
  write("a", "a");
  ASSERT_TRUE(sync(up()));
  std::string text = object(std::string(kManifestKey));
  text.replace(text.find("\"size\":1"), 8, "\"size\":2");
  put(std::string(kManifestKey), text);
  const auto report = verify();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "SPW-STAGE-010");
  const auto fetched = sync(down());
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, "SPW-STAGE-010");
  EXPECT_FALSE(std::filesystem::exists(back)) << "nothing is written";
}

}  // namespace
}  // namespace spillway::staging
