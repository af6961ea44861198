#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "base/time.h"
#include "emu/ec2.h"
#include "emu/policy.h"

// Condition operators. A name is made of a quantifier (ForAllValues:, ForAnyValue:), a test, and IfExists.
// The values of one test are alternatives; of a negated test, none of them may fit.
namespace spillway::emu {
namespace {

/// Whether `actual` fits `wanted`; nothing where one of them cannot be read.
using Fits = bool (*)(const std::string& wanted, const std::string& actual);

struct Test {
  std::string_view name;
  Fits fits;
  bool negated = false;
  bool pattern = false;  // a * in a value is a wildcard, so that what a variable holds is quoted
};

bool same(const std::string& wanted, const std::string& actual) {
  return wanted == actual;
}
bool same_ignoring_case(const std::string& wanted, const std::string& actual) {
  return equal_ignoring_case(wanted, actual);
}
bool alike(const std::string& wanted, const std::string& actual) {
  return matches_wildcard(wanted, actual);
}
bool same_arn(const std::string& wanted, const std::string& actual) {
  return matches_arn(wanted, actual);
}

template <class Compare>
bool numbers(const std::string& wanted, const std::string& actual) {
  char *wanted_end = nullptr, *actual_end = nullptr;
  const double w = std::strtod(wanted.c_str(), &wanted_end), a = std::strtod(actual.c_str(), &actual_end);
  const bool read = !wanted.empty() && !actual.empty() && *wanted_end == '\0' && *actual_end == '\0';
  return read && Compare{}(a, w);
}

/// A date, a moment, or seconds since 1970.
std::optional<Time> moment(const std::string& text) {
  if (auto seconds = parse_int(text)) return Time{std::chrono::seconds{*seconds}};
  auto time = parse_iso8601(text.size() == 10 ? text + "T00:00:00Z" : text);
  return time ? std::optional(*time) : std::nullopt;
}

template <class Compare>
bool moments(const std::string& wanted, const std::string& actual) {
  const auto w = moment(wanted), a = moment(actual);
  return w && a && Compare{}(*a, *w);
}

struct Bits {  // an address of either family
  unsigned char bytes[16];
  int count = 0;  // of bits; 0: no address
};

Bits bits_of(const std::string& text) {
  Bits bits{};
  if (inet_pton(AF_INET, text.c_str(), bits.bytes) == 1)
    bits.count = 32;
  else if (inet_pton(AF_INET6, text.c_str(), bits.bytes) == 1)
    bits.count = 128;
  return bits;
}

bool in_network(const std::string& wanted, const std::string& actual) {
  const size_t slash = wanted.find('/');
  const Bits network = bits_of(wanted.substr(0, slash)), address = bits_of(actual);
  const int64_t length =
      slash == std::string::npos ? network.count : parse_int(wanted.substr(slash + 1)).value_or(-1);
  if (network.count == 0 || network.count != address.count || length < 0 || length > network.count)
    return false;
  for (int64_t bit = 0; bit < length; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((network.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

constexpr Test kTests[] = {
    {"StringEquals", same},
    {"StringNotEquals", same, true},
    {"StringEqualsIgnoreCase", same_ignoring_case},
    {"StringNotEqualsIgnoreCase", same_ignoring_case, true},
    {"StringLike", alike, false, true},
    {"StringNotLike", alike, true, true},
    {"Bool", same_ignoring_case},
    {"ArnEquals", same_arn, false, true},
    {"ArnLike", same_arn, false, true},
    {"ArnNotEquals", same_arn, true, true},
    {"ArnNotLike", same_arn, true, true},
    {"NumericEquals", numbers<std::equal_to<>>},
    {"NumericNotEquals", numbers<std::equal_to<>>, true},
    {"NumericLessThan", numbers<std::less<>>},
    {"NumericLessThanEquals", numbers<std::less_equal<>>},
    {"NumericGreaterThan", numbers<std::greater<>>},
    {"NumericGreaterThanEquals", numbers<std::greater_equal<>>},
    {"DateEquals", moments<std::equal_to<>>},
    {"DateNotEquals", moments<std::equal_to<>>, true},
    {"DateLessThan", moments<std::less<>>},
    {"DateLessThanEquals", moments<std::less_equal<>>},
    {"DateGreaterThan", moments<std::greater<>>},
    {"DateGreaterThanEquals", moments<std::greater_equal<>>},
    {"IpAddress", in_network},
    {"NotIpAddress", in_network, true},
};

enum class Quantifier { none, all, any };

struct Operator {
  Quantifier quantifier = Quantifier::none;
  std::string_view test;
  bool if_exists = false;
};

Operator operator_of(std::string_view name) {
  constexpr std::string_view kAll = "ForAllValues:", kAny = "ForAnyValue:", kIfExists = "IfExists";
  Operator out;
  if (name.starts_with(kAll)) out.quantifier = Quantifier::all, name.remove_prefix(kAll.size());
  if (name.starts_with(kAny)) out.quantifier = Quantifier::any, name.remove_prefix(kAny.size());
  out.if_exists = name.ends_with(kIfExists);
  if (out.if_exists) name.remove_suffix(kIfExists.size());
  out.test = name;
  return out;
}

const Test* find_test(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kTests), std::end(kTests), [&](const Test& test) { return test.name == name; });
  return found == std::end(kTests) ? nullptr : found;
}

std::vector<std::string> values_in(const Context& context, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& [name, value] : context)
    if (equal_ignoring_case(name, key)) values.push_back(value);
  return values;
}

bool test_holds(const Operator& op, const Test& test, const std::vector<std::string>& wanted,
                const std::vector<std::string>& actual) {
  // A key that is absent fails a test and passes a negated one; "for all" of nothing holds, "for any" not.
  if (actual.empty())
    return op.if_exists || op.quantifier == Quantifier::all ||
           (test.negated && op.quantifier == Quantifier::none);
  auto fits_one = [&](const std::string& value) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& w) { return test.fits(w, value); });
  };
  auto passes = [&](const std::string& value) { return fits_one(value) != test.negated; };
  if (op.quantifier == Quantifier::all) return std::all_of(actual.begin(), actual.end(), passes);
  if (op.quantifier == Quantifier::any) return std::any_of(actual.begin(), actual.end(), passes);
  // Several values without a quantifier: AWS leaves this open; here one of them is enough to fit.
  return std::any_of(actual.begin(), actual.end(), fits_one) != test.negated;
}

bool condition_holds(std::string_view name, const std::string& key, const Json& values,
                     const Context& context, bool variables, bool unknown) {
  const Operator op = operator_of(name);
  std::vector<std::string> wanted = policy_strings(values);
  const std::vector<std::string> actual = values_in(context, key);
  if (op.test == "Null")
    return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& absent) {
      return equal_ignoring_case(absent, actual.empty() ? "true" : "false");
    });
  const Test* test = find_test(op.test);
  if (!test) return unknown;
  if (variables)
    for (std::string& text : wanted) text = with_variables(text, context, test->pattern);
  return test_holds(op, *test, wanted, actual);
}

}  // namespace

bool is_condition_operator(std::string_view name) {
  const Operator op = operator_of(name);
  if (op.test == "Null") return !op.if_exists;
  return op.test == "BinaryEquals" || find_test(op.test) != nullptr;
}

bool conditions_hold(const Json& conditions, const Context& context, bool variables, bool unknown) {
  for (const auto& [name, keys] : conditions.members())
    for (const auto& [key, values] : keys.members())
      if (!condition_holds(name, key, values, context, variables, unknown)) return false;
  return true;
}

}  // namespace spillway::emu
