#include "aws/ec2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "aws/errors.h"
#include "aws/fake_ec2.h"
#include "aws/protocol.h"

namespace spillway::aws {
namespace {

using testing::IsEmpty;

Deadline soon() {
  return Deadline::after(std::chrono::seconds{5});
}

struct Ec2Test : ::testing::Test {
  FakeEc2 service;
  ManualClock clock;
  StaticCredentials credentials{{.access_key_id = "AKIDEXAMPLE", .secret_access_key = Secret("secret")}};
  Client client{service, credentials, clock, {.region = "us-east-1", .random = [] { return 0.5; }}};
  Ec2 ec2{client};
};

TEST_F(Ec2Test, TellsOfLaunchedInstancesAndOfWhatFailed) {
  service.capacity = 2;
  const auto answer = ec2.create_fleet(fleet_request(3), soon());
  ASSERT_TRUE(answer) << to_string(answer.error());
  ASSERT_EQ(answer->instances.size(), 2u);
  EXPECT_EQ(answer->instances[0].type, "c5.large");
  EXPECT_EQ(answer->instances[0].subnet, "subnet-1");
  ASSERT_EQ(answer->errors.size(), 1u);
  EXPECT_EQ(answer->errors[0].code, "InsufficientInstanceCapacity");
}

TEST_F(Ec2Test, DescribesAllPagesWithTagsAndReasons) {
  ASSERT_TRUE(ec2.create_fleet(fleet_request(5), soon()));
  service.page_size = 2;
  const auto found = ec2.describe_instances(std::vector<Filter>{}, soon());
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->size(), 5u);
  std::set<std::string> ids;
  for (const Instance& instance : *found) ids.insert(instance.id.value);
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(found->front().tag("spillway:intent"), "one & only");
  EXPECT_EQ(found->front().tag("none"), "");
  EXPECT_EQ(found->front().state, "pending");
  EXPECT_EQ(found->front().lifecycle, "on-demand");
  EXPECT_EQ(to_iso8601_seconds(found->front().launched), "2026-11-22T21:54:03Z");
  EXPECT_EQ(client.counters().at("DescribeInstances"), 3u);
}

TEST(WantedTest, OnlyWhatIsNamedIsReadOfAStructure) {
  const auto model = builtin_model("ec2");
  ASSERT_TRUE(model);
  const Wanted wanted{{"Instance", {"InstanceId", "Tags"}}};
  const net::Response response{
      200,
      {},
      "<DescribeInstancesResponse><reservationSet><item><reservationId>r-1</"
      "reservationId><instancesSet><item>"
      "<instanceId>i-1</instanceId><imageId>ami-1</imageId><tagSet><item><key>k</key><value>v</value></item>"
      "</tagSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"};
  const auto answer = parse(**model, *(*model)->find("DescribeInstances"), response, &wanted);
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(
      answer->dump(),
      R"({"Reservations": [{"Instances": [{"InstanceId": "i-1", "Tags": [{"Key": "k", "Value": "v"}]}], )"
      R"("ReservationId": "r-1"}]})");
}

TEST_F(Ec2Test, AnUnknownIdKeepsNobodyElseAlive) {
  const auto fleet = ec2.create_fleet(fleet_request(3), soon());
  ASSERT_TRUE(fleet);
  std::vector<InstanceId> ids = {InstanceId("i-00000000000000bad")};
  for (const auto& launched : fleet->instances) ids.push_back(launched.id);
  for (const bool names_it : {true, false}) {
    service.names_unknown_ids = names_it;
    const auto gone = ec2.terminate(ids, soon());
    ASSERT_TRUE(gone) << to_string(gone.error());
    EXPECT_EQ(gone->size(), 3u);
    for (const Instance& instance : *gone) EXPECT_EQ(instance.state, "shutting-down");
  }
  const auto nobody = ec2.terminate({InstanceId("i-00000000000000bad")}, soon());
  ASSERT_TRUE(nobody);
  EXPECT_THAT(*nobody, IsEmpty());
}

TEST_F(Ec2Test, CapacityIsAnOutcomeAndIsNotRepeated) {
  service.fail_next = {500, "InsufficientInstanceCapacity"};
  const auto answer = ec2.create_fleet(fleet_request(1), soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::no_capacity);
  EXPECT_EQ(error_code(answer.error()), "InsufficientInstanceCapacity");
  EXPECT_EQ(client.counters().at("CreateFleet"), 1u);
}

TEST_F(Ec2Test, ThrottlingIsRepeatedAfterABackoff) {
  service.fail_next = {503, "RequestLimitExceeded"};
  const Time before = clock.now();
  ASSERT_TRUE(ec2.create_fleet(fleet_request(1), soon()));
  EXPECT_EQ(client.counters().at("CreateFleet"), 2u);
  EXPECT_EQ(clock.now() - before, std::chrono::milliseconds{500});
}

TEST_F(Ec2Test, TheSameTokenIsSentWithEachRepeat) {
  service.fail_next = {503, "Unavailable"};
  Json request = fleet_request(2);
  request.erase("ClientToken");
  ASSERT_TRUE(ec2.create_fleet(request, soon()));
  ASSERT_EQ(service.tokens.size(), 2u);
  EXPECT_EQ(service.tokens[0], service.tokens[1]);
  EXPECT_FALSE(service.tokens[0].empty());
}

TEST_F(Ec2Test, AMemberThatDoesNotExistIsRefusedBeforeSending) {
  const auto answer = client.call("ec2", "CreateFleet", fleet_request(1).set("ClientTokn", "x"), soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::invalid);
  EXPECT_THAT(answer.error().what, testing::HasSubstr("did you mean ClientToken"));
  EXPECT_THAT(client.counters(), IsEmpty());
}

TEST_F(Ec2Test, TagsReachTheirInstances) {
  const auto fleet = ec2.create_fleet(fleet_request(1), soon());
  ASSERT_TRUE(ec2.create_tags({fleet->instances[0].id}, {{"Name", "cloud-c5-0"}, {"a b", "c=d&e"}}, soon()));
  const auto found = ec2.describe_instances(std::vector{fleet->instances[0].id}, soon());
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().tag("a b"), "c=d&e");
  EXPECT_EQ(found->front().tag("Name"), "cloud-c5-0");
}

}  // namespace
}  // namespace spillway::aws
