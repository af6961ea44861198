#include "emu/test_client.h"

namespace spillway::emu {
namespace {

struct Metadata : EmuTest {
  void SetUp() override {
    EmuTest::SetUp();
    auto wish = run(1);
    wish.insert(wish.end(), {{"IamInstanceProfile.Name", "slurm-node"},
                             {"UserData", "IyEvYmluL3NoCg=="},
                             {"MetadataOptions.InstanceMetadataTags", "enabled"},
                             {"TagSpecification.1.ResourceType", "instance"},
                             {"TagSpecification.1.Tag.1.Key", "Name"},
                             {"TagSpecification.1.Tag.1.Value", "cloud-c5-0"}});
    auto launched = caller.ec2("RunInstances", wish);
    id = text(launched, "instanceId");
    address = text(launched, "privateIpAddress");
  }
  net::Response ask(const std::string& method, const std::string& path, net::Headers headers = {}) {
    return aws.handle_metadata({method, path, std::move(headers), "", address});
  }
  std::string new_token(const std::string& life = "60") {
    return ask("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", life}}).body;
  }
  net::Response get(const std::string& path) {
    return ask("GET", "/latest/" + path, {{"X-aws-ec2-metadata-token", token}});
  }
  std::string id, address, token;
};

TEST_F(Metadata, NeedsATokenOfThisInstanceThatStillLives) {
  EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id").status, 401);
  EXPECT_EQ(ask("PUT", "/latest/api/token").status, 400);
  EXPECT_EQ(ask("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21601"}}).status, 400);
  token = new_token();
  EXPECT_EQ(get("meta-data/instance-id").body, id);
  clock.advance(std::chrono::seconds{60});
  EXPECT_EQ(get("meta-data/instance-id").status, 401);
}

TEST_F(Metadata, TellsWhatTheBootstrapReads) {
  token = new_token();
  EXPECT_EQ(get("meta-data/local-ipv4").body, address);
  EXPECT_EQ(get("meta-data/placement/region").body, "us-east-1");
  EXPECT_EQ(get("meta-data/placement/availability-zone").body, "us-east-1a");
  EXPECT_EQ(get("meta-data/tags/instance/").body, "Name");
  EXPECT_EQ(get("meta-data/tags/instance/Name").body, "cloud-c5-0");
  EXPECT_EQ(get("user-data").body, "#!/bin/sh\n");
  EXPECT_EQ(get("meta-data/spot/instance-action").status, 404);
  auto document = Json::parse(get("dynamic/instance-identity/document").body);
  ASSERT_TRUE(document);
  EXPECT_EQ((*document)["instanceId"].as_string(), id);
}

TEST_F(Metadata, GivesCredentialsOfTheRoleThatSign) {
  token = new_token();
  EXPECT_EQ(get("meta-data/iam/security-credentials/").body, "slurm-node");
  auto given = Json::parse(get("meta-data/iam/security-credentials/slurm-node").body);
  ASSERT_TRUE(given);
  Caller node{aws, clock, (*given)["AccessKeyId"].as_string(), (*given)["SecretAccessKey"].as_string(),
              (*given)["Token"].as_string()};
  auto refused = node.ec2("DescribeInstances");  // a valid signature of a role without policies
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(text(refused, "Code"), "UnauthorizedOperation");
  node.token = "another";
  EXPECT_EQ(node.ec2("DescribeInstances").status, 401);
}

TEST_F(Metadata, GivesNoCredentialsOfARoleThatDoesNotTrustEc2) {
  token = new_token();
  auto trust = [&](const char* principal) {
    return caller
        .query("iam", "UpdateAssumeRolePolicy",
               {{"RoleName", "slurm-node"},
                {"PolicyDocument", fmt::format(R"({{"Version": "2012-10-17", "Statement": {{"Effect": "Allow",
                              "Principal": {}, "Action": "sts:AssumeRole"}}}})",
                                               principal)}})
        .status;
  };
  auto code = [&] {
    return (*Json::parse(get("meta-data/iam/security-credentials/slurm-node").body))["Code"].as_string();
  };
  EXPECT_EQ(trust(R"({"AWS": "arn:aws:iam::123456789012:user/admin"})"), 200);
  EXPECT_EQ(code(), "AssumeRoleUnauthorizedAccess");
  EXPECT_EQ(trust(R"({"Service": "ec2.amazonaws.com"})"), 200);
  EXPECT_EQ(code(), "Success");
}

}  // namespace
}  // namespace spillway::emu
