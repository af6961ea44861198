#include "staging/job_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/encode.h"
#include "aws/s3.h"
#include "emu/aws.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

class InProcess final : public net::Transport {
 public:
  explicit InProcess(emu::Aws& cloud) : cloud_(cloud) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    const aws::Url url = aws::split_url(request.url);
    net::Incoming incoming{request.method,  url.path + (url.query.empty() ? "" : "?" + url.query),
                           request.headers, request.body,
                           "127.0.0.1",     true};
    incoming.headers.push_back({"Host", url.authority});
    return cloud_.handle(incoming);
  }

 private:
  emu::Aws& cloud_;
};

// The role as `apply` makes it: site/policies.cpp, stage_policy.
constexpr const char* kSeed = R"({
  "users": [{"name": "head", "access_keys": [{"id": "AKIAHEAD", "secret": "s"}]}],
  "roles": [{"name": "stage", "policies": [{"name": "spillway", "document": {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
     "Resource": ["arn:aws:s3:::data/u/jobs/*", "arn:aws:s3:::data/u/inputs/*"]},
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data",
     "Condition": {"StringLike": {"s3:prefix": ["u/jobs/*", "u/inputs/*"]}}}]}}]}],
  "buckets": [{"name": "data"}]})";

struct Sessions : testing::Test {
  ManualClock clock;
  emu::Aws cloud{emu::Settings{}, clock};
  InProcess transport{cloud};
  aws::StaticCredentials head{{.access_key_id = "AKIAHEAD", .secret_access_key = Secret("s")}};
  aws::Client client{transport, head, clock, {.region = "us-east-1", .random = [] { return 0.5; }}};
  aws::S3 all{client, "data"};
  StsAccess access{client, "arn:aws:iam::123456789012:role/stage", "data", clock};
  Deadline soon = Deadline::after(std::chrono::seconds{10});

  void SetUp() override { ASSERT_TRUE(cloud.seed(*Json::parse(kSeed))); }
  static JobData job_of(int64_t number, uid_t uid) {
    JobData job{.run = {.job = number, .array = number, .uid = uid}, .user = "someone"};
    job.items = {{.direction = Direction::in, .number = 1, .prefix = input_prefix("u", uid, "f00d")},
                 {.direction = Direction::out, .number = 1, .prefix = output_prefix("u", job.run, 1)}};
    return job;
  }
  /// An S3 client that has the session of a grant.
  struct As {
    aws::StaticCredentials session;
    aws::Client client;
    aws::S3 bucket{client, "data"};
    As(aws::Credentials credentials, net::Transport& transport, Clock& clock)
        : session(std::move(credentials)),
          client(transport, session, clock, {.region = "us-east-1", .random = [] { return 0.5; }}) {}
  };
  std::unique_ptr<As> as(const Grant& grant) {
    auto given = access.issue(grant, soon);
    EXPECT_TRUE(given) << (given ? "" : to_string(given.error()));
    return given ? std::make_unique<As>(*given, transport, clock) : nullptr;
  }
};

TEST_F(Sessions, ANodeReachesItsOwnRunAndNothingElse) {
  const JobData job = job_of(43, 1000);
  const std::string own = run_prefix("u", job.run);
  ASSERT_TRUE(all.put(job.items[0].prefix + "x", "input", soon));
  const auto node = as(grant_node(job, "u"));
  ASSERT_TRUE(node);
  EXPECT_TRUE(node->bucket.put(own + "out1/a", "1", soon));
  EXPECT_TRUE(node->bucket.put(own + "out1.commit", "c", soon));
  EXPECT_EQ(*node->bucket.get(own + "out1/a", soon), "1");
  EXPECT_EQ(*node->bucket.get(job.items[0].prefix + "x", soon), "input");
  EXPECT_TRUE(node->bucket.list(own, soon));
  EXPECT_EQ(node->bucket.put(job.items[0].prefix + "x", "tampered", soon).error().kind, Kind::denied)
      << "an input is for all jobs of the user";
  EXPECT_EQ(node->bucket.remove(own + "out1/a", soon).error().kind, Kind::denied)
      << "only the daemon deletes";
  EXPECT_EQ(node->bucket.get("u/secrets/munge.key", soon).error().kind, Kind::denied);
}

TEST_F(Sessions, OneUserReachesNothingOfAnother) {
  const JobData mine = job_of(43, 1000), theirs = job_of(44, 1001), other = job_of(45, 1000);
  ASSERT_TRUE(all.put(theirs.items[0].prefix + "x", "input", soon));
  ASSERT_TRUE(all.put(theirs.items[1].prefix + "a", "result", soon));
  ASSERT_TRUE(all.put(other.items[1].prefix + "a", "result", soon));
  Item input = mine.items[0];
  for (const Grant& grant :
       {grant_node(mine, "u"), grant_pull(mine.run, "u"), grant_upload(mine.run, "u", input)}) {
    const auto me = as(grant);
    ASSERT_TRUE(me);
    for (const std::string& prefix :
         {theirs.items[0].prefix, theirs.items[1].prefix, other.items[1].prefix}) {
      EXPECT_EQ(me->bucket.get(prefix + "a", soon).error().kind, Kind::denied)
          << grant.session << " " << prefix;
      EXPECT_EQ(me->bucket.put(prefix + "a", "x", soon).error().kind, Kind::denied)
          << grant.session << " " << prefix;
      EXPECT_EQ(me->bucket.list(prefix, soon).error().kind, Kind::denied) << grant.session << " " << prefix;
      EXPECT_EQ(me->bucket.remove(prefix + "a", soon).error().kind, Kind::denied)
          << grant.session << " " << prefix;
    }
    EXPECT_EQ(me->bucket.list("u/jobs/", soon).error().kind, Kind::denied);
    EXPECT_EQ(me->bucket.list("", soon).error().kind, Kind::denied);
  }
}

TEST_F(Sessions, WhatPullsWritesNothingAndWhatUploadsAnInputReachesNoResults) {
  const JobData job = job_of(43, 1000);
  const auto pull = as(grant_pull(job.run, "u"));
  EXPECT_EQ(pull->bucket.put(job.items[1].prefix + "a", "x", soon).error().kind, Kind::denied);
  const auto upload = as(grant_upload(job.run, "u", job.items[0]));
  EXPECT_TRUE(upload->bucket.put(job.items[0].prefix + "a", "x", soon));
  EXPECT_EQ(upload->bucket.put(job.items[1].prefix + "a", "x", soon).error().kind, Kind::denied);
}

TEST_F(Sessions, EndAfterAnHour) {
  const auto given = access.issue(grant_node(job_of(43, 1000), "u"), soon);
  ASSERT_TRUE(given);
  EXPECT_EQ(*given->expires - clock.now(), std::chrono::hours{1});
  EXPECT_FALSE(fmt::format("{}", given->secret_access_key).find(given->secret_access_key.reveal()) !=
               std::string::npos);
}

TEST_F(Sessions, APolicyThatIsTooLongIsRefusedHere) {
  Grant grant;
  for (int i = 0; i < 40; ++i)
    grant.read.push_back(input_prefix("11111111-2222-4333-8444-555555555555", 1000, std::to_string(i)));
  EXPECT_EQ(session_policy("data", grant).error().code, kPolicyTooLong.id);
}

TEST(NodeOrders, ComeBackAsTheyWereWritten) {
  JobData job = Sessions::job_of(43, 1000);
  job.run.array = 40;
  job.run.task = 3;
  job.gid = 1001;
  job.folder = "/home/alice";
  job.nodes = {NodeName{"c-0"}};
  job.items[1].when = When::success;
  const NodeOrder order{
      job, "u", "data", "us-east-1", {.access_key_id = "A", .secret_access_key = Secret("s")}};
  const auto read = read_order(to_text(order));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->job, job);
  EXPECT_EQ(read->session.secret_access_key.reveal(), "s");
  EXPECT_EQ(read_order("{}").error().code, kBadOrder.id);
}

}  // namespace
}  // namespace spillway::staging
