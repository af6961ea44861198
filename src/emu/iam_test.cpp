#include "emu/iam.h"

#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

struct Policies : ::testing::Test {
  bool may(const char* statements, const std::string& action, const std::string& resource,
           std::vector<std::pair<std::string, std::string>> context = {}) {
    role.policies = {{"inline", *Json::parse(std::string(R"({"Version": "2012-10-17", "Statement": )") +
                                             statements + "}")}};
    return allowed(account, who, {action, resource, std::move(context)});
  }

  ManualClock clock;
  Account account{Settings{}, clock};
  Principal role{"node", "AROANODE", true};
  Identity who{"arn:aws:sts::123456789012:assumed-role/node/i-1", "AROANODE:i-1", &role, "ASIA1"};
};

TEST_F(Policies, AllowOnlyWhatTheySay) {
  const char* read = R"([{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/public/*"}])";
  EXPECT_TRUE(may(read, "s3:GetObject", "arn:aws:s3:::b/public/x/y"));
  EXPECT_FALSE(may(read, "s3:PutObject", "arn:aws:s3:::b/public/x"));
  EXPECT_FALSE(may(read, "s3:GetObject", "arn:aws:s3:::b/private/x"));
  EXPECT_FALSE(may("[]", "s3:GetObject", "arn:aws:s3:::b/public/x"));
}

TEST_F(Policies, BindAPrefixToTheInstance) {
  const char* own =
      R"({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/s/${aws:userid}/*"})";
  EXPECT_TRUE(may(own, "s3:GetObject", "arn:aws:s3:::b/s/AROANODE:i-1/munge"));
  EXPECT_FALSE(may(own, "s3:GetObject", "arn:aws:s3:::b/s/AROANODE:i-2/munge"));
  who.user_id = "AROANODE:*";  // what stands in the variable is no pattern
  EXPECT_FALSE(may(own, "s3:GetObject", "arn:aws:s3:::b/s/AROANODE:i-2/munge"));
}

TEST_F(Policies, ADenialWins) {
  const char* both = R"([{"Effect": "Allow", "Action": "*", "Resource": "*"},
                         {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}])";
  EXPECT_TRUE(may(both, "s3:GetObject", "arn:aws:s3:::b/x"));
  EXPECT_FALSE(may(both, "s3:DeleteObject", "arn:aws:s3:::b/x"));
}

TEST_F(Policies, ConditionsMustHold) {
  const char* list = R"({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b",
                         "Condition": {"StringLike": {"s3:prefix": ["launches/*"]}}})";
  EXPECT_TRUE(may(list, "s3:ListBucket", "arn:aws:s3:::b", {{"s3:prefix", "launches/1"}}));
  EXPECT_FALSE(may(list, "s3:ListBucket", "arn:aws:s3:::b", {{"s3:prefix", "secrets/"}}));
  EXPECT_FALSE(may(list, "s3:ListBucket", "arn:aws:s3:::b"));
}

TEST_F(Policies, ExceptionsAreWhatTheyDoNotName) {
  const char* rest = R"({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b/secret/*"})";
  EXPECT_TRUE(may(rest, "s3:GetObject", "arn:aws:s3:::b/x"));
  EXPECT_FALSE(may(rest, "s3:GetObject", "arn:aws:s3:::b/secret/x"));
  EXPECT_FALSE(may(rest, "iam:GetRole", "arn:aws:iam::1:role/x"));
}

struct PrincipalCase {
  const char *effect, *principal;
  bool may_with_own, may_without;  // with a policy of his own that allows, and without
};

// Of a bucket's policy, to a session of role node. Source: IAM User Guide, "Policy evaluation for requests
// within a single account".
const PrincipalCase kPrincipals[] = {
    {"Allow", R"("*")", true, true},
    {"Allow", R"({"AWS": "*"})", true, true},
    {"Allow", R"({"AWS": "arn:aws:iam::123456789012:role/node"})", true, true},
    {"Allow", R"({"AWS": ["arn:aws:sts::123456789012:assumed-role/node/i-1"]})", true, true},
    {"Allow", R"({"AWS": "arn:aws:sts::123456789012:assumed-role/node/i-2"})", true, false},
    {"Allow", R"({"AWS": "arn:aws:iam::123456789012:root"})", true, false},  // his own policy must allow, too
    {"Allow", R"({"AWS": "123456789012"})", true, false},
    {"Allow", R"({"Service": "ec2.amazonaws.com"})", true, false},
    {"Deny", R"("*")", false, false},
    {"Deny", R"({"AWS": "arn:aws:iam::123456789012:role/node"})", false, false},
    {"Deny", R"({"AWS": "arn:aws:iam::123456789012:root"})", false, false},
    {"Deny", R"({"AWS": "arn:aws:iam::123456789012:role/other"})", true, false},
};

TEST_F(Policies, OfAResourceSpeakToItsPrincipals) {
  who.principal_arn = "arn:aws:iam::123456789012:role/node";
  const Question question{"s3:GetObject", "arn:aws:s3:::b/k", {}};
  const Json all = *Json::parse(
      R"({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})");
  for (const PrincipalCase& c : kPrincipals) {
    const auto theirs = Json::parse(fmt::format(
        R"({{"Version": "2012-10-17", "Statement": {{"Effect": "{}", "Principal": {}, "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}}}})",
        c.effect, c.principal));
    ASSERT_TRUE(theirs) << c.principal;
    role.policies = {{"own", all}};
    EXPECT_EQ(decide(account, who, question, *theirs).may, c.may_with_own) << c.effect << c.principal;
    role.policies.clear();
    EXPECT_EQ(decide(account, who, question, *theirs).may, c.may_without) << c.effect << c.principal;
  }
}

TEST_F(Policies, ASessionMayOnlyWhatBothAllow) {
  who.session_policy = *Json::parse(
      R"({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}})");
  const char* own = R"({"Effect": "Allow", "Action": "s3:*Object", "Resource": "*"})";
  EXPECT_TRUE(may(own, "s3:GetObject", "arn:aws:s3:::b/k"));
  EXPECT_FALSE(may(own, "s3:PutObject", "arn:aws:s3:::b/k"));
  EXPECT_FALSE(may(own, "s3:GetBucketPolicy", "arn:aws:s3:::b"));
}

TEST_F(Policies, KnowWhoAsksAndHow) {
  role.tags = {{"team", "hpc"}};
  who.source_ip = "10.1.2.3";
  auto when = [&](const std::string& condition) {
    return may(
        (R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {)" + condition + "}}").c_str(),
        "ec2:RunInstances", "arn:aws:ec2:us-east-1:1:instance/*",
        {{"aws:RequestTag/a", "1"}, {"aws:RequestTag/b", "2"}});
  };
  EXPECT_TRUE(
      when(R"("StringEquals": {"aws:PrincipalTag/team": "hpc", "aws:RequestedRegion": "us-east-1"})"));
  EXPECT_TRUE(when(R"("IpAddress": {"aws:SourceIp": "10.0.0.0/8"})"));
  EXPECT_TRUE(when(R"("ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]})"));
  EXPECT_FALSE(when(R"("ForAllValues:StringEquals": {"aws:TagKeys": ["a"]})"));
  EXPECT_TRUE(when(R"("ArnLike": {"ec2:SourceInstanceARN": "arn:aws:ec2:*:*:instance/i-1"})"));
  EXPECT_FALSE(when(R"("Bool": {"aws:SecureTransport": "true"})"));
  who.secure = true;
  EXPECT_TRUE(when(R"("Bool": {"aws:SecureTransport": "true"})"));
}

}  // namespace
}  // namespace spillway::emu
