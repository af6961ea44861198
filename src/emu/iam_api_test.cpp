#include "emu/test_client.h"

namespace spillway::emu {
namespace {

struct Iam : EmuTest {
  net::Response iam(const std::string& action, const Caller::Pairs& parameters) const {
    return caller.query("iam", action, parameters);
  }
  /// 200, or the error's status and code.
  std::string verdict(const std::string& action, const Caller::Pairs& parameters) const {
    const net::Response answer = iam(action, parameters);
    return answer.status == 200 ? "200" : fmt::format("{} {}", answer.status, text(answer, "Code"));
  }
  const std::string trust =
      R"({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}})";
  const std::string arn = "arn:aws:iam::123456789012:role/r";
};

TEST_F(Iam, KeepsAnOrderInWhichThingsGo) {
  const Caller::Pairs role{{"RoleName", "r"}}, profile{{"InstanceProfileName", "p"}};
  const Caller::Pairs both{{"InstanceProfileName", "p"}, {"RoleName", "r"}};
  const Caller::Pairs policy{{"RoleName", "r"}, {"PolicyName", "own"}};
  Caller::Pairs document = policy;
  document.emplace_back("PolicyDocument",
                        R"({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})");
  const std::tuple<const char*, Caller::Pairs, const char*> kSteps[] = {
      {"PutRolePolicy", document, "404 NoSuchEntity"},
      {"CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust}}, "200"},
      {"CreateRole", {{"RoleName", "R"}, {"AssumeRolePolicyDocument", trust}}, "409 EntityAlreadyExists"},
      {"PutRolePolicy", document, "200"},
      {"AddRoleToInstanceProfile", both, "404 NoSuchEntity"},
      {"CreateInstanceProfile", profile, "200"},
      {"AddRoleToInstanceProfile", both, "200"},
      {"DeleteInstanceProfile", profile, "409 DeleteConflict"},
      {"DeleteRole", role, "409 DeleteConflict"},
      {"RemoveRoleFromInstanceProfile", both, "200"},
      {"DeleteRole", role, "409 DeleteConflict"},  // its policy
      {"DeleteRolePolicy", policy, "200"},
      {"DeleteRole", role, "200"},
      {"DeleteInstanceProfile", profile, "200"},
      {"DeleteInstanceProfile", profile, "404 NoSuchEntity"},
      {"GetRole", role, "404 NoSuchEntity"},
      {"FlyRole", role, "400 InvalidAction"},
  };
  for (const auto& [action, parameters, wanted] : kSteps)
    EXPECT_EQ(verdict(action, parameters), wanted) << action;
}

TEST_F(Iam, ARoleOfTheSameNameIsAnotherOne) {
  const Caller::Pairs role{{"RoleName", "r"}};
  Caller::Pairs whole = role;
  whole.emplace_back("AssumeRolePolicyDocument", trust);
  const std::string first = text(iam("CreateRole", whole), "RoleId");
  const auto assumed = caller.query("sts", "AssumeRole", {{"RoleArn", arn}, {"RoleSessionName", "s1"}});
  Caller session{aws, clock, text(assumed, "AccessKeyId"), text(assumed, "SecretAccessKey"),
                 text(assumed, "SessionToken")};
  EXPECT_EQ(session.query("sts", "GetCallerIdentity", {}).status, 200);
  EXPECT_EQ(verdict("DeleteRole", role), "200");
  EXPECT_NE(text(iam("CreateRole", whole), "RoleId"), first);
  EXPECT_EQ(text(session.query("sts", "GetCallerIdentity", {}), "Code"), "InvalidClientTokenId");
}

TEST_F(Iam, WhatTheSimulatorSaysIsWhatHappens) {
  iam("CreateRole", {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust}});
  const char* kPolicies[] = {
      R"({"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"})",
      R"([{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}])",
      R"({"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "arn:aws:ec2:*:*:instance/*"})"};
  std::vector<std::string> decisions;
  for (const char* statements : kPolicies) {
    iam("PutRolePolicy",
        {{"RoleName", "r"},
         {"PolicyName", "own"},
         {"PolicyDocument", fmt::format(R"({{"Version": "2012-10-17", "Statement": {}}})", statements)}});
    const auto simulated = iam("SimulatePrincipalPolicy",
                               {{"PolicySourceArn", arn}, {"ActionNames.member.1", "ec2:DescribeInstances"}});
    decisions.push_back(text(simulated, "EvalDecision"));
    const auto assumed = caller.query("sts", "AssumeRole", {{"RoleArn", arn}, {"RoleSessionName", "s1"}});
    Caller session{aws, clock, text(assumed, "AccessKeyId"), text(assumed, "SecretAccessKey"),
                   text(assumed, "SessionToken")};
    EXPECT_EQ(session.ec2("DescribeInstances").status == 200, decisions.back() == "allowed") << statements;
  }
  EXPECT_THAT(decisions, ::testing::ElementsAre("allowed", "explicitDeny", "implicitDeny"));
}

}  // namespace
}  // namespace spillway::emu
