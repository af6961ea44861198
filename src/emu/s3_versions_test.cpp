#include "emu/s3_versions.h"

#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

struct Versions : ::testing::Test {
  std::string put(const std::string& etag) {
    Object object;
    object.etag = etag;
    object.content = std::make_shared<const std::string>();
    return put_version(account, bucket, "k", object);
  }
  std::string current() const { return bucket.objects.contains("k") ? bucket.objects.at("k").etag : "gone"; }
  size_t older() const { return bucket.history.contains("k") ? bucket.history.at("k").size() : 0; }

  ManualClock clock;
  Account account{Settings{}, clock};
  Bucket bucket;
};

TEST_F(Versions, APlainBucketKeepsOne) {
  EXPECT_EQ(put("1"), "null");
  EXPECT_EQ(put("2"), "null");
  EXPECT_EQ(current(), "2");
  EXPECT_EQ(delete_current(account, bucket, "k").version, "");
  EXPECT_TRUE(bucket.objects.empty() && bucket.history.empty());
}

TEST_F(Versions, TheYoungestBecomesCurrentAgain) {
  bucket.versioning = "Enabled";
  const std::string first = put("1"), second = put("2"), third = put("3");
  EXPECT_NE(first, second);
  delete_version(bucket, "k", second);  // one in the midst changes nothing
  EXPECT_EQ(current(), "3");
  delete_version(bucket, "k", third);
  EXPECT_EQ(current(), "1");
  delete_version(bucket, "k", "none");
  EXPECT_EQ(current(), "1");
  delete_version(bucket, "k", first);
  EXPECT_TRUE(bucket.objects.empty() && bucket.history.empty());
}

TEST_F(Versions, AMarkerHidesWhatLiesUnderIt) {
  bucket.versioning = "Enabled";
  const std::string first = put("1");
  const Deletion one = delete_current(account, bucket, "k"), two = delete_current(account, bucket, "k");
  EXPECT_TRUE(one.marker && two.marker);
  EXPECT_EQ(older(), 3u);
  EXPECT_TRUE(delete_version(bucket, "k", two.version).marker);
  EXPECT_EQ(current(), "gone");  // the other marker is current now
  delete_version(bucket, "k", one.version);
  EXPECT_EQ(current(), "1");
  EXPECT_EQ(find_version(bucket, "k", first)->etag, "1");
}

TEST_F(Versions, ASuspendedBucketReplacesOnlyTheNullVersion) {
  EXPECT_EQ(put("0"), "null");
  bucket.versioning = "Enabled";
  put("1");
  EXPECT_EQ(older(), 1u);
  bucket.versioning = "Suspended";
  EXPECT_EQ(put("2"), "null");  // the null version of old goes, "1" stays
  EXPECT_EQ(older(), 1u);
  EXPECT_EQ(find_version(bucket, "k", "null")->etag, "2");
  delete_current(account, bucket, "k");
  EXPECT_EQ(older(), 2u);
  EXPECT_TRUE(find_version(bucket, "k", "null")->delete_marker);
}

}  // namespace
}  // namespace spillway::emu
