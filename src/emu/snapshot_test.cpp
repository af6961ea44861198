#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using Snapshot = EmuTest;

TEST_F(Snapshot, CarriesTheWholeStateOver) {
  std::string id = text(caller.ec2("RunInstances", run(1)), "instanceId");
  caller.s3("PUT", "/slurm-burst-data/a", std::string("\0\xff bytes", 8));
  ASSERT_EQ(
      caller
          .query("iam", "CreateInstanceProfile",
                 {{"InstanceProfileName", "p"}, {"Tags.member.1.Key", "k"}, {"Tags.member.1.Value", "v"}})
          .status,
      200);
  const std::string versioned = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  ASSERT_EQ(
      caller
          .s3("PUT", "/slurm-burst-data?versioning=", versioned, {{"Content-MD5", to_base64(md5(versioned))}})
          .status,
      200);
  caller.s3("PUT", "/slurm-burst-data/b", "1");
  caller.s3("DELETE", "/slurm-burst-data/b");
  auto text_form = Json::parse(aws.snapshot().dump());
  ASSERT_TRUE(text_form);
  Aws other{settings, clock};
  ASSERT_TRUE(other.restore(*text_form));
  EXPECT_EQ(other.snapshot(), aws.snapshot());
  Caller there{other, clock};
  clock.advance(std::chrono::seconds{10});
  EXPECT_EQ(text(there.ec2("DescribeInstances", {{"InstanceId.1", id}}), "name"), "running");
  EXPECT_EQ(there.s3("GET", "/slurm-burst-data/a").body, std::string("\0\xff bytes", 8));
  EXPECT_EQ(texts(there.s3("GET", "/slurm-burst-data?versions="), "Key"),
            (std::vector<std::string>{"a", "b", "b"}));
  EXPECT_EQ(text(there.query("iam", "ListInstanceProfileTags", {{"InstanceProfileName", "p"}}), "Value"),
            "v");
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
