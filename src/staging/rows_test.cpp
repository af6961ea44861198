#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "staging/names.h"
#include "staging/world_test.h"

// Rows of the failure catalogue, each by its number.
namespace spillway::staging {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Rows : public World {
 protected:
  static net::Exchanged answer(int status, const std::string& code) {
    return {{status, {{"Content-Length", "0"}}, "<Error><Code>" + code + "</Code></Error>"}};
  }
  static bool is(const net::Request& request, const std::string& begins) {
    return InProcess::name_of(request).starts_with(begins);
  }
  std::vector<std::string> left_over() {
    std::vector<std::string> out;
    for (const auto& one : std::filesystem::recursive_directory_iterator(back))
      if (is_temporary(one.path().filename().string())) out.push_back(one.path());
    return out;
  }
};

TEST_F(Rows, row_044_an_upload_that_cannot_go_on_is_given_up) {
  write("large", pattern(12 << 20));
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "PUT /slurm-burst-data/p/large?partNumber=2"))
      std::filesystem::resize_file(here / "large", 11 << 20);
    return std::nullopt;
  };
  EXPECT_EQ(sync(up())->failed, 1);
  EXPECT_EQ(exchange.count("DELETE /slurm-burst-data/p/large"), 1U);
}

TEST_F(Rows, row_065_a_key_with_dots_writes_nothing_outside) {
  for (const char* key : {"../outside", "a/../../outside", "/absolute", "a//b", "./c", "ok"}) put(key, "x");
  const auto report = sync(down());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->copied, 1);
  EXPECT_EQ(report->failed, 5);
  for (const Failure& failure : report->failures) EXPECT_EQ(failure.error.code, "SPW-STAGE-006");
  EXPECT_FALSE(std::filesystem::exists(root / "outside"));
  EXPECT_FALSE(std::filesystem::exists("/absolute"));
}

TEST_F(Rows, row_066_nothing_is_written_or_set_through_a_link) {
  std::filesystem::create_directories(root / "outside");
  std::filesystem::create_directories(back);
  std::filesystem::create_directory_symlink(root / "outside", back / "d");
  write("victim", "safe", root / "outside");
  std::filesystem::permissions(root / "outside/victim", std::filesystem::perms{0600});
  std::filesystem::create_symlink(root / "outside/victim", back / "f");
  put("d/new", "x");
  put("f", "y");
  const auto report = sync(down());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->failed, 1) << "below the link; the link itself is replaced by the file";
  EXPECT_EQ(read(root / "outside/victim"), "safe");
  EXPECT_EQ(std::filesystem::status(root / "outside/victim").permissions(), std::filesystem::perms{0600});
  EXPECT_FALSE(std::filesystem::exists(root / "outside/new"));
}

TEST_F(Rows, row_067_a_file_that_changes_while_it_is_sent_fails) {
  write("small", "before");
  write("large", pattern(12 << 20));
  write("still", "still");
  std::atomic<bool> once = false;
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "PUT /slurm-burst-data/p/large?partNumber=1") && !once.exchange(true))
      std::ofstream(here / "large", std::ios::app) << "more";
    return std::nullopt;
  };
  const auto report = sync(up());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->failed, 1);
  EXPECT_EQ(report->failures.at(0).error.code, "SPW-STAGE-004");
  EXPECT_EQ(object("large"), "(none)");
  EXPECT_EQ(object("still"), "still");
  EXPECT_EQ(exchange.count("DELETE /slurm-burst-data/p/large"), 1U) << "the upload is given up";
}

TEST_F(Rows, row_068_credentials_that_expire_in_mid_upload_are_renewed) {
  write("large", pattern(16 << 20));
  std::atomic<bool> once = false;
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "PUT /slurm-burst-data/p/large?partNumber=3") && !once.exchange(true))
      return answer(400, "ExpiredToken");
    return std::nullopt;
  };
  const auto report = sync(up());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->copied, 1);
  EXPECT_EQ(credentials.renewed, 1);
  EXPECT_EQ(exchange.count("POST /slurm-burst-data/p/large?uploads"), 1U) << "with the same upload";
  EXPECT_EQ(object("large"), pattern(16 << 20));
}

TEST_F(Rows, row_069_slow_down_is_obeyed) {
  for (int i = 0; i < 40; ++i) write(fmt::format("f{}", i), "x");
  std::atomic<int> refused = 0;
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (request.method == "PUT" && refused < 25 && ++refused <= 25) return answer(503, "SlowDown");
    return std::nullopt;
  };
  const auto report = sync(up());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->copied, 40);
  EXPECT_EQ(slowed_down, 25);
}

TEST_F(Rows, row_070_spoiled_bytes_are_noticed_and_fetched_again) {
  write("a", "content of a");
  ASSERT_TRUE(sync(up()));
  std::atomic<int> spoiled = 0;
  exchange.spoil = [&](const net::Request& request, net::Response& response) {
    if (is(request, "GET /slurm-burst-data/p/a") && spoiled++ == 0) response.body[3] ^= 1;
  };
  const auto report = sync(down());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->copied, 1);
  EXPECT_EQ(read(back / "a"), "content of a");
  EXPECT_EQ(spoiled, 2);
}

TEST_F(Rows, row_070_what_stays_spoiled_never_gets_its_name) {
  write("a", "content of a");
  write("large", pattern(12 << 20));
  ASSERT_TRUE(sync(up()));
  exchange.spoil = [&](const net::Request& request, net::Response& response) {
    if (request.method == "GET" && !is(request, "GET /slurm-burst-data/?") &&
        !is(request, "GET /slurm-burst-data/p/.sp"))
      response.body[3] ^= 1;
  };
  const auto report = sync(down());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->failed, 2);
  for (const Failure& failure : report->failures) EXPECT_EQ(failure.error.code, "SPW-STAGE-009");
  EXPECT_FALSE(std::filesystem::exists(back / "a"));
  EXPECT_FALSE(std::filesystem::exists(back / "large"));
  EXPECT_THAT(left_over(), IsEmpty());
}

TEST_F(Rows, row_071_a_download_that_fails_leaves_the_file_that_was_there) {
  write("a", "new content");
  ASSERT_TRUE(sync(up()));
  write("a", "old", back);
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "GET /slurm-burst-data/p/a"))
      return Result<net::Exchanged>(Error{Kind::unavailable, "cut"});
    return std::nullopt;
  };
  const auto report = sync(down());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->failed, 1);
  EXPECT_EQ(read(back / "a"), "old");
  EXPECT_THAT(left_over(), IsEmpty());
}

TEST_F(Rows, row_072_a_full_disk_ends_the_copy_cleanly) {
  if (getuid() != 0) GTEST_SKIP() << "only root can mount a small disk";
  write("a", pattern(3 << 20));
  write("b", pattern(12 << 20));
  write("c", "tiny");
  ASSERT_TRUE(sync(up()));
  std::filesystem::create_directories(back);
  ASSERT_EQ(mount("tmpfs", back.c_str(), "tmpfs", 0, "size=4m"), 0);
  const auto full = sync(down());
  EXPECT_FALSE(full);
  if (!full) {
    EXPECT_EQ(full.error().code, "SPW-STAGE-008") << full.error().what;
  }
  EXPECT_THAT(left_over(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(back / "b"));
  ASSERT_EQ(mount("tmpfs", back.c_str(), "tmpfs", MS_REMOUNT, "size=40m"), 0);
  EXPECT_EQ(sync(down())->failed, 0);
  EXPECT_EQ(read(back / "b"), pattern(12 << 20));
  umount(back.c_str());
}

TEST_F(Rows, row_073_fifos_and_sockets_are_refused_aloud_and_hard_links_are_files) {
  write("file", "x");
  std::filesystem::create_hard_link(here / "file", here / "second");
  ASSERT_EQ(mkfifo((here / "fifo").c_str(), 0600), 0);
  const bool with_device = getuid() == 0;  // nobody else may make one
  if (with_device) {
    ASSERT_EQ(mknod((here / "device").c_str(), S_IFCHR | 0600, 0x103), 0);
  }
  const auto report = sync(up());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->copied, 2);
  EXPECT_EQ(report->failed, with_device ? 2 : 1);
  for (const Failure& failure : report->failures) EXPECT_EQ(failure.error.code, "SPW-STAGE-003");
  EXPECT_EQ(object("second"), "x");
}

TEST_F(Rows, row_074_a_key_that_is_file_and_directory_is_told) {
  put("a", "file");
  put("a-b", "between");
  put("a/b", "below");
  put("b", "file");
  const auto report = sync(down());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->copied, 3);
  ASSERT_EQ(report->failed, 1);
  EXPECT_EQ(report->failures[0].key, "a/b");
  EXPECT_EQ(report->failures[0].error.code, "SPW-STAGE-007");
  EXPECT_EQ(read(back / "a"), "file");
}

TEST_F(Rows, row_074_names_are_bytes) {
  const std::string composed = "\xc3\xa9", apart = "e\xcc\x81", neither = "\xe9";
  write(composed, "1");
  write(apart, "2");
  write(neither, "3");
  ASSERT_EQ(sync(up())->copied, 3);
  ASSERT_EQ(sync(down())->copied, 3);
  EXPECT_EQ(read(back / composed), "1");
  EXPECT_EQ(read(back / apart), "2");
  EXPECT_EQ(read(back / neither), "3");
}

TEST_F(Rows, row_075_a_file_that_failed_is_no_success) {
  write("a", "a");
  write("b", "b");
  write("gone", "gone");
  ASSERT_TRUE(sync(up()));
  write("a", "changed");
  std::filesystem::remove(here / "gone");
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "PUT /slurm-burst-data/p/a")) return answer(403, "AccessDenied");
    return std::nullopt;
  };
  SyncWish wish = up();
  wish.remove = true;
  const auto report = sync(wish);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->failed, 1);
  EXPECT_EQ(report->removed, 0) << "nothing is deleted after a failure";
  EXPECT_EQ(object("gone"), "gone");
}

TEST_F(Rows, row_076_what_vanishes_after_it_was_listed_is_told) {
  for (int i = 0; i < 3; ++i) write(fmt::format("f{}", i), "x");
  // One thread, and the file that comes second goes while the first is sent.
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "PUT /slurm-burst-data/p/f0")) std::filesystem::remove(here / "zz");
    return std::nullopt;
  };
  write("zz", pattern(12 << 20));  // goes by another thread, which begins by listing its parts
  const auto report = sync(up());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->copied + report->failed, 4);
  for (const Failure& failure : report->failures)
    EXPECT_TRUE(failure.error.code == "SPW-STAGE-005" || failure.error.code == "SPW-STAGE-004");
}

TEST_F(Rows, row_076_an_object_that_vanishes_is_told) {
  write("a", "a");
  write("b", "b");
  ASSERT_TRUE(sync(up()));
  exchange.fault = [&](const net::Request& request,
                       const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (is(request, "GET /slurm-burst-data/p/b")) return answer(404, "NoSuchKey");
    return std::nullopt;
  };
  const auto report = sync(down());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->copied, 1);
  EXPECT_EQ(report->failed, 1);
}

TEST_F(Rows, row_077_many_files_pass_in_order_through_little_memory) {
  for (int i = 0; i < 2500; ++i) write(fmt::format("d{}/f{}", i % 7, i), fmt::format("{}", i));
  ASSERT_EQ(sync(up())->copied, 2500);
  exchange.forget();
  EXPECT_EQ(sync(up())->same, 2500);
  EXPECT_EQ(exchange.count("GET /slurm-burst-data/?"), 3U) << "pages of a thousand";
}

}  // namespace
}  // namespace spillway::staging
