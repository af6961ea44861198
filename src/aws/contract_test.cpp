// The client against the emulator's model, which shares no serialiser with it: what one writes the other must
// read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/ec2.h"
#include "aws/encode.h"
#include "aws/errors.h"
#include "aws/s3.h"
#include "emu/aws.h"

namespace spillway::aws {
namespace {

using testing::ElementsAre;

/// Carries requests into the model. Faults of the way: the answer lost after it was made.
class EmuTransport final : public net::Transport {
 public:
  EmuTransport(emu::Aws& aws, const Clock& clock) : aws_(aws), clock_(clock) {}

  Result<net::Response> send(const net::Request& request, Deadline) override {
    const Url url = split_url(request.url);
    net::Incoming incoming{request.method, url.path + (url.query.empty() ? "" : "?" + url.query),
                           request.headers, request.body, peer};
    incoming.headers.push_back({"Host", url.authority});
    if (url.authority == "169.254.169.254") return aws_.handle_metadata(incoming);
    net::Response response = aws_.handle(incoming);
    // A server says what time it is there.
    if (!net::find_header(response.headers, "Date"))
      response.headers.push_back({"Date", to_iso8601_seconds(clock_.now())});
    if (lose_answers > 0 && lose_answers-- > 0) return Error{Kind::unavailable, "the answer was lost"};
    return response;
  }

  std::string peer = "127.0.0.1";
  int lose_answers = 0;

 private:
  emu::Aws& aws_;
  const Clock& clock_;
};

Credentials emulated_admin() {
  return {.access_key_id = "AKIASPILLWAYEXAMPLE1",
          .secret_access_key = Secret("spillway-example-secret-key-0000000000001")};
}

Deadline soon() {
  return Deadline::after(std::chrono::seconds{10});
}

struct Contract : ::testing::Test {
  void SetUp() override { ASSERT_TRUE(cloud.seed(emu::example_seed())); }

  ManualClock clock;
  emu::Aws cloud{emu::Settings{.boot_delay = std::chrono::seconds{10}}, clock};
  EmuTransport transport{cloud, clock};
  StaticCredentials credentials{emulated_admin()};
  Client client{transport, credentials, clock, {.region = "us-east-1", .random = [] { return 0.5; }}};
  S3 bucket{client, "slurm-burst-data"};
};

TEST_F(Contract, ObjectsComeBackAsTheyWerePut) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
  for (const std::string key : {"plain", "a/b c/d+e&f=g", "ü/../x", "per%cent?q#h"}) {
    ASSERT_TRUE(bucket.put(key, every_byte, soon())) << key;
    const auto got = bucket.get(key, soon());
    ASSERT_TRUE(got) << key << to_string(got.error());
    EXPECT_EQ(*got, every_byte) << key;
  }
}

TEST_F(Contract, AnEmptyObjectIsThere) {
  ASSERT_TRUE(bucket.put("empty", "", soon()));
  EXPECT_EQ(*bucket.get("empty", soon()), "");
}

TEST_F(Contract, AMissingKeyIsNotFound) {
  const auto got = bucket.get("none", soon());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, Kind::not_found);
  EXPECT_EQ(error_code(got.error()), "NoSuchKey");
}

TEST_F(Contract, PutIfAbsentKeepsWhatIsThere) {
  ASSERT_TRUE(bucket.put_if_absent("lease", "one", soon()));
  const auto second = bucket.put_if_absent("lease", "two", soon());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::conflict);
  EXPECT_EQ(*bucket.get("lease", soon()), "one");
}

TEST_F(Contract, ListsCopiesAndRemovesMany) {
  std::vector<std::pair<std::string, std::string>> copies;
  std::vector<std::string> keys;
  ASSERT_TRUE(bucket.put("from a", "text", soon()));
  for (int i = 0; i < 40; ++i) {
    keys.push_back(fmt::format("to/{:02}", i));
    copies.emplace_back("from a", keys.back());
  }
  const auto copied = bucket.copy_all(copies, soon());
  ASSERT_TRUE(copied) << to_string(copied.error());
  EXPECT_EQ(*bucket.list("to/", soon()), keys);
  EXPECT_EQ(*bucket.get("to/39", soon()), "text");
  keys.pop_back();
  ASSERT_TRUE(bucket.remove_all(keys, soon()));
  EXPECT_THAT(*bucket.list("to/", soon()), ElementsAre("to/39"));
  EXPECT_TRUE(bucket.remove("to/never-was", soon()));
}

TEST_F(Contract, PagesOfAListingAreJoined) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(bucket.put(fmt::format("p/{}", i), "x", soon()));
  const auto all = client.call_all(
      "s3", "ListObjectsV2", Json::object({{"Bucket", "slurm-burst-data"}, {"Prefix", "p/"}, {"MaxKeys", 2}}),
      soon());
  ASSERT_TRUE(all) << to_string(all.error());
  EXPECT_EQ((*all)["Contents"].size(), 5u);
  EXPECT_EQ(client.counters().at("ListObjectsV2"), 3u);
}

TEST_F(Contract, DeleteObjectsCarriesItsChecksum) {
  ASSERT_TRUE(bucket.put("d/1", "x", soon()));
  const Json keys = Json::object({{"Objects", Json::array({Json::object({{"Key", "d/1"}})})}});
  const auto gone = client.call("s3", "DeleteObjects",
                                Json::object({{"Bucket", "slurm-burst-data"}, {"Delete", keys}}), soon());
  ASSERT_TRUE(gone) << to_string(gone.error());
  EXPECT_THAT(*bucket.list("d/", soon()), testing::IsEmpty());
}

TEST_F(Contract, ALostAnswerToALaunchDoesNotLaunchTwice) {
  transport.lose_answers = 1;
  const Time start = clock.now();
  const auto launched = client.call("ec2", "RunInstances",
                                    Json::object({{"ImageId", "ami-0a11ce00000000001"},
                                                  {"InstanceType", "c5.xlarge"},
                                                  {"SubnetId", "subnet-0a11ce00000000001"},
                                                  {"MinCount", 3},
                                                  {"MaxCount", 3}}),
                                    soon());
  ASSERT_TRUE(launched) << to_string(launched.error());
  EXPECT_EQ(client.counters().at("RunInstances"), 2u);
  const auto seen = Ec2(client).describe_instances(std::vector<Filter>{}, soon());
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(seen->size(), 3u);
  EXPECT_EQ(seen->front().subnet, "subnet-0a11ce00000000001");
  EXPECT_EQ(seen->front().type, "c5.xlarge");
  EXPECT_EQ(seen->front().launched, start);
}

TEST_F(Contract, AWrongSecretIsRefusedAndNotRepeated) {
  Credentials wrong = emulated_admin();
  wrong.secret_access_key = Secret("wrong");
  StaticCredentials provider(wrong);
  Client refused(transport, provider, clock, {.region = "us-east-1"});
  const auto answer = refused.call("ec2", "DescribeVpcs", Json::object(), soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::credentials);
  EXPECT_EQ(answer.error().code, "SPW-AWS-002");
  EXPECT_EQ(refused.counters().at("DescribeVpcs"), 1u);
}

TEST_F(Contract, AWrongClockOfOursIsCorrected) {
  for (const int hours : {-3, 3}) {
    ManualClock ours(clock.now() + std::chrono::hours{hours});
    Client skewed(transport, credentials, ours, {.region = "us-east-1"});
    for (int i = 0; i < 2; ++i) {
      const auto answer = skewed.call("ec2", "DescribeVpcs", Json::object(), soon());
      ASSERT_TRUE(answer) << to_string(answer.error());
    }
    EXPECT_EQ(skewed.counters().at("DescribeVpcs"), 3u) << "corrected once, remembered after";
  }
}

}  // namespace
}  // namespace spillway::aws
