#include <fstream>
#include <sstream>

#include "emu/faults.h"
#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct RuleCase {
  const char* rule;
  const char* problem;
};
const RuleCase kRefused[] = {
    {R"({"limit": 2})", "'effect' is missing"},
    {R"({"effect": "capasity", "limit": 2})", "did you mean 'capacity'?"},
    {R"({"effect": "capacity"})", "the effect capacity needs 'limit'"},
    {R"({"effect": "capacity", "limit": -1})", "[0].limit: want a number, not negative"},
    {R"({"effect": "capacity", "limit": 1, "ms": 3})", "the effect capacity takes no 'ms'"},
    {R"({"effect": "capacity", "limit": 1, "zones": "a"})", "unknown key 'zones'; did you mean 'zone'?"},
    {R"({"effect": "capacity", "limit": 1, "purchase": "reserved"})", "it is spot or on-demand"},
    {R"({"effect": "late", "ms": 1, "what": "tag"})", "did you mean 'tags'?"},
    {R"({"effect": "late", "ms": 1, "what": "tags", "count": 1})", "takes no 'count'"},
    {R"({"effect": "delay", "ms": 1, "probability": 2})", "want a number from 0 to 1"},
    {R"({"effect": "throttle", "requests": {"RunInstance": [1, 1]}})", "did you mean 'RunInstances'?"},
    {R"({"effect": "throttle", "requests": {"RunInstances": [1]}})", "want [size, rate a second]"},
    {R"({"effect": "error"})", "needs 'code'"},
    {R"("error")", "want an object, found string"},
};

TEST(FaultRules, SayWhatIsWrongWithThem) {
  for (const RuleCase& each : kRefused) {
    const auto read = read_faults(*Json::parse(std::string("[") + each.rule + "]"));
    ASSERT_FALSE(read) << each.rule;
    EXPECT_THAT(read.error().what, HasSubstr(each.problem)) << each.rule;
  }
}

/// The fenced JSON of the manual's page.
std::vector<std::string> examples() {
  std::ifstream page(std::string(SPILLWAY_SOURCE_DIR) + "/docs/reference/faults.md");
  std::vector<std::string> out;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      if (!inside && line == "```json") out.emplace_back();
      inside = !inside;
    } else if (inside && !out.empty()) {
      out.back() += line + "\n";
    }
  }
  return out;
}

TEST(FaultRules, OfTheManualAreTrueAndShowEveryEffect) {
  std::set<std::string> shown;
  for (const std::string& example : examples()) {
    const auto rules = Json::parse(example);
    ASSERT_TRUE(rules) << example;
    const auto read = read_faults(*rules);
    ASSERT_TRUE(read) << example << read.error().what;
    for (const Fault& fault : *read) shown.insert(fault.effect);
  }
  const auto none = read_faults(*Json::parse(R"([{"effect": "?"}])"));
  const std::string& all = none.error().what;  // it lists them
  size_t count = 1;
  for (char c : all) count += c == ',';
  EXPECT_EQ(shown.size(), count) << all;
  for (const std::string& effect : shown) EXPECT_THAT(all, HasSubstr(effect));
}

struct Faults : EmuTest {
  void misbehave(const std::string& rules) {
    const auto set = aws.set_faults(*Json::parse(rules));
    ASSERT_TRUE(set) << set.error().what;
  }
  std::string launch_one(Caller::Pairs more = {}) {
    auto wish = run(1);
    wish.insert(wish.end(), more.begin(), more.end());
    return text(caller.ec2("RunInstances", wish), "instanceId");
  }
  void wait(int s) {
    clock.advance(seconds{s});
    aws.advance();
  }
  net::Response look(const std::string& id) {
    return caller.ec2("DescribeInstances", {{"InstanceId.1", id}});
  }
  std::string state(const std::string& id) { return text(look(id), "name"); }
};

TEST_F(Faults, BeginAndEndInTheirTimeAndByTheirName) {
  misbehave(R"([{"effect": "error", "code": "InternalError", "after_ms": 1000, "for_ms": 2000}])");
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 200);
  wait(1);
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 500);
  wait(2);
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 200);
  EXPECT_THAT(aws.faults().items(), IsEmpty());
  ASSERT_TRUE(aws.add_faults(*Json::parse(R"([{"effect": "error", "code": "Unavailable", "name": "a"}])")));
  ASSERT_TRUE(aws.add_faults(*Json::parse(R"([{"effect": "delay", "ms": 1, "name": "b"}])")));
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 503);
  EXPECT_EQ(aws.faults().at(0)["acted"].as_int(), 1);
  EXPECT_EQ(aws.remove_faults("a"), 1u);
  EXPECT_EQ(aws.remove_faults("a"), 0u);
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 200);
  EXPECT_THAT(aws.faults().items(), SizeIs(1));
}

TEST_F(Faults, OfOneServiceLeaveOthersAlone) {
  misbehave(R"([{"effect": "error", "service": "s3", "code": "SlowDown"}])");
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 200);
  const auto slow = caller.s3("GET", "/");
  EXPECT_EQ(slow.status, 503);
  EXPECT_EQ(text(slow, "Message"), "Please reduce your request rate.");
}

TEST_F(Faults, MayEmptyAPageThatIsNotTheLast) {
  for (int i = 0; i < 7; ++i) launch_one();
  misbehave(R"([{"effect": "empty_page", "operation": "DescribeInstances", "skip": 1, "count": 1}])");
  std::set<std::string> seen;
  std::string token;
  std::vector<size_t> sizes;
  do {
    Caller::Pairs ask = {{"MaxResults", "5"}};
    if (!token.empty()) ask.emplace_back("NextToken", token);
    const auto page = caller.ec2("DescribeInstances", ask);
    for (const std::string& id : texts(page, "instanceId")) seen.insert(id);
    sizes.push_back(texts(page, "instanceId").size());
    token = text(page, "nextToken");
  } while (!token.empty());
  EXPECT_THAT(sizes, ::testing::ElementsAre(5, 0, 2));
  EXPECT_THAT(seen, SizeIs(7));
}

TEST_F(Faults, SpotNoticesAreTheMetadatasAndThenTheEnd) {
  const std::string id = launch_one({{"InstanceMarketOptions.MarketType", "spot"}});
  const std::string other = launch_one();
  const std::string ip = text(look(id), "privateIpAddress");
  wait(10);
  auto meta = [&](const std::string& path) {
    net::Incoming ask{"PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, "", ip};
    const std::string token = aws.handle_metadata(ask).body;
    return aws.handle_metadata(
        {"GET", "/latest/meta-data/" + path, {{"X-aws-ec2-metadata-token", token}}, "", ip});
  };
  EXPECT_EQ(meta("spot/instance-action").status, 404);
  EXPECT_EQ(text(caller.ec2("DescribeSpotInstanceRequests"), "code"), "fulfilled");
  misbehave(R"([{"effect": "spot_notice", "purchase": "spot"}])");
  const auto action = Json::parse(meta("spot/instance-action").body);
  ASSERT_TRUE(action);
  EXPECT_EQ((*action)["action"].as_string(), "terminate");
  EXPECT_EQ((*action)["time"].as_string(), to_iso8601_seconds(clock.now() + std::chrono::minutes{2}));
  EXPECT_THAT(meta("events/recommendations/rebalance").body, HasSubstr(to_iso8601_seconds(clock.now())));
  EXPECT_EQ(text(caller.ec2("DescribeSpotInstanceRequests"), "code"), "marked-for-termination");
  wait(119);
  EXPECT_EQ(state(id), "running");
  wait(1);
  EXPECT_EQ(state(id), "shutting-down");
  EXPECT_THAT(look(id).body, HasSubstr("<stateReason><code>Server.SpotInstanceTermination</code>"));
  EXPECT_EQ(text(look(id), "instanceLifecycle"), "spot");
  EXPECT_EQ(text(caller.ec2("DescribeSpotInstanceRequests"), "code"), "instance-terminated-no-capacity");
  EXPECT_EQ(state(other), "running");
}

TEST_F(Faults, ReclaimAlsoWhoBeginsToRunLater) {
  misbehave(R"([{"effect": "spot_notice", "ms": 5000, "count": 1}])");
  const std::string first = launch_one(), second = launch_one();
  wait(10);
  wait(5);
  EXPECT_NE(state(first), state(second)) << "one of them only";
}

TEST_F(Faults, ATerminationMayBeAcceptedAndNotDone) {
  const std::string id = launch_one();
  wait(10);
  misbehave(R"([{"effect": "terminate_delayed", "count": 1}])");
  EXPECT_THAT(texts(caller.ec2("TerminateInstances", {{"InstanceId.1", id}}), "name"),
              ::testing::ElementsAre("shutting-down", "running"));
  wait(3600);
  EXPECT_EQ(state(id), "running");
  misbehave(R"([{"effect": "terminate_delayed", "ms": 60000, "count": 1}])");
  caller.ec2("TerminateInstances", {{"InstanceId.1", id}});
  wait(59);
  EXPECT_EQ(state(id), "running");
  wait(1);
  EXPECT_EQ(state(id), "shutting-down");
  EXPECT_THAT(look(id).body, HasSubstr("Client.UserInitiatedShutdown"));
}

TEST_F(Faults, InstancesMayStayShuttingDown) {
  const std::string id = launch_one();
  wait(10);
  misbehave(R"([{"effect": "stuck_shutting_down", "name": "stuck", "count": 1}])");
  caller.ec2("TerminateInstances", {{"InstanceId.1", id}});
  wait(3600);
  EXPECT_EQ(state(id), "shutting-down");
  EXPECT_EQ(aws.remove_faults("stuck"), 1u);
  wait(5);
  EXPECT_EQ(state(id), "terminated");
}

TEST_F(Faults, EndedInstancesMayLeaveThingsBehind) {
  const std::string id = launch_one();
  misbehave(
      R"([{"effect": "leave_behind", "what": "volumes"}, {"effect": "leave_behind", "what": "interfaces"}])");
  caller.ec2("TerminateInstances", {{"InstanceId.1", id}});
  wait(5);
  EXPECT_EQ(state(id), "terminated");
  const auto volumes = caller.ec2("DescribeVolumes");
  EXPECT_EQ(text(volumes, "status"), "available");
  const auto interfaces = caller.ec2("DescribeNetworkInterfaces",
                                     {{"Filter.1.Name", "status"}, {"Filter.1.Value.1", "available"}});
  const std::string interface = text(interfaces, "networkInterfaceId");
  ASSERT_NE(interface, "");
  EXPECT_EQ(text(interfaces, "attachment"), "");
  EXPECT_EQ(caller.ec2("DeleteNetworkInterface", {{"NetworkInterfaceId", interface}}).status, 200);
  EXPECT_EQ(caller.ec2("DeleteVolume", {{"VolumeId", text(volumes, "volumeId")}}).status, 200);
  EXPECT_THAT(texts(caller.ec2("DescribeNetworkInterfaces"), "networkInterfaceId"), IsEmpty());
}

TEST_F(Faults, AnInterfaceInUseIsNotDeleted) {
  const std::string id = launch_one();
  const std::string interface = text(look(id), "networkInterfaceId");
  EXPECT_EQ(text(caller.ec2("DeleteNetworkInterface", {{"NetworkInterfaceId", interface}}), "Code"),
            "InvalidNetworkInterface.InUse");
}

TEST_F(Faults, TheMetadataServiceMayBeSilent) {
  const std::string id = launch_one();
  const std::string ip = text(look(id), "privateIpAddress");
  const net::Incoming ask{
      "PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, "", ip};
  misbehave(
      R"([{"effect": "imds_silent", "status": 503, "count": 1}, {"effect": "imds_silent", "count": 1}])");
  EXPECT_EQ(aws.handle_metadata(ask).status, 503);
  EXPECT_EQ(aws.handle_metadata(ask).status, 0);
  EXPECT_EQ(aws.handle_metadata(ask).status, 200);
  misbehave(R"([{"effect": "imds_silent", "path": "/latest/meta-data/*"}])");
  EXPECT_EQ(aws.handle_metadata(ask).status, 200);
}

TEST_F(Faults, CredentialsMayExpireBeforeTheirTime) {
  misbehave(R"([{"effect": "credentials_expired", "access_key": "AKIASPILLWAY*"}])");
  EXPECT_EQ(text(caller.ec2("DescribeVpcs"), "Code"), "RequestExpired");
  EXPECT_EQ(text(caller.query("sts", "GetCallerIdentity", {}), "Code"), "ExpiredToken");
  misbehave(R"([{"effect": "credentials_expired", "access_key": "ASIA*"}])");
  EXPECT_EQ(caller.ec2("DescribeVpcs").status, 200);
}

TEST_F(Faults, ClocksMayBeOffAndSayTheirTime) {
  const net::Response sound = caller.ec2("DescribeVpcs");
  EXPECT_EQ(*net::find_header(sound.headers, "date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  misbehave(R"([{"effect": "clock_offset", "seconds": 1200}])");
  const net::Response off = caller.ec2("DescribeVpcs");
  EXPECT_EQ(text(off, "Code"), "RequestExpired");
  EXPECT_EQ(*net::find_header(off.headers, "date"), "Tue, 14 Nov 2023 22:33:20 GMT");
  const net::Response s3 = caller.s3("GET", "/");
  EXPECT_EQ(text(s3, "Code"), "RequestTimeTooSkewed");
  EXPECT_EQ(text(s3, "ServerTime"), "2023-11-14T22:33:20Z");
  EXPECT_EQ(text(s3, "RequestTime"), "20231114T221320Z");
  EXPECT_EQ(
      text(caller.query("sts", "GetCallerIdentity", {}), "Message"),
      "Signature expired: 20231114T221320Z is now earlier than 20231114T222820Z (20231114T223320Z - 5 min.)");
}

}  // namespace
}  // namespace spillway::emu
