#include "cost/usd.h"

#include <gtest/gtest.h>

#include "cost/prices.h"

namespace spillway::cost {
namespace {

TEST(Usd, ReadsAndWritesWithoutLoss) {
  const struct {
    std::string_view text, written, cents;
  } kCases[] = {{"0.0104", "0.0104", "0.01"},     {"3.4", "3.40", "3.40"},    {"38", "38.00", "38.00"},
                {"0.000001", "0.000001", "0.00"}, {"7.592", "7.592", "7.59"}, {"0.005", "0.005", "0.01"}};
  for (const auto& c : kCases) {
    const auto read = parse_usd(c.text);
    ASSERT_TRUE(read) << c.text;
    EXPECT_EQ(to_string(*read), c.written);
    EXPECT_EQ(to_cents(*read), c.cents);
  }
  EXPECT_EQ(to_string(Usd{-1'500'000}), "-1.50");
}

TEST(Usd, RefusesWhatIsNoAmount) {
  for (std::string_view text : {"", ".", "1.", ".5", "1.0000001", "-1", "1e3", "1,0", "0x1", "9999999999999"})
    EXPECT_FALSE(parse_usd(text)) << text;
}

TEST(Prices, TheShippedListIsReadAndDated) {
  const Prices prices = Prices::shipped("us-east-1");
  EXPECT_EQ(prices.region(), "us-east-1");
  EXPECT_EQ(prices.date().size(), 10u);
  EXPECT_EQ(*prices.instance_hour("c5.xlarge"), Usd{170'000});
  EXPECT_FALSE(prices.instance_hour("c5.imaginary"));
  EXPECT_EQ(prices.public_address_hour(), Usd{5'000});
}

}  // namespace
}  // namespace spillway::cost
