// What each role may and may not do, asked of the policy simulator: an action too many fails here.
#include "site/policies.h"

#include <gmock/gmock.h>

#include "aws/encode.h"
#include "aws/stack.h"
#include "emu/aws.h"

namespace spillway::site {
namespace {

constexpr const char* kUuid = "11111111-2222-4333-8444-555555555555";
const std::string kEc2 = "arn:aws:ec2:us-east-1:123456789012:";
const std::string kObjects = std::string("arn:aws:s3:::burst/") + kUuid + "/";

Inputs inputs() {
  Inputs in;
  in.cluster = ClusterId{kUuid};
  in.name = "tundra";
  in.account = "123456789012";
  in.region = "us-east-1";
  in.image = "ami-0123456789abcdef0";
  in.bucket = "burst";
  in.types = {"c5.xlarge"};
  in.group_tag_keys = {"project"};
  return in;
}

class InProcess final : public net::Transport {
 public:
  explicit InProcess(emu::Aws& aws) : aws_(aws) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    const aws::Url url = aws::split_url(request.url);
    net::Incoming incoming{request.method, url.path, request.headers, request.body, "203.0.113.9", true};
    incoming.headers.push_back({"Host", url.authority});
    return aws_.handle(incoming);
  }

 private:
  emu::Aws& aws_;
};

using Context = std::vector<std::pair<std::string, std::string>>;

class Policies : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cloud_.seed(*Json::parse(
        R"({"users": [{"name": "admin", "access_keys": [{"id": "AKIASPILLWAYEXAMPLE1", "secret": "s"}]}]})")));
  }
  bool may(const Json& policy, const std::string& action, const std::string& resource,
           const Context& context = {}) {
    Json entries = Json::array();
    for (const auto& [key, value] : context)
      entries.push(Json::object({{"ContextKeyName", key},
                                 {"ContextKeyValues", Json::array({value})},
                                 {"ContextKeyType", "string"}}));
    const auto answer = client_.call("iam", "SimulateCustomPolicy",
                                     Json::object({{"PolicyInputList", Json::array({policy.dump()})},
                                                   {"ActionNames", Json::array({action})},
                                                   {"ResourceArns", Json::array({resource})},
                                                   {"ContextEntries", std::move(entries)}}),
                                     Deadline::after(std::chrono::seconds{10}));
    EXPECT_TRUE(answer) << answer.error().what;
    return answer && (*answer)["EvaluationResults"].at(0)["EvalDecision"].as_string() == "allowed";
  }

  ManualClock clock_;
  emu::Aws cloud_{emu::Settings{}, clock_};
  InProcess transport_{cloud_};
  aws::StaticCredentials credentials_{{"AKIASPILLWAYEXAMPLE1", Secret("s"), Secret(), std::nullopt, "t"}};
  aws::Client client_{
      transport_, credentials_, clock_, {.region = "us-east-1", .random = [] { return 0.5; }}};
};

const Context kOurs{{"aws:ResourceTag/spillway:cluster", kUuid}};
const Context kLaunch{{"aws:RequestTag/spillway:cluster", kUuid},
                      {"ec2:MetadataHttpTokens", "required"},
                      {"ec2:InstanceType", "c5.xlarge"}};

Context with(Context context, const std::string& key, const std::string& value) {
  for (auto& [name, old] : context)
    if (name == key) return old = value, context;
  context.emplace_back(key, value);
  return context;
}

TEST_F(Policies, TheHeadLaunchesTaggedListedThingsOnly) {
  const Json head = head_policy(inputs());
  EXPECT_LT(head.dump().size(), 10'240u);  // IAM's limit for a role's inline policies
  for (const char* action : {"ec2:RunInstances", "ec2:CreateFleet"}) {
    EXPECT_TRUE(may(head, action, kEc2 + "instance/*", kLaunch)) << action;
    EXPECT_TRUE(may(head, action, "arn:aws:ec2:us-east-1::image/ami-0123456789abcdef0")) << action;
    EXPECT_TRUE(may(head, action, kEc2 + "subnet/subnet-1", kOurs)) << action;
    EXPECT_FALSE(
        may(head, action, kEc2 + "instance/*", with(kLaunch, "aws:RequestTag/spillway:cluster", "another")))
        << action;
    EXPECT_FALSE(may(head, action, "arn:aws:ec2:us-east-1::image/ami-0fffffffffffffff0")) << action;
    EXPECT_FALSE(may(head, action, kEc2 + "subnet/subnet-1")) << action;
  }
  EXPECT_FALSE(may(head, "ec2:RunInstances", kEc2 + "instance/*",
                   with(kLaunch, "ec2:MetadataHttpTokens", "optional")));
  EXPECT_FALSE(
      may(head, "ec2:RunInstances", kEc2 + "instance/*", with(kLaunch, "ec2:InstanceType", "p4d.24xlarge")));
  EXPECT_FALSE(may(head, "ec2:RunInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/*", kLaunch));
}

TEST_F(Policies, TheHeadTagsAndEndsItsOwnOnly) {
  const Json head = head_policy(inputs());
  const std::string instance = kEc2 + "instance/i-1";
  EXPECT_TRUE(may(head, "ec2:TerminateInstances", instance, kOurs));
  EXPECT_FALSE(may(head, "ec2:TerminateInstances", instance));
  EXPECT_FALSE(
      may(head, "ec2:TerminateInstances", instance, {{"aws:ResourceTag/spillway:cluster", "another"}}));
  EXPECT_TRUE(may(head, "ec2:CreateTags", instance, {{"ec2:CreateAction", "CreateFleet"}}));
  for (const char* key : {"Name", "spillway:node", "spillway:epoch", "project"})
    EXPECT_TRUE(may(head, "ec2:CreateTags", instance, with(kOurs, "aws:TagKeys", key))) << key;
  for (const char* key : {"spillway:cluster", "spillway:intent", "other"})
    EXPECT_FALSE(may(head, "ec2:CreateTags", instance, with(kOurs, "aws:TagKeys", key))) << key;
  EXPECT_FALSE(may(head, "ec2:CreateTags", instance, {{"aws:TagKeys", "Name"}}));
  EXPECT_FALSE(may(head, "ec2:CreateTags", instance, kOurs));
}

TEST_F(Policies, TheHeadDiscardsWhatItsOwnMachinesLeft) {
  const Json head = head_policy(inputs());
  for (const auto& [action, kind] :
       {std::pair{"ec2:DeleteVolume", "volume"}, {"ec2:DeleteNetworkInterface", "network-interface"}}) {
    const std::string resource = fmt::format("{}{}/x-1", kEc2, kind);
    const Context left = with(kOurs, "aws:ResourceTag/spillway:kind", kind);
    EXPECT_TRUE(may(head, action, resource, left)) << action;
    EXPECT_FALSE(may(head, action, resource)) << action;
    EXPECT_FALSE(may(head, action, resource, with(left, "aws:ResourceTag/spillway:cluster", "another")))
        << action;
    EXPECT_FALSE(may(head, action, resource, with(left, "aws:ResourceTag/spillway:kind", "Gateway")))
        << action;
  }
  for (const char* action :
       {"ec2:DetachVolume", "ec2:DetachNetworkInterface", "ec2:ReleaseAddress", "ec2:DeleteSnapshot"})
    EXPECT_FALSE(may(head, action, "*", kOurs)) << action;
  EXPECT_TRUE(may(head, "ec2:DescribeVolumes", "*", {{"aws:RequestedRegion", "us-east-1"}}));
}

TEST_F(Policies, TheHeadPassesOneRoleToEc2) {
  const Json head = head_policy(inputs());
  const std::string role =
      std::string("arn:aws:iam::123456789012:role/spillway/") + kUuid + "/spillway-tundra-";
  const Context to_ec2{{"iam:PassedToService", "ec2.amazonaws.com"}};
  EXPECT_TRUE(may(head, "iam:PassRole", role + "compute", to_ec2));
  EXPECT_FALSE(may(head, "iam:PassRole", role + "gateway", to_ec2));
  EXPECT_FALSE(
      may(head, "iam:PassRole", role + "compute", {{"iam:PassedToService", "lambda.amazonaws.com"}}));
}

TEST_F(Policies, TheHeadHasNothingOfAnAdministrator) {
  const Json head = head_policy(inputs());
  for (const char* action : {"iam:CreateRole",
                             "iam:PutRolePolicy",
                             "iam:AttachRolePolicy",
                             "iam:CreateUser",
                             "iam:CreateAccessKey",
                             "ec2:ModifyInstanceAttribute",
                             "ssm:SendCommand",
                             "ssm:GetParameter",
                             "ec2:DeleteTags",
                             "ec2:CreateVpc",
                             "ec2:AuthorizeSecurityGroupIngress",
                             "ec2:CreateLaunchTemplateVersion",
                             "ec2:AssociateAddress",
                             "s3:DeleteBucket",
                             "s3:PutBucketPolicy",
                             "ssm:PutParameter",
                             "ssm:DeleteParameter",
                             "s3:ListAllMyBuckets",
                             "kms:Decrypt",
                             "sts:AssumeRole"})
    EXPECT_FALSE(may(head, action, "*", {{"aws:RequestedRegion", "us-east-1"}})) << action;
  EXPECT_TRUE(may(head, "ec2:DescribeInstances", "*", {{"aws:RequestedRegion", "us-east-1"}}));
  EXPECT_FALSE(may(head, "ec2:DescribeInstances", "*", {{"aws:RequestedRegion", "eu-west-1"}}));
}

TEST_F(Policies, TheHeadCopiesSecretsAndWritesNone) {
  const Json head = head_policy(inputs());
  EXPECT_TRUE(may(head, "s3:GetObject", kObjects + "secrets/munge.key"));
  EXPECT_TRUE(may(head, "s3:PutObject", kObjects + "release/AROA1:i-1/munge.key"));
  EXPECT_TRUE(may(head, "s3:PutObject", kObjects + "launches/in-1.json"));
  for (const char* key : {"secrets/munge.key", "gateway/peers.json"}) {
    EXPECT_FALSE(may(head, "s3:PutObject", kObjects + key)) << key;
    EXPECT_FALSE(may(head, "s3:DeleteObject", kObjects + key)) << key;
  }
  EXPECT_FALSE(may(head, "s3:GetObject", "arn:aws:s3:::burst/another-cluster/launches/x"));
  EXPECT_FALSE(may(head, "s3:GetObject", "arn:aws:s3:::another/" + std::string(kUuid) + "/x"));
}

TEST_F(Policies, AComputeNodeReadsWhatWasReleasedToItAlone) {
  const Json compute = compute_policy(inputs());
  const Context me{{"aws:userid", "AROA1:i-1"}};
  EXPECT_TRUE(may(compute, "s3:GetObject", kObjects + "launches/in-1.json", me));
  EXPECT_TRUE(may(compute, "s3:GetObject", kObjects + "release/AROA1:i-1/munge.key", me));
  EXPECT_FALSE(may(compute, "s3:GetObject", kObjects + "release/AROA1:i-2/munge.key", me));
  EXPECT_FALSE(may(compute, "s3:GetObject", kObjects + "secrets/munge.key", me));
  for (const char* action :
       {"s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "ec2:DescribeInstances", "ec2:CreateTags",
        "ec2:TerminateInstances", "ssm:GetParameter", "sts:AssumeRole"})
    EXPECT_FALSE(may(compute, action, kObjects + "launches/in-1.json", me)) << action;
}

TEST_F(Policies, TheGatewayReadsItsKeyAndItsPeers) {
  const Json gateway = gateway_policy(inputs());
  const std::string parameter =
      "arn:aws:ssm:us-east-1:123456789012:parameter/spillway/" + std::string(kUuid) + "/gateway/";
  EXPECT_TRUE(may(gateway, "ssm:GetParameter", parameter + "private-key"));
  EXPECT_TRUE(may(gateway, "s3:GetObject", kObjects + "gateway/peers.json"));
  EXPECT_TRUE(may(gateway, "ssm:GetParameter", parameter + "private-key-1795415999"));  // while it is tried
  EXPECT_FALSE(may(gateway, "ssm:GetParameter", parameter + "public-key"));
  EXPECT_FALSE(may(gateway, "ssm:PutParameter", parameter + "private-key"));
  EXPECT_FALSE(may(gateway, "s3:PutObject", kObjects + "gateway/peers.json"));
  EXPECT_FALSE(may(gateway, "ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/other"));
  EXPECT_FALSE(may(gateway, "s3:GetObject", kObjects + "secrets/munge.key"));
  EXPECT_FALSE(may(gateway, "ec2:RunInstances", "*"));
}

TEST_F(Policies, OfTwoGatewaysEachMayTakeTheNodesRoutesAndNothingElse) {
  Inputs in = inputs();
  in.vpn.onprem_cidrs = {"192.168.0.0/16"};
  const Context table{{"aws:ResourceTag/spillway:cluster", kUuid},
                      {"aws:ResourceTag/spillway:kind", "ComputeRoutes"}};
  EXPECT_FALSE(may(gateway_policy(in), "ec2:ReplaceRoute", kEc2 + "route-table/rtb-1", table));
  in.vpn.gateways = 2;
  const Json first = gateway_policy(in), standby = gateway_policy(in, "standby");
  const std::string parameters =
      "arn:aws:ssm:us-east-1:123456789012:parameter/spillway/" + std::string(kUuid) + "/";
  for (const auto& [policy, own, other] :
       {std::tuple{first, "gateway", "standby"}, {standby, "standby", "gateway"}}) {
    EXPECT_TRUE(may(policy, "ec2:ReplaceRoute", kEc2 + "route-table/rtb-1", table)) << own;
    EXPECT_FALSE(may(policy, "ec2:ReplaceRoute", kEc2 + "route-table/rtb-1",
                     with(table, "aws:ResourceTag/spillway:kind", "PublicRoutes")))
        << own;
    EXPECT_FALSE(may(policy, "ec2:ReplaceRoute", kEc2 + "route-table/rtb-1",
                     with(table, "aws:ResourceTag/spillway:cluster", "another")))
        << own;
    for (const char* action : {"ec2:CreateRoute", "ec2:DeleteRoute", "ec2:AssociateRouteTable",
                               "ec2:ReplaceRouteTableAssociation", "ec2:CreateTags"})
      EXPECT_FALSE(may(policy, action, kEc2 + "route-table/rtb-1", table)) << own << " " << action;
    EXPECT_TRUE(may(policy, "ec2:DescribeRouteTables", "*", {{"aws:RequestedRegion", "us-east-1"}})) << own;
    EXPECT_TRUE(may(policy, "ssm:GetParameter", parameters + own + "/private-key")) << own;
    EXPECT_FALSE(may(policy, "ssm:GetParameter", parameters + other + "/private-key")) << own;
    EXPECT_TRUE(may(policy, "s3:GetObject", kObjects + own + "/peers.json")) << own;
    EXPECT_FALSE(may(policy, "s3:GetObject", kObjects + other + "/peers.json")) << own;
  }
  EXPECT_FALSE(may(head_policy(in), "s3:PutObject", kObjects + "standby/peers.json"));
}

TEST_F(Policies, WhereNodesEndTheTunnelEachNamesItsOwnKeyAndNobodyElses) {
  Inputs in = inputs();
  EXPECT_FALSE(may(compute_policy(in), "s3:PutObject", kObjects + "keys/AROA1:i-1/key",
                   {{"aws:userid", "AROA1:i-1"}}));
  in.vpn.mode = "node";
  const Json compute = compute_policy(in), head = head_policy(in), tunnel = tunnel_policy(in);
  const Context me{{"aws:userid", "AROA1:i-1"}};
  EXPECT_LT(head.dump().size(), 10'240u);
  EXPECT_TRUE(may(compute, "s3:PutObject", kObjects + "keys/AROA1:i-1/key", me));
  EXPECT_FALSE(may(compute, "s3:PutObject", kObjects + "keys/AROA1:i-2/key", me));
  for (const char* key : {"tunnel/nodes.json", "launches/in-1.json", "release/AROA1:i-1/x", "keys/x"})
    EXPECT_FALSE(may(compute, "s3:PutObject", kObjects + key, me)) << key;
  for (const char* key : {"keys/AROA1:i-1/key", "tunnel/nodes.json"})
    EXPECT_FALSE(may(compute, "s3:GetObject", kObjects + key, me)) << key;
  EXPECT_FALSE(may(compute, "s3:DeleteObject", kObjects + "keys/AROA1:i-1/key", me));
  // The head reads and forgets keys, and makes none; it tells the premises' gateway.
  EXPECT_FALSE(may(head, "s3:PutObject", kObjects + "keys/AROA1:i-1/key"));
  EXPECT_TRUE(may(head, "s3:DeleteObject", kObjects + "keys/AROA1:i-1/key"));
  EXPECT_TRUE(
      may(head, "s3:ListBucket", "arn:aws:s3:::burst", {{"s3:prefix", kUuid + std::string("/keys/AROA1:")}}));
  EXPECT_TRUE(may(head, "s3:PutObject", kObjects + "tunnel/nodes.json"));
  // The premises' gateway reads who the nodes are, and nothing else.
  EXPECT_TRUE(may(tunnel, "s3:GetObject", kObjects + "tunnel/nodes.json"));
  EXPECT_FALSE(may(tunnel, "s3:PutObject", kObjects + "tunnel/nodes.json"));
  for (const char* key : {"secrets/munge.key", "keys/AROA1:i-1/key", "release/AROA1:i-1/munge.key"})
    EXPECT_FALSE(may(tunnel, "s3:GetObject", kObjects + key)) << key;
  EXPECT_FALSE(may(tunnel, "ec2:DescribeInstances", "*"));
}

TEST_F(Policies, ASitesOwnTemplatesGetMoreAndItIsSaid) {
  Inputs in = inputs();
  EXPECT_FALSE(may(head_policy(in), "ec2:RunInstances", kEc2 + "volume/*"));
  in.foreign_templates = {"slurm-bursting-compute"};
  in.foreign_subnets = {"subnet-theirs"};
  const Json wide = head_policy(in);
  EXPECT_TRUE(may(wide, "ec2:RunInstances", kEc2 + "volume/*"));
  EXPECT_TRUE(may(wide, "ec2:RunInstances", kEc2 + "subnet/subnet-theirs"));
  EXPECT_FALSE(may(wide, "ec2:RunInstances", kEc2 + "subnet/subnet-others"));
}

}  // namespace
}  // namespace spillway::site
