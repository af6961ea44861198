#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using Snapshot = EmuTest;

TEST_F(Snapshot, CarriesTheWholeStateOver) {
  std::string id = text(caller.ec2("RunInstances", run(1)), "instanceId");
  caller.s3("PUT", "/slurm-burst-data/a", std::string("\0\xff bytes", 8));
  auto text_form = Json::parse(aws.snapshot().dump());
  ASSERT_TRUE(text_form);
  Aws other{settings, clock};
  ASSERT_TRUE(other.restore(*text_form));
  EXPECT_EQ(other.snapshot(), aws.snapshot());
  Caller there{other, clock};
  clock.advance(std::chrono::seconds{10});
  EXPECT_EQ(text(there.ec2("DescribeInstances", {{"InstanceId.1", id}}), "name"), "running");
  EXPECT_EQ(there.s3("GET", "/slurm-burst-data/a").body, std::string("\0\xff bytes", 8));
}

TEST_F(Snapshot, RefusesABrokenOneAndStaysAsItWas) {
  Json before = aws.snapshot(), broken = before;
  broken.set("vpcs", Json::array());
  broken.set("subnets", 5);
  auto refused = aws.restore(broken);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "snapshot.subnets is of the wrong type");
  EXPECT_EQ(aws.snapshot(), before);
}

TEST_F(Snapshot, SeedIsStrictAndAllOrNothing) {
  Json before = aws.snapshot();
  auto typo = Json::parse(R"({"vpcs": [{"id": "vpc-1", "cidr": "10.0.0.0/16"}], "buckets": [{"nme": "x"}]})");
  auto refused = aws.seed(*typo);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what,
              ::testing::HasSubstr("buckets[0]: unknown key 'nme', did you mean 'name'?"));
  EXPECT_EQ(aws.snapshot()["vpcs"], before["vpcs"]);
}

}  // namespace
}  // namespace spillway::emu
