#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using std::chrono::seconds;

struct Throttled : EmuTest {
  void misbehave(const std::string& rules) {
    const auto set = aws.set_faults(*Json::parse(rules));
    ASSERT_TRUE(set) << set.error().what;
  }
  /// How many of `tries` calls pass.
  int passing(int tries, const std::function<net::Response()>& call) {
    int passed = 0;
    for (int i = 0; i < tries; ++i) passed += call().status == 200;
    return passed;
  }
  net::Response launch(int count) { return caller.ec2("RunInstances", run(count)); }
};

TEST_F(Throttled, ByTheSizesAndRatesThatAwsPublishes) {
  struct Case {
    const char* operation;
    Caller::Pairs parameters;
    int size, in_ten_seconds;
  };
  const Case cases[] = {
      {"RunInstances", run(1), 5, 5},  // 20 tokens would come; it holds 5
      {"DescribeVpcs", {}, 100, 100},
      {"DescribeInstances", {}, 50, 50},
      {"DescribeInstances", {{"MaxResults", "5"}}, 100, 100},
      {"CreateTags",
       {{"ResourceId.1", "vpc-0a11ce00000000001"}, {"Tag.1.Key", "a"}, {"Tag.1.Value", "b"}},
       100,
       100},
      {"ModifyVpcAttribute",
       {{"VpcId", "vpc-0a11ce00000000001"}, {"EnableDnsSupport.Value", "true"}},
       50,
       50},
  };
  for (const Case& each : cases) {
    misbehave(R"([{"effect": "throttle"}])");
    auto call = [&] { return caller.ec2(each.operation, each.parameters); };
    EXPECT_EQ(passing(each.size + 20, call), each.size) << each.operation;
    clock.advance(seconds{10});
    EXPECT_EQ(passing(each.size + 20, call), each.in_ten_seconds) << each.operation;
  }
}

TEST_F(Throttled, AndSaysSoAsEc2Does) {
  misbehave(R"([{"effect": "throttle", "requests": {"Describe": [0, 0]}}])");
  const auto refused = caller.ec2("DescribeVpcs");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(text(refused, "Code"), "RequestLimitExceeded");
  EXPECT_EQ(caller.s3("GET", "/").status, 200) << "the buckets are EC2's";
}

TEST_F(Throttled, BucketsFillAsTimeGoesOn) {
  misbehave(R"([{"effect": "throttle", "requests": {"Describe": [2, 0.5]}}])");
  auto call = [&] { return caller.ec2("DescribeVpcs"); };
  EXPECT_EQ(passing(3, call), 2);
  clock.advance(seconds{1});
  EXPECT_EQ(passing(1, call), 0);
  clock.advance(seconds{1});
  EXPECT_EQ(passing(2, call), 1);
  clock.advance(seconds{1000});
  EXPECT_EQ(passing(9, call), 2) << "no more than they hold";
}

TEST_F(Throttled, LaunchesDrawATokenForEachInstance) {
  misbehave(R"([{"effect": "throttle", "resources": {"RunInstances": [10, 2]}}])");
  EXPECT_EQ(launch(8).status, 200);
  const auto refused = launch(3);
  EXPECT_EQ(text(refused, "Code"), "RequestLimitExceeded");
  EXPECT_EQ(launch(2).status, 200);
  clock.advance(seconds{2});
  EXPECT_EQ(launch(5).status, 503);
  EXPECT_EQ(launch(4).status, 200);
}

TEST_F(Throttled, TerminationsToo) {
  ASSERT_EQ(launch(3).status, 200);
  const auto ids = texts(caller.ec2("DescribeInstances"), "instanceId");
  misbehave(R"([{"effect": "throttle", "resources": {"TerminateInstances": [2, 1]}}])");
  EXPECT_EQ(caller
                .ec2("TerminateInstances",
                     {{"InstanceId.1", ids[0]}, {"InstanceId.2", ids[1]}, {"InstanceId.3", ids[2]}})
                .status,
            503);
  EXPECT_EQ(caller.ec2("TerminateInstances", {{"InstanceId.1", ids[0]}, {"InstanceId.2", ids[1]}}).status,
            200);
  EXPECT_EQ(caller.ec2("TerminateInstances", {{"InstanceId.1", ids[2]}}).status, 503);
}

TEST_F(Throttled, RaisedQuotasMultiply) {
  misbehave(R"([{"effect": "throttle", "times": 3}])");
  EXPECT_EQ(passing(20, [&] { return launch(1); }), 15);
}

}  // namespace
}  // namespace spillway::emu
