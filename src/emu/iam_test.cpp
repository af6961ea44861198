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

}  // namespace
}  // namespace spillway::emu
