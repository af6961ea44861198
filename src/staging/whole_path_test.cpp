// Jobs' data from one disk through a bucket to another and home again: the real engine over HTTP, the
// emulator on a loopback port, STS's sessions with the policies that jobs get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "aws/stack.h"
#include "base/file.h"
#include "emu/aws.h"
#include "net/server.h"
#include "staging/job_codes.h"
#include "staging/move_as.h"
#include "staging/stager.h"

namespace spillway::staging {
namespace {

namespace fs = std::filesystem;

// The role as `apply` makes it: site/policies.cpp, stage_policy.
constexpr const char* kSeed = R"({
  "users": [{"name": "head", "access_keys": [{"id": "AKIAHEAD", "secret": "s"}]}],
  "roles": [{"name": "stage", "policies": [{"name": "spillway", "document": {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
     "Resource": ["arn:aws:s3:::data/u/jobs/*", "arn:aws:s3:::data/u/inputs/*"]},
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data",
     "Condition": {"StringLike": {"s3:prefix": ["u/jobs/*", "u/inputs/*"]}}}]}}]}],
  "buckets": [{"name": "data"}]})";

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}
std::string content(const fs::path& path) {
  return read_file(path).value_or("(not there)");
}

struct WholePath : testing::Test {
  fs::path root = fs::temp_directory_path() / ("whole-" + make_uuid().substr(0, 8));
  SystemClock clock;
  emu::Aws cloud{emu::Settings{}, clock};
  std::unique_ptr<net::Server> server;
  std::unique_ptr<aws::Stack> head;
  std::optional<JobJournal> journal;
  std::unique_ptr<aws::S3> bucket;
  std::unique_ptr<StsAccess> access;
  std::unique_ptr<OrderMover> mover;
  std::unique_ptr<Stager> stager;
  std::map<NodeName, NodeLook> nodes{{NodeName{"c-0"}, {"i-1", true, true}}};
  NodesLook look = [this](const NodeName& name) { return nodes[name]; };
  Deadline soon = Deadline::after(std::chrono::minutes{2});

  void SetUp() override {
    ASSERT_TRUE(cloud.seed(*Json::parse(kSeed)));
    fs::create_directories(root);
    setenv("XDG_STATE_HOME", (root / "state").c_str(), 1);
    auto started =
        net::Server::start({}, [&](const net::Incoming& request) { return cloud.handle(request); });
    ASSERT_TRUE(started) << to_string(started.error());
    server = *std::move(started);
    const std::string endpoint = fmt::format("http://127.0.0.1:{}", server->port());
    setenv("AWS_ACCESS_KEY_ID", "AKIAHEAD", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    unsetenv("AWS_SESSION_TOKEN");
    auto stack = aws::make_stack("", "us-east-1", {.endpoint_url = endpoint});
    ASSERT_TRUE(stack) << to_string(stack.error());
    head = *std::move(stack);
    ASSERT_TRUE(head->credentials().get(soon));  // remembered: orders set other ones
    journal = *JobJournal::open(root / "staging.db");
    bucket = std::make_unique<aws::S3>(head->client(), "data");
    access =
        std::make_unique<StsAccess>(head->client(), "arn:aws:iam::123456789012:role/stage", "data", clock);
    mover =
        std::make_unique<OrderMover>(BucketPlace{"data", "us-east-1", endpoint, ""},
                                     [](uid_t, const std::string& order, Deadline) -> Result<std::string> {
                                       const auto before = saved();
                                       std::string answer = carry_out_order(order);
                                       restore(before);
                                       return answer;
                                     });
    stager = std::make_unique<Stager>(*journal, *bucket, *access, *mover, clock,
                                      StagerSettings{.cluster = "u",
                                                     .bucket = "data",
                                                     .region = "us-east-1",
                                                     .compute_role_id = "AROA",
                                                     .locks = root / "locks"});
  }
  void TearDown() override {
    if (server) server->stop();
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  // Orders are carried out in this process, which has a head's environment besides.
  static constexpr const char* kNames[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
  static std::vector<std::string> saved() {
    std::vector<std::string> out;
    for (const char* name : kNames) out.emplace_back(getenv(name) ? getenv(name) : "");
    return out;
  }
  static void restore(const std::vector<std::string>& values) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i].empty() ? unsetenv(kNames[i]) : setenv(kNames[i], values[i].c_str(), 1);
  }

  void submit(const std::string& script) {
    const auto wished = stager->wish({.run = {.job = 43, .array = 43, .uid = 1000},
                                      .gid = 1000,
                                      .user = "alice",
                                      .folder = root / "home",
                                      .script = script});
    ASSERT_TRUE(wished) << to_string(wished.error());
    ASSERT_TRUE(stager->started("43", 0, {NodeName{"c-0"}}));
  }
  NodeOrder order() {
    EXPECT_TRUE(stager->tend_orders(look, soon));
    const auto text = bucket->get("u/release/AROA:i-1/job-43.json", soon);
    EXPECT_TRUE(text) << (text ? "" : to_string(text.error()));
    return *read_order(*text);
  }
  Result<MoveSummary> push(const NodeOrder& with, int exit_code = 0) {
    const Item& item = with.job.items.back();
    return mover->push({1000, 1000, "alice"}, {item.source, item.prefix, with.session},
                       {listing_key("u", with.job.run, 1), commit_key("u", with.job.run, 1), exit_code},
                       soon);
  }
  Item out() { return journal->newest("43")->items.back(); }
};

TEST_F(WholePath, InputsReachTheNodeAndResultsComeHomeVerified) {
  write(root / "home/in/deep/a.txt", "input");
  fs::create_directories(root / "home/in/empty");
  fs::create_symlink("deep/a.txt", root / "home/in/link");
  chmod((root / "home/in/deep/a.txt").c_str(), 0750);
  submit(fmt::format("#SPILLWAY stage_in in {0}/scratch/in\n#SPILLWAY stage_out {0}/scratch/out results/%j\n",
                     root.string()));
  const auto staged = stager->stage_in("43", soon);
  ASSERT_TRUE(staged) << to_string(staged.error());

  const NodeOrder on_node = order();
  const Item& input = on_node.job.items.front();
  const auto fetched =
      mover->down({1000, 1000, "alice"}, {input.target, input.prefix, on_node.session}, soon);
  ASSERT_TRUE(fetched) << to_string(fetched.error());
  EXPECT_EQ(content(root / "scratch/in/deep/a.txt"), "input");
  EXPECT_TRUE(fs::is_directory(root / "scratch/in/empty"));
  EXPECT_EQ(fs::read_symlink(root / "scratch/in/link"), "deep/a.txt");
  struct stat facts {};
  ASSERT_EQ(stat((root / "scratch/in/deep/a.txt").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0750u);

  write(root / "scratch/out/r/1", "result 1");
  write(root / "scratch/out/2", std::string(20 << 20, 'x'));  // in parts
  EXPECT_EQ(stager->stage_out(on_node.job.run, look, soon).error().code, kNotCommitted.id);
  const auto pushed = push(on_node);
  ASSERT_TRUE(pushed) << to_string(pushed.error());
  EXPECT_EQ(pushed->files, 2);
  nodes[NodeName{"c-0"}] = {"i-1", false, false};  // the node is gone
  const auto home = stager->stage_out(on_node.job.run, look, soon);
  ASSERT_TRUE(home) << to_string(home.error());
  EXPECT_EQ(out().state, ItemState::verified);
  EXPECT_EQ(content(root / "home/results/43/r/1"), "result 1");
  EXPECT_EQ(content(root / "home/results/43/2").size(), size_t{20} << 20);
}

TEST_F(WholePath, ResultsThatCannotBeKeptWholeAreNotCommitted) {
  submit(fmt::format("#SPILLWAY stage_out {}/scratch/out results\n", root.string()));
  write(root / "scratch/out/a", "1");
  ASSERT_EQ(mkfifo((root / "scratch/out/pipe").c_str(), 0600), 0);
  const NodeOrder on_node = order();
  const auto pushed = push(on_node);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, "SPW-STAGE-003");
  EXPECT_EQ(stager->stage_out(on_node.job.run, look, soon).error().code, kNotCommitted.id);
  fs::remove(root / "scratch/out/pipe");
  ASSERT_TRUE(push(on_node));
  EXPECT_TRUE(stager->stage_out(on_node.job.run, look, soon));
}

TEST_F(WholePath, AManifestThatWasTamperedWithVerifiesNothing) {
  submit(fmt::format("#SPILLWAY stage_out {}/scratch/out results\n", root.string()));
  write(root / "scratch/out/a", "1");
  const NodeOrder on_node = order();
  ASSERT_TRUE(push(on_node));
  const std::string key = on_node.job.items[0].prefix + ".spillway-manifest.jsonl";
  std::string manifest = *bucket->get(key, soon);
  manifest.replace(manifest.find("\"a\""), 3, "\"b\"");
  ASSERT_TRUE(bucket->put(key, manifest, soon));
  const auto home = stager->stage_out(on_node.job.run, look, soon);
  ASSERT_FALSE(home);
  EXPECT_EQ(home.error().code, "SPW-STAGE-010");
  EXPECT_EQ(out().state, ItemState::committed);
  EXPECT_FALSE(fs::exists(root / "home/results/b"));
}

TEST_F(WholePath, ATargetThatIsAFileLosesNothing) {
  submit(fmt::format("#SPILLWAY stage_out {}/scratch/out results\n", root.string()));
  write(root / "scratch/out/a", "1");
  write(root / "home/results", "in the way");
  const NodeOrder on_node = order();
  ASSERT_TRUE(push(on_node));
  ASSERT_FALSE(stager->stage_out(on_node.job.run, look, soon));
  EXPECT_EQ(out().state, ItemState::committed);
  EXPECT_NE(out().error, "");
  EXPECT_EQ(content(root / "home/results"), "in the way");
  fs::remove(root / "home/results");
  ASSERT_TRUE(stager->stage_out(on_node.job.run, look, soon));
  EXPECT_EQ(content(root / "home/results/a"), "1");
}

}  // namespace
}  // namespace spillway::staging
