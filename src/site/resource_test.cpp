#include "site/resource.h"

#include <gmock/gmock.h>

#include "site/diff.h"

namespace spillway::site {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Json json(std::string_view text) {
  auto parsed = Json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Json();
}

Resource wanted(std::string key, std::string_view properties, std::string type = "AWS::EC2::Subnet") {
  return {std::move(key), std::move(type), json(properties)};
}

TEST(Resource, ReferencesBecomeIdsAndAttributesOfWhatIsThere) {
  Actuals actuals;
  actuals["Vpc"] = {"Vpc", "AWS::EC2::VPC", "vpc-1", Json::object(), json(R"({"CidrBlock": "10.0.0.0/16"})")};
  const Json properties = json(R"({"A": {"Ref": "Vpc"}, "B": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}],
                                   "C": {"Fn::Join": ["", ["x", {"Ref": "Vpc"}, "y"]]}, "D": {"Ref": "Absent"}})");
  const Json got = resolved(properties, actuals);
  EXPECT_EQ(got["A"].as_string(), "vpc-1");
  EXPECT_EQ(got["B"].at(0).as_string(), "10.0.0.0/16");
  EXPECT_EQ(got["C"].as_string(), "xvpc-1y");
  EXPECT_TRUE(has_references(got["D"]));
  EXPECT_FALSE(has_references(got["C"]));
}

TEST(Resource, EachComesAfterWhatItNeeds) {
  Resource last = wanted("C", R"({"X": {"Ref": "B"}})");
  last.after = {"A"};
  const auto ordered = in_order({last, wanted("B", R"({"X": [{"Ref": "A"}]})"), wanted("A", "{}")});
  ASSERT_TRUE(ordered);
  std::vector<std::string> keys;
  for (const Resource& resource : *ordered) keys.push_back(resource.key);
  EXPECT_THAT(keys, ElementsAre("A", "B", "C"));
  EXPECT_FALSE(in_order({wanted("A", R"({"X": {"Ref": "B"}})"), wanted("B", R"({"X": {"Ref": "A"}})")}));
  EXPECT_FALSE(in_order({wanted("A", R"({"X": {"Ref": "Nothing"}})")}));
}

TEST(Resource, CoversWhatAwsAnswersWithMoreThanItWasTold) {
  const struct {
    std::string_view actual, wanted;
    bool covers;
  } kCases[] = {{R"({"a": 1, "b": 2})", R"({"a": 1})", true},
                {R"({"a": "1"})", R"({"a": 1})", true},
                {R"({"a": "true"})", R"({"a": true})", true},
                {R"({"a": false})", R"({"a": true})", false},
                {R"({})", R"({"a": true})", false},
                {R"(["x", "y"])", R"(["y", "x"])", true},
                {R"(["x", "y"])", R"(["x"])", false},
                {R"(["x", "x"])", R"(["x", "y"])", false},
                {R"([{"a": 1, "z": 0}, {"a": 2}])", R"([{"a": 2}, {"a": 1}])", true},
                {R"({"a": {}})", R"({"a": "x"})", false},
                {R"({"a": []})", R"({"a": {}})", false}};
  for (const auto& c : kCases)
    EXPECT_EQ(covers(json(c.actual), json(c.wanted)), c.covers) << c.actual << c.wanted;
}

PropertyRules fixed(std::string_view) {
  return {{"Fixed", "Parent"}, {"Unread"}};
}

std::vector<std::string> words(const Difference& difference) {
  std::vector<std::string> out;
  for (const Change& change : difference.changes)
    out.push_back(fmt::format("{} {}", to_string(change.action), change.key));
  return out;
}

TEST(Difference, IsNothingWhenAllIsAsWanted) {
  Actuals actuals;
  actuals["A"] = {"A", "T", "id-a", json(R"({"P": 1, "More": 2})")};
  EXPECT_TRUE(difference({wanted("A", R"({"P": 1, "Unread": "x"})")}, actuals, fixed).empty());
}

TEST(Difference, CreatesUpdatesReplacesAndDestroysLast) {
  Actuals actuals;
  actuals["Old"] = {"Old", "AWS::EC2::VPC", "id-old"};
  actuals["Older"] = {"Older", "AWS::EC2::Subnet", "id-older"};
  actuals["A"] = {"A", "T", "id-a", json(R"({"Fixed": 1})")};
  actuals["B"] = {"B", "T", "id-b", json(R"({"Parent": "id-a", "P": 1})")};
  actuals["C"] = {"C", "T", "id-c", json(R"({"P": "id-b"})")};
  const Resources all = {wanted("A", R"({"Fixed": 2})"), wanted("B", R"({"Parent": {"Ref": "A"}, "P": 1})"),
                         wanted("C", R"({"P": {"Ref": "B"}})"), wanted("N", "{}")};
  EXPECT_THAT(words(difference(all, actuals, fixed)),
              ElementsAre("replace A", "replace B", "update C", "create N", "destroy Older", "destroy Old"));
}

TEST(Difference, LeavesAloneWhatIsSomebodyElses) {
  Actuals actuals;
  actuals["Vpc"] = {"Vpc", "AWS::EC2::VPC", "vpc-theirs"};
  actuals["SpotServiceRole"] = {"SpotServiceRole", "AWS::IAM::ServiceLinkedRole", "r"};
  Resource theirs = wanted("Vpc", R"({"CidrBlock": "10.0.0.0/16"})", "AWS::EC2::VPC");
  theirs.existing = "vpc-theirs";
  EXPECT_TRUE(difference({theirs}, actuals, fixed).empty());
}

}  // namespace
}  // namespace spillway::site
