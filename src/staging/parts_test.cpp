#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/crypto.h"
#include "staging/filter.h"
#include "staging/location.h"
#include "staging/manifest.h"
#include "staging/names.h"
#include "staging/pace.h"
#include "staging/rate.h"
#include "staging/show.h"
#include "staging/sync_command.h"

namespace spillway::staging {
namespace {

Entry file(const std::string& key) {
  Entry entry;
  entry.key = key;
  entry.size = 12;
  entry.mode = 0640;
  entry.mtime_ns = 981173106123456789;
  entry.sha256 = sha256(key);
  entry.crc64 = 0xAE8B14860A799888;
  entry.etag = "abc-2";
  return entry;
}

TEST(Manifest, ReadsTheLinesThatItWrites) {
  std::vector<Entry> entries{file("plain"), file("with \"quotes\" and \\"), file("line\nfeed"), file("ünï")};
  entries[1].sparse = true;
  entries[2].xattrs = {{"user.a", std::string("\0\xff", 2)}};
  entries[3].path = "\xfc";
  Entry link;
  link.key = "link";
  link.type = EntryType::symlink;
  link.link = "to/\xff";
  Entry folder;
  folder.key = "folder/";
  folder.type = EntryType::directory;
  folder.mode = 0755;
  folder.mtime_ns = -5;
  entries.push_back(link);
  entries.push_back(folder);
  for (const Entry& entry : entries) {
    const std::string line = manifest_line(entry);
    const auto read = read_manifest_line(std::string_view(line).substr(0, line.size() - 1));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(manifest_line(*read), line);
    EXPECT_EQ(read->key, entry.key);
    EXPECT_EQ(read->path, entry.path);
    EXPECT_EQ(read->link, entry.link);
    EXPECT_EQ(read->xattrs, entry.xattrs);
  }
}

TEST(Manifest, RefusesLinesThatCannotBe) {
  const char* const kBad[] = {
      "",
      "{}",
      "[]",
      "{\"key\":\"../a\",\"type\":\"symlink\"}",
      "{\"key\":\"/a\",\"type\":\"symlink\"}",
      "{\"key\":\"a/\",\"type\":\"symlink\"}",
      "{\"key\":\"a\",\"type\":\"directory\"}",
      "{\"key\":\"a\",\"type\":\"door\"}",
      "{\"key\":\"a\",\"type\":\"file\",\"size\":1}",
      "{\"key\":\"a\",\"type\":\"file\",\"size\":-1}",
      "{\"key\":\"a\",\"path64\":\"Li4vYQ==\",\"type\":\"symlink\"}",
      "{\"key\":\"a\",\"type\":\"symlink\"",
  };
  for (const char* line : kBad) EXPECT_FALSE(read_manifest_line(line)) << line;
}

std::string whole(const std::vector<Entry>& entries) {
  auto writer = *ManifestWriter::make();
  for (const Entry& entry : entries) EXPECT_TRUE(writer.add(entry));
  const Fd done = *writer.finish();
  std::string text(1 << 20, '\0');
  text.resize(static_cast<size_t>(pread(done.get(), text.data(), text.size(), 0)));
  return text;
}

Result<std::unique_ptr<ManifestTree>> opened(const std::string& text) {
  Fd made = *unnamed_file();
  EXPECT_EQ(::write(made.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return ManifestTree::open(std::move(made));
}

TEST(Manifest, RefusesWhatWasCutShortOrChanged) {
  const std::string good = whole({file("a"), file("b"), file("c")});
  ASSERT_TRUE(opened(good));
  EXPECT_EQ((*opened(good))->entries(), 3);
  for (size_t size = 0; size < good.size(); size += 17) EXPECT_FALSE(opened(good.substr(0, size))) << size;
  std::string changed = good;
  changed[good.find("640")] = '7';
  EXPECT_EQ(opened(changed).error().code, "SPW-STAGE-010");
  EXPECT_FALSE(opened(good + "x\n"));
  EXPECT_FALSE(opened("{\"schema\":\"spillway.manifest/v2\"}\n"));
}

TEST(Names, AreTheirOwnKeysUnlessTheyAreNoUtf8) {
  EXPECT_EQ(key_of_name("plain-ü"), "plain-ü");
  EXPECT_EQ(key_of_name("a\xff"
                        "b"),
            "a%FFb");
  EXPECT_EQ(key_of_name("\xed\xa0\x80"), "%ED%A0%80");
  for (const char* good : {"a", "a/b", "a/", "..a", "a..", "a/.b/...", "\n"})
    EXPECT_TRUE(check_key(good)) << good;
  for (const char* bad : {"", "/", "..", "../a", "a/..", "a/../b", "/a", "a//b", "a//", "./a", "."})
    EXPECT_FALSE(check_key(bad)) << bad;
}

TEST(Filter, ExcludesUnlessIncluded) {
  const Filter filter{{"keep/*"}, {"*.log", "tmp*"}};
  EXPECT_TRUE(filter.takes("a.txt"));
  EXPECT_FALSE(filter.takes("sub/a.log"));
  EXPECT_TRUE(filter.takes("keep/a.log"));
  EXPECT_FALSE(filter.takes("tmp/x"));
  const Filter only{{"*.txt"}, {}};
  EXPECT_TRUE(only.takes("sub/a.txt"));
  EXPECT_FALSE(only.takes("a.log"));
  EXPECT_TRUE(only.takes("sub/")) << "directories stand with what is in them";
}

TEST(Location, IsAPathOrABucket) {
  EXPECT_EQ(parse_location("s3://data-1/a/b")->prefix, "a/b/");
  EXPECT_EQ(parse_location("s3://data-1/a/b")->object, "a/b");
  EXPECT_EQ(parse_location("s3://data-1")->prefix, "");
  EXPECT_EQ(parse_location("/a/../b")->local, "/b");
  for (const char* bad : {"", "s3://", "s3://A/b", "s3://x", "gs://bucket/a", "s3://has space/a"})
    EXPECT_EQ(parse_location(bad).error().code, "SPW-STAGE-001") << bad;
}

TEST(Pace, GrowsWhileItHelpsAndTakesBackWhatDidNot) {
  Pace pace(256, 2);
  EXPECT_EQ(pace.limit(), 8U);
  pace.judge({.work = 100, .seconds = 1, .wall = 20, .busy = 0.02, .count = 100});
  EXPECT_EQ(pace.limit(), 32U);
  pace.judge({.work = 400, .seconds = 1, .wall = 20, .busy = 0.02, .count = 100});
  EXPECT_EQ(pace.limit(), 128U);
  pace.judge({.work = 401, .seconds = 1, .wall = 20, .busy = 0.02, .count = 100});
  EXPECT_EQ(pace.limit(), 32U) << "four times as many moved no more";
}

TEST(Pace, StaysWhereTheProcessorsAreBusy) {
  Pace pace(256, 2);
  pace.judge({.work = 100, .seconds = 1, .wall = 1, .busy = 0.5, .count = 100});
  EXPECT_EQ(pace.limit(), 8U);
}

TEST(Pace, HalvesWhenAskedToSlowDown) {
  Pace pace(256, 2);
  pace.slow_down();
  EXPECT_EQ(pace.limit(), 4U);
  for (int i = 0; i < 5; ++i) pace.slow_down();
  EXPECT_EQ(pace.limit(), 1U);
}

TEST(RateLimit, SpacesBytesOut) {
  RateLimit rate(1000);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_EQ(rate.reserve(500, now).count(), 0);
  EXPECT_EQ(rate.reserve(500, now), std::chrono::milliseconds{500});
  EXPECT_EQ(rate.reserve(1, now), std::chrono::seconds{1});
  EXPECT_EQ(RateLimit(0).reserve(1 << 30, now).count(), 0);
}

TEST(Rates, AreReadWithUnits) {
  EXPECT_EQ(*parse_rate("500"), 500);
  EXPECT_EQ(*parse_rate("20M"), 20 << 20);
  EXPECT_EQ(*parse_rate("1g"), 1 << 30);
  for (const char* bad : {"", "M", "-1", "0", "1.5M", "fast", "99999999999T"})
    EXPECT_EQ(parse_rate(bad).error().code, "SPW-STAGE-014") << bad;
}

TEST(Progress, ShowsWhatIsLeft) {
  Progress progress;
  progress.bytes_planned = 100 << 20;
  progress.bytes_done = 25 << 20;
  progress.files_planned = 4;
  progress.files_done = 1;
  progress.planned_all = true;
  EXPECT_EQ(progress_line(progress, 5),
            "[#####...............]  25%  25.0 MiB of 100.0 MiB  1 of 4 files  5.0 MiB/s  0:15 left");
}

}  // namespace
}  // namespace spillway::staging
