#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "net/server.h"
#include "net/socket_exchange.h"
#include "staging/world_test.h"

// Over sockets, as on AWS; and processes that are killed.
namespace spillway::staging {
namespace {

class Contract : public World {
 protected:
  void serve(net::Handler handler) {
    auto started = net::Server::start({.max_body = 128 << 20}, std::move(handler));
    ASSERT_TRUE(started) << started.error().what;
    server = *std::move(started);
    endpoint = fmt::format("http://127.0.0.1:{}", server->port());
    way = &sockets;
  }
  std::unique_ptr<net::Server> server;
  net::SocketExchange sockets;
};

TEST_F(Contract, ATreeKeepsOverSockets) {
  serve([this](const net::Incoming& request) { return aws.handle(request); });
  for (int i = 0; i < 200; ++i)
    write(fmt::format("d{}/f {}+%ü", i % 9, i), pattern(static_cast<size_t>(i) * 97));
  write("large", pattern(23 << 20));
  const auto sent = sync(up());
  ASSERT_TRUE(sent) << sent.error().what;
  EXPECT_EQ(sent->failed, 0);
  EXPECT_EQ(sent->copied, 201);
  const auto fetched = sync(down());
  ASSERT_TRUE(fetched) << fetched.error().what;
  EXPECT_EQ(fetched->copied, 201);
  EXPECT_EQ(listing(back), listing(here));
  EXPECT_EQ(sync(up())->copied, 0);
  EXPECT_EQ(sync(down())->copied, 0);
}

TEST_F(Contract, SaysThatThereIsNoSuchBucketAndThatAKeyIsWrong) {
  serve([this](const net::Incoming& request) { return aws.handle(request); });
  write("a", "a");
  aws::S3Requests none(sockets, credentials, clock,
                       {.region = "us-east-1", .bucket = "no-such-bucket", .endpoints = {.all = endpoint}});
  const auto put = aws::S3Objects(none).put("a", "a", {}, Deadline::never());
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, Kind::not_found) << put.error().what;
  aws::StaticCredentials wrong(
      {"AKIASPILLWAYEXAMPLE1", Secret("not the key"), Secret(""), std::nullopt, "test"});
  aws::S3Requests refused(
      sockets, wrong, clock,
      {.region = "us-east-1", .bucket = "slurm-burst-data", .endpoints = {.all = endpoint}});
  EXPECT_EQ(aws::S3Objects(refused).put("a", "a", {}, Deadline::never()).error().kind, Kind::credentials);
}

constexpr const char *kEndpoint = "SPILLWAY_TEST_ENDPOINT", *kFolder = "SPILLWAY_TEST_FOLDER";

/// What the killed process does: the parent runs this program again, with this test alone.
TEST_F(Contract, DISABLED_Child) {
  const char* folder = std::getenv(kFolder);
  ASSERT_NE(folder, nullptr);
  endpoint = std::getenv(kEndpoint);
  way = &sockets;
  aws::S3Requests requests(
      sockets, credentials, clock,
      {.region = "us-east-1", .bucket = "slurm-burst-data", .endpoints = {.all = endpoint}});
  aws::S3Objects objects(requests);
  const auto journal = *Journal::open(std::filesystem::path(folder) / "state");
  Memory memory(32 << 20, 32 << 20);
  RateLimit rate(0);
  Progress progress;
  Crew crew(4, true);
  Means means{objects, crew, memory, rate, progress, clock, journal.get()};
  means.part_size = 5 << 20;
  means.parts_from = 6 << 20;
  const SyncWish wish{.source = place(folder + std::string("/here")),
                      .target = place("s3://slurm-burst-data/p/")};
  const auto report = upload_tree(wish, means, {});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->failed, 0);
}

TEST_F(Contract, NoPartIsSentTwiceByAProcessThatIsKilled) {
  write("large", pattern(22 << 20));  // five parts
  write("small", "x");
  std::mutex mutex;
  std::map<std::string, int> puts;
  std::atomic<int> left = 0;
  std::atomic<pid_t> child = 0;
  serve([&](const net::Incoming& request) {
    net::Response response = aws.handle(request);
    const std::string name =
        request.method + " " + request.target.substr(0, request.target.find("&uploadId"));
    if (request.method == "PUT" && response.status == 200) {
      const std::lock_guard lock(mutex);
      ++puts[name];
    }
    // Done, and its client dies before it hears of it.
    if (request.method != "GET" && --left == 0) kill(child, SIGKILL);
    return response;
  });
  setenv(kEndpoint, endpoint.c_str(), 1);
  setenv(kFolder, root.c_str(), 1);
  std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::string filter = "--gtest_filter=Contract.DISABLED_Child", also = "--gtest_also_run_disabled_tests";
  char* const arguments[] = {self.data(), filter.data(), also.data(), nullptr};
  for (int nth = 1; nth <= 8; ++nth) {
    left = nth;
    pid_t pid = 0;
    ASSERT_EQ(posix_spawn(&pid, self.c_str(), nullptr, nullptr, arguments, environ), 0);
    child = pid;
    int status = 0;
    waitpid(pid, &status, 0);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      break;
    }
  }
  left = -1;
  way = &sockets;
  ASSERT_EQ(sync(up())->failed, 0);
  for (const auto& [name, times] : puts)
    EXPECT_EQ(times, name.find("manifest") == std::string::npos ? 1 : times) << name;
  EXPECT_EQ(object("large"), pattern(22 << 20));
}

}  // namespace
}  // namespace spillway::staging
