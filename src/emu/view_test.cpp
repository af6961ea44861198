#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Late : EmuTest {
  void SetUp() override { EmuTest::SetUp(); }
  void misbehave(const std::string& rules) {
    const auto set = aws.set_faults(*Json::parse(rules));
    ASSERT_TRUE(set) << set.error().what;
  }
  std::string launch_one() {
    auto wish = run(1);
    wish.insert(wish.end(), {{"TagSpecification.1.ResourceType", "instance"},
                             {"TagSpecification.1.Tag.1.Key", "of"},
                             {"TagSpecification.1.Tag.1.Value", "us"}});
    return text(caller.ec2("RunInstances", wish), "instanceId");
  }
  std::vector<std::string> listed(const Caller::Pairs& ask = {}) {
    return texts(caller.ec2("DescribeInstances", ask), "instanceId");
  }
  std::vector<std::string> found_by_tag() {
    return listed({{"Filter.1.Name", "tag:of"}, {"Filter.1.Value.1", "us"}});
  }
};

TEST_F(Late, InstancesAreUnknownAtFirst) {
  misbehave(R"([{"effect": "late", "what": "instances", "ms": 2000}])");
  const std::string id = launch_one();
  ASSERT_NE(id, "");
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_EQ(text(caller.ec2("DescribeInstances", {{"InstanceId.1", id}}), "Code"),
            "InvalidInstanceID.NotFound");
  EXPECT_EQ(text(caller.ec2("TerminateInstances", {{"InstanceId.1", id}}), "Code"),
            "InvalidInstanceID.NotFound");
  EXPECT_EQ(text(caller.ec2("CreateTags", {{"ResourceId.1", id}, {"Tag.1.Key", "a"}, {"Tag.1.Value", "b"}}),
                 "Code"),
            "InvalidInstanceID.NotFound");
  clock.advance(seconds{2});
  EXPECT_THAT(listed(), ElementsAre(id));
}

TEST_F(Late, OnlyForTheOperationsNamed) {
  misbehave(R"([{"effect": "late", "what": "instances", "ms": 2000, "operation": "DescribeInstances"}])");
  const std::string id = launch_one();
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_EQ(caller.ec2("TerminateInstances", {{"InstanceId.1", id}}).status, 200);
}

TEST_F(Late, AddressesAreMissingAtFirst) {
  misbehave(R"([{"effect": "late", "what": "addresses", "ms": 2000}])");
  const std::string id = launch_one();
  const auto bare = caller.ec2("DescribeInstances");
  EXPECT_THAT(texts(bare, "instanceId"), ElementsAre(id));
  EXPECT_THAT(texts(bare, "privateIpAddress"), IsEmpty());
  EXPECT_THAT(texts(bare, "networkInterfaceId"), IsEmpty());
  clock.advance(seconds{2});
  EXPECT_EQ(texts(caller.ec2("DescribeInstances"), "privateIpAddress").empty(), false);
}

TEST_F(Late, TagsAreMissingAtFirstAndNewOnesLater) {
  misbehave(R"([{"effect": "late", "what": "tags", "ms": 2000}])");
  const std::string id = launch_one();
  EXPECT_THAT(found_by_tag(), IsEmpty());
  EXPECT_EQ(text(caller.ec2("DescribeInstances"), "key"), "");
  clock.advance(seconds{2});
  EXPECT_THAT(found_by_tag(), ElementsAre(id));
  caller.ec2("CreateTags", {{"ResourceId.1", id}, {"Tag.1.Key", "Name"}, {"Tag.1.Value", "n0"}});
  EXPECT_THAT(found_by_tag(), ElementsAre(id)) << "older tags are known";
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "key"), ElementsAre("of"));
  clock.advance(seconds{2});
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "key"), ElementsAre("Name", "of"));
}

TEST_F(Late, FiltersMayBeBehindWhatIsShown) {
  misbehave(R"([{"effect": "late", "what": "filters", "ms": 2000}])");
  const std::string id = launch_one();
  EXPECT_THAT(texts(caller.ec2("DescribeInstances"), "key"), ElementsAre("of"));
  EXPECT_THAT(found_by_tag(), IsEmpty());
  clock.advance(seconds{2});
  EXPECT_THAT(found_by_tag(), ElementsAre(id));
}

TEST_F(Late, StatesAreTheOnesBefore) {
  const std::string id = launch_one();
  clock.advance(seconds{10});
  caller.ec2("TerminateInstances", {{"InstanceId.1", id}});
  clock.advance(seconds{5});
  aws.advance();
  misbehave(R"([{"effect": "late", "what": "states", "ms": 3000}])");
  auto state = [&] { return text(caller.ec2("DescribeInstances"), "name"); };
  EXPECT_EQ(state(), "shutting-down");
  EXPECT_THAT(listed({{"Filter.1.Name", "instance-state-name"}, {"Filter.1.Value.1", "terminated"}}),
              IsEmpty());
  clock.advance(seconds{3});
  EXPECT_EQ(state(), "terminated");
}

TEST_F(Late, SomeOfThemAlwaysTheSame) {
  for (int i = 0; i < 40; ++i) launch_one();
  misbehave(R"([{"effect": "late", "what": "instances", "ms": 2000, "probability": 0.5, "seed": 3}])");
  const auto seen = listed();
  EXPECT_GT(seen.size(), 8u);
  EXPECT_LT(seen.size(), 32u);
  EXPECT_EQ(listed(), seen);
}

TEST_F(Late, AListMayLackWhatItHadBefore) {
  launch_one();
  misbehave(R"([{"effect": "unlisted", "skip": 1, "count": 1}])");
  EXPECT_THAT(listed(), SizeIs(1));
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_THAT(listed(), SizeIs(1));
}

}  // namespace
}  // namespace spillway::emu
