#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using Instances = EmuTest;

TEST_F(Instances, MoveThroughTheirStatesWithTheClock) {
  std::string id = text(caller.ec2("RunInstances", run(1)), "instanceId");
  auto state = [&] { return text(caller.ec2("DescribeInstances", {{"InstanceId.1", id}}), "name"); };
  EXPECT_EQ(state(), "pending");
  EXPECT_TRUE(machines.events.empty());
  clock.advance(seconds{10});
  EXPECT_EQ(state(), "running");
  EXPECT_THAT(machines.events, ElementsAre("start " + id));
  auto ended = caller.ec2("TerminateInstances", {{"InstanceId.1", id}});
  EXPECT_THAT(texts(ended, "name"), ElementsAre("shutting-down", "running"));
  EXPECT_THAT(machines.events, ElementsAre("start " + id, "stop " + id));
  clock.advance(seconds{5});
  EXPECT_EQ(state(), "terminated");
  clock.advance(std::chrono::hours{1});
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", id}}), "Code"),
            "InvalidInstanceID.NotFound");
}

TEST_F(Instances, RefuseAForgedSignature) {
  Caller forger{aws, clock};
  forger.secret = "another secret";
  auto refused = forger.ec2("DescribeInstances");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(text(refused, "Code"), "AuthFailure");
}

TEST_F(Instances, TerminateAllOrNone) {
  std::string id = text(caller.ec2("RunInstances", run(1)), "instanceId");
  auto refused =
      caller.ec2("TerminateInstances", {{"InstanceId.1", id}, {"InstanceId.2", "i-00000000000000000"}});
  EXPECT_EQ(text(refused, "Code"), "InvalidInstanceID.NotFound");
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", id}}), "name"), "pending");
}

TEST_F(Instances, AThousandAreLaunchedInOneCall) {
  EXPECT_EQ(texts(caller.ec2("RunInstances", run(1000)), "instanceId").size(), 1000u);
}

}  // namespace
}  // namespace spillway::emu
