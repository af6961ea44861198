#include "dns/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/update.h"

namespace spillway::dns {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

/// An answer with a name at 12 ("www.Example.com") and whatever follows it.
std::string answer_with(std::string rest) {
  return "\x00\x07\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x07"s + "Example\x03"s + "com\0"s +
         "\0\x01\0\x01"s + rest;
}

TEST(Message, UnderstandsCompressedNamesInLowerCase) {
  // PTR: its owner points to "Example.com", its data is "c5" and a pointer to the same.
  const auto message =
      parse(answer_with("\xc0\x10\0\x0c\0\x01\0\0\0\x3c\0\x05\x02"s + "c5\xc0\x10"s)).value();
  EXPECT_EQ(message.id, 7);
  EXPECT_TRUE(message.authoritative);
  EXPECT_EQ(message.questions.at(0).name, "www.example.com");
  ASSERT_EQ(message.answers.size(), 1u);
  EXPECT_EQ(message.answers[0].name, "example.com");
  EXPECT_EQ(message.answers[0].ttl, 60u);
  EXPECT_EQ(read_name(message.answers[0].data).value(), "c5.example.com");
}

struct BadCase {
  const char* name;
  std::string bytes;
};
const BadCase kBad[] = {
    {"Empty", ""},
    {"HeaderCut", "\0\1\0\0\0"s},
    {"NoRecord", answer_with("")},
    {"PointsForwards", answer_with("\xc0\x30\0\1\0\1\0\0\0\0\0\0"s)},
    {"PointsAtItself", answer_with("\xc0\x21\0\1\0\1\0\0\0\0\0\0"s)},
    {"DataCut", answer_with("\xc0\x0c\0\1\0\1\0\0\0\0\0\x04\1\2\3"s)},
    {"DataTooLongForItsName", answer_with("\xc0\x0c\0\x0c\0\1\0\0\0\0\0\x04\xc0\x0c\0\0"s)},
    {"NameRunsOutOfItsData", answer_with("\xc0\x0c\0\x0c\0\1\0\0\0\0\0\x02\x05" + "a"s)},
    {"UnknownLabel", answer_with("\x80\0\1\0\1\0\0\0\0\0\0"s)},
    {"BytesAfterItsEnd", answer_with("\xc0\x0c\0\1\0\1\0\0\0\0\0\0!"s)},
};
class BadMessage : public testing::TestWithParam<BadCase> {};
TEST_P(BadMessage, IsRefused) {
  const auto message = parse(GetParam().bytes);
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, "SPW-DNS-001");
}
INSTANTIATE_TEST_SUITE_P(Message, BadMessage, testing::ValuesIn(kBad),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Message, ANameOf255BytesIsTheLongest) {
  std::string name;
  for (int i = 0; i < 3; ++i) name += std::string(63, 'a') + ".";
  EXPECT_TRUE(name_data(name + std::string(61, 'b')));
  EXPECT_FALSE(name_data(name + std::string(62, 'b')));
  EXPECT_FALSE(name_data(std::string(64, 'a')));
  EXPECT_FALSE(name_data("a..b"));
  EXPECT_EQ(canonical("Example.COM.").value(), "example.com");
}

TEST(Message, StrangeBytesOfALabelComeBackAsTheyWere) {
  const std::string wire =
      "\x04"
      "a.\\\x01"
      "\x01*\0"s;
  const std::string text = read_name(wire).value();
  EXPECT_EQ(text, "a\\046\\092\\001.*");
  EXPECT_EQ(name_data(text).value(), wire);
}

TEST(Message, WritesWhatItReads) {
  Message message{.id = 9, .opcode = Opcode::update, .is_answer = true, .rcode = Rcode::yxrrset};
  message.questions = {{"example.com", Type::soa}};
  message.authorities = {{"a.example.com", Type::a, Class::in, 60, *address_data(IpAddress{"10.0.0.1"})}};
  const Message again = parse(*write(message)).value();
  EXPECT_EQ(again.rcode, Rcode::yxrrset);
  EXPECT_EQ(again.opcode, Opcode::update);
  EXPECT_EQ(again.questions, message.questions);
  EXPECT_EQ(again.authorities, message.authorities);
}

TEST(Update, SaysWhatMustHoldAndWhatChanges) {
  Update update = *Update::of("Example.com");
  ASSERT_TRUE(update.require_unused("a.example.com"));
  ASSERT_TRUE(update.add("a.example.com", Type::a, 60, *address_data(IpAddress{"10.0.0.1"})));
  ASSERT_TRUE(update.remove_all("b.example.com", Type::txt));
  ASSERT_TRUE(update.remove("b.example.com", Type::txt, *text_data("x")));
  const Message message = parse(update.bytes()).value();
  EXPECT_EQ(message.opcode, Opcode::update);
  EXPECT_EQ(message.questions, (std::vector<Question>{{"example.com", Type::soa}}));
  EXPECT_EQ(message.answers, (std::vector<Record>{{"a.example.com", Type::any, Class::none, 0, ""}}));
  ASSERT_EQ(message.authorities.size(), 3u);
  EXPECT_EQ(message.authorities[1].cls, Class::any);
  EXPECT_EQ(message.authorities[2].cls, Class::none);
  EXPECT_THAT(update.add("a.example.org", Type::a, 60, "").error().what, HasSubstr("does not lie in"));
}

TEST(Data, AddressesGoBothWays) {
  for (const char* address : {"172.31.0.4", "fd00::a1"})
    EXPECT_EQ(read_address(*address_data(IpAddress{address})).value().value, address);
  EXPECT_EQ(address_data(IpAddress{"172.31.0"}).error().code, "SPW-DNS-003");
  EXPECT_EQ(address_data(IpAddress{"node-1"}).error().code, "SPW-DNS-003");
  EXPECT_FALSE(
      read_text("\x05"
                "ab"));
  EXPECT_EQ(read_text("\x02"
                      "ab\x01"
                      "c")
                .value(),
            "abc");
}

}  // namespace
}  // namespace spillway::dns
