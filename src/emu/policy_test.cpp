#include "emu/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

using Values = std::vector<std::string>;

struct ConditionCase {
  const char* condition;  // on the key x:k
  Values actual;          // what the request has under it; none: the key is absent
  bool holds;
};

// Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
const ConditionCase kConditions[] = {
    {R"("StringEquals": {"x:k": "a"})", {"a"}, true},
    {R"("StringEquals": {"x:k": "a"})", {"A"}, false},
    {R"("StringEquals": {"X:K": "a"})", {"a"}, true},  // names of keys know no case
    {R"("StringEquals": {"x:k": ["a", "b"]})", {"b"}, true},
    {R"("StringEquals": {"x:k": "a*"})", {"ab"}, false},
    {R"("StringEquals": {"x:k": "a"})", {}, false},
    {R"("StringEqualsIfExists": {"x:k": "a"})", {}, true},
    {R"("StringEqualsIfExists": {"x:k": "a"})", {"b"}, false},
    {R"("StringNotEquals": {"x:k": ["a", "b"]})", {"b"}, false},  // neither of them may fit
    {R"("StringNotEquals": {"x:k": ["a", "b"]})", {"c"}, true},
    {R"("StringNotEquals": {"x:k": "a"})", {}, true},
    {R"("StringEqualsIgnoreCase": {"x:k": "a"})", {"A"}, true},
    {R"("StringNotEqualsIgnoreCase": {"x:k": "a"})", {"A"}, false},
    {R"("StringLike": {"x:k": "jobs/?/*"})", {"jobs/1/out"}, true},
    {R"("StringLike": {"x:k": "jobs/?/*"})", {"jobs/12/out"}, false},
    {R"("StringNotLike": {"x:k": "jobs/*"})", {"jobs/1"}, false},
    {R"("StringNotLike": {"x:k": "jobs/*"})", {}, true},
    {R"("StringNotLikeIfExists": {"x:k": "jobs/*"})", {"other"}, true},
    {R"("Bool": {"x:k": "true"})", {"true"}, true},
    {R"("Bool": {"x:k": true})", {"true"}, true},
    {R"("Bool": {"x:k": "false"})", {"true"}, false},
    {R"("Bool": {"x:k": "false"})", {}, false},
    {R"("BoolIfExists": {"x:k": "false"})", {}, true},
    {R"("Null": {"x:k": "true"})", {}, true},
    {R"("Null": {"x:k": "true"})", {"a"}, false},
    {R"("Null": {"x:k": false})", {"a"}, true},
    {R"("NumericLessThan": {"x:k": 10})", {"9"}, true},
    {R"("NumericLessThan": {"x:k": "10"})", {"10"}, false},
    {R"("NumericLessThanEquals": {"x:k": "10"})", {"10"}, true},
    {R"("NumericGreaterThan": {"x:k": "9"})", {"10"}, true},  // not as text
    {R"("NumericGreaterThanEquals": {"x:k": "9.5"})", {"9.5"}, true},
    {R"("NumericEquals": {"x:k": "1"})", {"1.0"}, true},
    {R"("NumericEquals": {"x:k": "1"})", {"one"}, false},
    {R"("NumericNotEquals": {"x:k": "1"})", {"2"}, true},
    {R"("DateLessThan": {"x:k": "2026-01-01T00:00:00Z"})", {"2025-12-31T23:59:59Z"}, true},
    {R"("DateGreaterThan": {"x:k": "2026-01-01"})", {"2025-12-31T23:59:59Z"}, false},
    {R"("DateGreaterThanEquals": {"x:k": "0"})", {"1970-01-01T00:00:00Z"}, true},
    {R"("IpAddress": {"x:k": ["10.0.0.0/8", "192.0.2.7"]})", {"10.255.1.2"}, true},
    {R"("IpAddress": {"x:k": ["10.0.0.0/8", "192.0.2.7"]})", {"192.0.2.8"}, false},
    {R"("IpAddress": {"x:k": "2001:db8::/33"})", {"2001:db8:7fff::1"}, true},
    {R"("IpAddress": {"x:k": "2001:db8::/33"})", {"2001:db8:8000::1"}, false},
    {R"("IpAddress": {"x:k": "0.0.0.0/0"})", {"::1"}, false},
    {R"("NotIpAddress": {"x:k": "10.0.0.0/8"})", {"10.0.0.1"}, false},
    {R"("NotIpAddress": {"x:k": "10.0.0.0/8"})", {"11.0.0.1"}, true},
    {R"("ArnLike": {"x:k": "arn:aws:iam::*:role/a*"})", {"arn:aws:iam::1:role/ab/c"}, true},
    {R"("ArnLike": {"x:k": "arn:aws:iam:*:role/a"})", {"arn:aws:iam::1:role/a"}, false},  // no * over a colon
    {R"("ArnEquals": {"x:k": "arn:aws:iam::1:role/*"})", {"arn:aws:iam::1:role/a"}, true},
    {R"("ArnNotLike": {"x:k": "arn:aws:iam::1:role/*"})", {"arn:aws:iam::1:role/a"}, false},
    {R"("ArnNotEquals": {"x:k": "arn:aws:iam::1:role/*"})", {}, true},
    {R"("ForAllValues:StringEquals": {"x:k": ["a", "b"]})", {"a", "b"}, true},
    {R"("ForAllValues:StringEquals": {"x:k": ["a", "b"]})", {"a", "c"}, false},
    {R"("ForAllValues:StringEquals": {"x:k": ["a", "b"]})", {}, true},
    {R"("ForAnyValue:StringEquals": {"x:k": ["a", "b"]})", {"c", "b"}, true},
    {R"("ForAnyValue:StringEquals": {"x:k": ["a", "b"]})", {"c"}, false},
    {R"("ForAnyValue:StringEquals": {"x:k": ["a", "b"]})", {}, false},
    {R"("ForAllValues:StringNotEquals": {"x:k": "a"})", {"b", "a"}, false},
    {R"("ForAnyValue:StringNotEquals": {"x:k": "a"})", {"b", "a"}, true},
    {R"("ForAnyValue:StringLike": {"x:k": "spillway:*"})", {"Name", "spillway:node"}, true},
    {R"("StringEquals": {"x:k": "a", "x:other": "b"})", {"a"}, false},  // all keys must hold
    {R"("StringEquals": {"x:k": "a"}, "StringNotEquals": {"x:k": "a"})", {"a"}, false},
};

TEST(Conditions, HoldAsDocumented) {
  for (const auto& [condition, actual, holds] : kConditions) {
    Context context;
    for (const std::string& value : actual) context.emplace_back("x:k", value);
    const auto block = Json::parse(std::string("{") + condition + "}");
    ASSERT_TRUE(block) << condition;
    EXPECT_EQ(conditions_hold(*block, context, true, false), holds)
        << condition << ::testing::PrintToString(actual);
  }
}

TEST(Conditions, WhatIsNotUnderstoodIsNeverAnOpenDoor) {
  const auto unknown = Json::parse(R"({"BinaryEquals": {"x:k": "YQ=="}})");
  EXPECT_FALSE(conditions_hold(*unknown, {}, true, false));
  EXPECT_TRUE(conditions_hold(*unknown, {}, true, true));
}

struct VariableCase {
  const char *text, *value;
};
const VariableCase kVariables[] = {
    {"${aws:userid}/x", "AROA:i-1/x"},
    {"${AWS:UserId}", "AROA:i-1"},
    {"${*}${?}${$}", "*?$"},
    {"${aws:PrincipalTag/team, 'none'}", "none"},
    {"${aws:userid, 'none'}", "AROA:i-1"},
    {"${aws:PrincipalTag/team}", "\1"},
    {"plain ${", "plain ${"},
};

TEST(Variables, StandForWhatTheContextHas) {
  for (const auto& [text, value] : kVariables)
    EXPECT_EQ(with_variables(text, {{"aws:userid", "AROA:i-1"}}, false), value) << text;
  EXPECT_EQ(with_variables("${k}*", {{"k", "a*b?"}}, true), "a\\*b\\?*");
}

TEST(Variables, AreTextBeforeVersion2012) {
  const Question mine{"s3:GetObject", "arn:aws:s3:::b/me/k", {{"aws:userid", "me"}}};
  const char* statement =
      R"({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:userid}/*"}})";
  auto with = [&](const std::string& version) {
    return judge({{"p", *Json::parse("{" + version + "\"Statement\": " + statement)}}, mine).verdict;
  };
  EXPECT_EQ(with(R"("Version": "2012-10-17", )"), Verdict::allowed);
  EXPECT_EQ(with(R"("Version": "2008-10-17", )"), Verdict::implicit_deny);
  EXPECT_EQ(with(""), Verdict::implicit_deny);
}

struct ArnCase {
  const char *pattern, *arn;
  bool matches;
};
const ArnCase kArns[] = {
    {"*", "arn:aws:s3:::b/k", true},
    {"*", "*", true},
    {"arn:aws:s3:::*", "*", false},  // an action without resources is allowed on "*" alone
    {"arn:aws:s3:::b*", "arn:aws:s3:::bucket/k", true},
    {"arn:aws:s3:::b/*", "arn:aws:s3:::b", false},
    {"arn:aws:ec2:*:1:instance/*", "arn:aws:ec2:us-east-1:1:instance/i-1", true},
    {"arn:aws:ec2:*:instance/*", "arn:aws:ec2:us-east-1:1:instance/i-1", false},
    {"arn:*:ec2:*:*:*", "arn:aws:ec2:us-east-1:1:instance/i-1", true},
    {"arn:aws:logs:*:*:group:*", "arn:aws:logs:r:1:group:a:b", true},  // the last part may hold colons
};

TEST(Arns, MatchPartByPart) {
  for (const auto& [pattern, arn, matches] : kArns)
    EXPECT_EQ(matches_arn(pattern, arn), matches) << pattern << " " << arn;
}

struct GrammarCase {
  PolicyKind kind;
  const char *statement, *complaint;  // complaint: "" when it is well-formed
};
const GrammarCase kGrammar[] = {
    {PolicyKind::identity, R"({"Effect": "Allow", "Action": "*", "Resource": "*"})", ""},
    {PolicyKind::identity, R"([{"Sid": "A1", "Effect": "Deny", "NotAction": ["s3:*"], "NotResource": "*"}])",
     ""},
    {PolicyKind::identity, R"({"Effect": "Allow", "Action": "s3:*", "NotAction": "ec2:*", "Resource": "*"})",
     "both Action and NotAction"},
    {PolicyKind::identity, R"({"Effect": "Allow", "Action": "s3:*"})", "must contain resources"},
    {PolicyKind::identity, R"({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"})", "ARN format"},
    {PolicyKind::identity, R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})",
     "should not specify a principal"},
    {PolicyKind::identity,
     R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NullIfExists": {"a:b": "true"}}})",
     "Invalid Condition type"},
    {PolicyKind::identity, R"({"Effect": "Allow", "Action": "*", "Ressource": "*"})", "unknown element"},
    {PolicyKind::identity, "[]", "at least one statement"},
    {PolicyKind::trust,
     R"({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})", ""},
    {PolicyKind::trust, R"({"Effect": "Allow", "Principal": {"AWS": []}, "Action": "sts:AssumeRole"})",
     "Invalid principal"},
    {PolicyKind::trust, R"({"Effect": "Allow", "Action": "sts:AssumeRole"})", "must contain principals"},
    {PolicyKind::bucket,
     R"({"Sid": "tls only", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b"})",
     ""},
};

TEST(Grammar, RefusesWhatIamWouldNotStore) {
  for (const auto& [kind, statement, complaint] : kGrammar) {
    const auto read =
        read_policy(std::string(R"({"Version": "2012-10-17", "Statement": )") + statement + "}", kind);
    EXPECT_EQ(read.has_value(), std::string_view(complaint).empty()) << statement;
    EXPECT_THAT(read ? "" : read.error().message, ::testing::HasSubstr(complaint));
  }
}

TEST(Judgement, TellsWhichPoliciesDecided) {
  auto policy = [](const char* name, const char* effect) {
    return Policy{
        name, Json::object({{"Statement",
                             Json::object({{"Effect", effect}, {"Action", "s3:*"}, {"Resource", "*"}})}})};
  };
  const Question question{"s3:GetObject", "arn:aws:s3:::b/k", {}};
  EXPECT_EQ(judge({}, question).verdict, Verdict::implicit_deny);
  EXPECT_THAT(judge({policy("a", "Allow"), policy("b", "Allow")}, question).matched,
              ::testing::ElementsAre("a", "b"));
  const Judgement denied = judge({policy("a", "Allow"), policy("b", "Deny")}, question);
  EXPECT_EQ(denied.verdict, Verdict::explicit_deny);
  EXPECT_THAT(denied.matched, ::testing::ElementsAre("b"));
}

}  // namespace
}  // namespace spillway::emu
