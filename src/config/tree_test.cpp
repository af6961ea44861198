#include "config/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::config {
namespace {

using testing::HasSubstr;

TEST(Yaml, KeepsTextAndPlace) {
  const auto tree = parse_yaml("a: no\nb:\n  - 12:00:00\n  - \"7\"\nc: {d: ~}\n", "f");
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->find("a")->text, "no");
  const Tree& list = *tree->find("b");
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].text, "12:00:00");
  EXPECT_EQ(list.items[0].mark.line, 3);
  EXPECT_EQ(list.items[0].mark.column, 5);
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(tree->members[2].value.mark.line, 5);
  EXPECT_EQ(tree->find("c")->find("d")->shape, Tree::Shape::nothing);
  EXPECT_EQ(tree->to_json().dump(), R"({"a": "no", "b": ["12:00:00", "7"], "c": {"d": null}})");
}

TEST(Yaml, NumbersAndTruthBecomeSuchInJson) {
  EXPECT_EQ(parse_yaml("[1, -2, 1.5, true, 007, 1x, -, .5]", "f")->to_json().dump(),
            R"([1, -2, 1.5, true, "007", "1x", "-", ".5"])");
}

struct BadCase {
  const char* yaml;
  const char* code;
  const char* says;
};
const BadCase kBad[] = {
    {"a: 1\nb: 2\na: 3\n", "SPW-CONFIG-001", "f:3:1: the key 'a' is there twice"},
    {"x: {a: 1, a: 2}\n", "SPW-CONFIG-001", "f:1:11"},
    {"a: &x 1\nb: 2\n", "SPW-CONFIG-001", "anchors"},
    {"a: &x {b: 1}\nc: *x\n", "SPW-CONFIG-001", "anchors"},
    {"a: *x\n", "SPW-CONFIG-001", "f:1:"},
    {"a: !!str 1\n", "SPW-CONFIG-001", "tags"},
    {"? [a]\n: b\n", "SPW-CONFIG-001", "a key must be plain text"},
    {"a: [1, 2\nb: 3\n", "SPW-CONFIG-001", "f:"},
    {"a: 1\n---\nb: 2\n", "SPW-CONFIG-001", "a second document"},
    {"a: \"open\n", "SPW-CONFIG-001", "f:"},
    {"\ta: 1\n", "SPW-CONFIG-001", "f:"},
};

TEST(Yaml, RefusesWhatReadersDisagreeOn) {
  for (const auto& [yaml, code, says] : kBad) {
    const auto tree = parse_yaml(yaml, "f");
    ASSERT_FALSE(tree) << yaml;
    EXPECT_EQ(tree.error().kind, Kind::invalid) << yaml;
    EXPECT_EQ(tree.error().code, code) << yaml << tree.error().what;
    EXPECT_THAT(tree.error().what, HasSubstr(says)) << yaml;
  }
}

TEST(Yaml, IsBounded) {
  EXPECT_THAT(parse_yaml(std::string(100, '['), "f").error().what, HasSubstr("levels"));
  EXPECT_THAT(parse_yaml(std::string((1 << 20) + 1, 'a'), "f").error().what, HasSubstr("larger than"));
  EXPECT_THAT(parse_yaml(std::string_view("a: \0b", 5), "f").error().what, HasSubstr("NUL"));
  EXPECT_EQ(parse_yaml("", "f")->shape, Tree::Shape::nothing);
}

}  // namespace
}  // namespace spillway::config
