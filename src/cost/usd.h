#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace spillway::cost {

/// Money: integer micro-dollars, so that sums are exact.
struct Usd {
  int64_t micros = 0;
  auto operator<=>(const Usd&) const = default;
  Usd operator+(Usd other) const { return {micros + other.micros}; }
  Usd& operator+=(Usd other) { return micros += other.micros, *this; }
  Usd operator*(int64_t times) const { return {micros * times}; }
};

/// Reads a decimal number of dollars with at most six decimals: "0.0104". Errors: invalid.
Result<Usd> parse_usd(std::string_view text);
/// "38.10": at least two decimals, more where they are not zero.
std::string to_string(Usd amount);
/// Rounded half up to cents: "38.10".
std::string to_cents(Usd amount);

}  // namespace spillway::cost
