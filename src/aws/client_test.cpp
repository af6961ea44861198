#include "aws/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "aws/errors.h"

// What the client does when a call does not go well: which failures it repeats, when, and how often.
namespace spillway::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Json kNothing = Json::object();

Deadline soon() {
  return Deadline::after(std::chrono::minutes{10});
}

// STS that knows some access keys, may be down or busy for a number of requests, and keeps its own clock.
class Sts final : public net::Transport {
 public:
  explicit Sts(const Clock& clock) : clock_(clock) {}

  Result<net::Response> send(const net::Request& request, Deadline) override {
    times.push_back(clock_.now());
    if (!troubles.empty()) {
      const Result<net::Response> trouble = troubles.front();
      if (!forever) troubles.pop_front();
      return trouble;
    }
    const std::string* authorization = net::find_header(request.headers, "Authorization");
    if (!authorization || authorization->find(good_key) == std::string::npos)
      return fault(403, "ExpiredToken");
    return net::Response{200,
                         {},
                         "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"
                         "</GetCallerIdentityResult></GetCallerIdentityResponse>"};
  }

  static net::Response fault(int status, const std::string& code, net::Headers headers = {}) {
    return {status, std::move(headers),
            fmt::format("<ErrorResponse><Error><Code>{}</Code><Message>m</Message></Error></ErrorResponse>",
                        code)};
  }

  std::deque<Result<net::Response>> troubles;
  bool forever = false;
  std::string good_key = "KEY1";
  std::vector<Time> times;  // of each request

 private:
  const Clock& clock_;
};

// Credentials that are made anew, under the next number, once somebody says that they are of no use.
class Numbered final : public CredentialsProvider {
 public:
  Result<Credentials> get(Deadline) override {
    return Credentials{.access_key_id = fmt::format("KEY{}", number), .secret_access_key = Secret("s")};
  }
  void invalidate() override { ++number; }
  int number = 1;
};

struct ClientTest : ::testing::Test {
  ManualClock clock;
  Sts service{clock};
  Numbered credentials;
  Client client{service, credentials, clock, {.region = "us-east-1", .random = [] { return 0.5; }}};

  Result<Json> ask(Deadline deadline = soon()) {
    return client.call("sts", "GetCallerIdentity", kNothing, deadline);
  }
  std::vector<Duration> waits() const {
    std::vector<Duration> out;
    for (size_t i = 1; i < service.times.size(); ++i) out.push_back(service.times[i] - service.times[i - 1]);
    return out;
  }
};

TEST_F(ClientTest, GivesUpAfterThreeAttemptsWithLongerWaitsBetween) {
  service.troubles = {Sts::fault(500, "InternalFailure")};
  service.forever = true;
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::unavailable);
  EXPECT_EQ(error_code(answer.error()), "InternalFailure");
  EXPECT_THAT(waits(), testing::ElementsAre(milliseconds{500}, seconds{1}));
}

TEST_F(ClientTest, RepeatsALostConnection) {
  service.troubles = {Error{Kind::unavailable, "cut"}, Error{Kind::timeout, "silent"}};
  const auto answer = ask();
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ((*answer)["Account"].as_string(), "123456789012");
  EXPECT_EQ(client.counters().at("GetCallerIdentity"), 3u);
}

TEST_F(ClientTest, WaitsAsLongAsTheServiceAsks) {
  service.troubles = {Sts::fault(503, "SlowDown", {{"Retry-After", "7"}}),
                      Sts::fault(503, "SlowDown", {{"x-amz-retry-after", "1500"}})};
  ASSERT_TRUE(ask());
  EXPECT_THAT(waits(), testing::ElementsAre(seconds{7}, milliseconds{1500}));
}

TEST_F(ClientTest, DoesNotWaitBeyondTheDeadline) {
  service.troubles = {Sts::fault(503, "SlowDown", {{"Retry-After", "60"}})};
  const auto answer = ask(Deadline::after(seconds{30}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::throttled);
  EXPECT_EQ(service.times.size(), 1u);
}

// 500 tokens at 5 a repeat are 100 repeats, two a call: the 51st call is not repeated any more.
TEST_F(ClientTest, ABrokenServiceIsNotBuriedUnderRepeats) {
  service.troubles = {Sts::fault(500, "InternalFailure")};
  service.forever = true;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(ask());
  EXPECT_EQ(service.times.size(), 150u);
  EXPECT_FALSE(ask());
  EXPECT_EQ(service.times.size(), 151u);
}

// A timeout costs twice: 50 repeats.
TEST_F(ClientTest, ASilentServiceIsAskedLessOften) {
  service.troubles = {Error{Kind::timeout, "silent"}};
  service.forever = true;
  for (int i = 0; i < 26; ++i) EXPECT_FALSE(ask());
  EXPECT_EQ(service.times.size(), 25u * 3 + 1);
}

TEST_F(ClientTest, ExpiredCredentialsAreRenewedOnce) {
  service.good_key = "KEY2";
  ASSERT_TRUE(ask());
  EXPECT_EQ(service.times.size(), 2u);
  EXPECT_EQ(credentials.number, 2);
  service.good_key = "ANOTHER";
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::credentials);
  EXPECT_EQ(service.times.size(), 4u);
}

TEST_F(ClientTest, AnAnswerThatIsNotOfAwsSaysSo) {
  service.troubles = {net::Response{200, {}, "<html><body>Please log in"}};
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "SPW-AWS-009");
}

struct FaultCase {
  int status;
  const char* code;
  Kind kind;
  size_t attempts;
};
void PrintTo(const FaultCase& one, std::ostream* out) {
  *out << one.code;
}
const FaultCase kFaults[] = {
    {403, "UnauthorizedOperation", Kind::denied, 1},
    {403, "AccessDenied", Kind::denied, 1},
    {401, "AuthFailure", Kind::credentials, 1},
    {403, "InvalidClientTokenId", Kind::credentials, 1},
    {503, "RequestLimitExceeded", Kind::throttled, 3},
    {400, "Throttling", Kind::throttled, 3},
    {429, "", Kind::throttled, 3},
    // EC2 says these with 500 or 400; the next plan decides, not the adapter.
    {500, "InsufficientInstanceCapacity", Kind::no_capacity, 1},
    {400, "InsufficientFreeAddressesInSubnet", Kind::no_capacity, 1},
    {400, "VcpuLimitExceeded", Kind::no_capacity, 1},
    {400, "MaxSpotInstanceCountExceeded", Kind::no_capacity, 1},
    {400, "InvalidInstanceID.NotFound", Kind::not_found, 1},
    {400, "InvalidParameterValue", Kind::invalid, 1},
    {400, "IdempotentParameterMismatch", Kind::invalid, 1},
    {412, "PreconditionFailed", Kind::conflict, 1},
    {502, "", Kind::unavailable, 3},
};

struct FaultOfAws : ClientTest, ::testing::WithParamInterface<FaultCase> {};
INSTANTIATE_TEST_SUITE_P(Client, FaultOfAws, testing::ValuesIn(kFaults));

TEST_P(FaultOfAws, BecomesTheKindThatItsCallerActsUpon) {
  const FaultCase& one = GetParam();
  service.troubles = {*one.code ? Sts::fault(one.status, one.code) : net::Response{one.status, {}, ""}};
  service.forever = true;
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(to_string(answer.error().kind), to_string(one.kind));
  EXPECT_EQ(service.times.size(), one.attempts);
  if (*one.code) {
    EXPECT_EQ(error_code(answer.error()), one.code);
  }
}

}  // namespace
}  // namespace spillway::aws
