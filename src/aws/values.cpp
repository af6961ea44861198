#include "aws/values.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/crypto.h"
#include "base/text.h"
#include "base/time.h"

namespace spillway::aws {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::seconds;

Error mismatch(std::string_view wanted, const Json& found) {
  return Error{Kind::invalid, fmt::format("want {}, found {}", wanted, found.type_name())};
}

// 2100 and 1900 are the bounds that AWS's own dates keep; beyond them microseconds would overflow.
Result<Time> time_from_seconds(double value) {
  if (!(std::abs(value) < 1e11)) return Error{Kind::invalid, fmt::format("{} is no time", value)};
  return Time{microseconds{std::llround(value * 1e6)}};
}

Result<Time> time_from(const Json& value) {
  if (value.is_number()) return time_from_seconds(value.as_double());
  if (!value.is_string()) return mismatch("a time", value);
  const Json number = TRY(timestamp_from_text(value.as_string()));
  return time_from_seconds(number.as_double());
}

Json seconds_of(Time time) {
  const int64_t micros = time.time_since_epoch().count();
  if (micros % 1'000'000 == 0) return micros / 1'000'000;
  return static_cast<double>(micros) / 1e6;
}

std::string in_format(Time time, TimestampFormat format) {
  const bool whole = time.time_since_epoch().count() % 1'000'000 == 0;
  switch (format) {
    case TimestampFormat::rfc822: {
      const std::time_t at = duration_cast<seconds>(time.time_since_epoch()).count();
      return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(at));
    }
    case TimestampFormat::unix_timestamp:
      return seconds_of(time).dump();
    default:
      return whole ? to_iso8601_seconds(time) : to_iso8601(time);
  }
}

// "Tue, 29 Apr 2014 18:30:38 GMT"; the day's name is not looked at.
Result<Json> rfc822(std::string_view text) {
  int day = 0, year = 0, hour = 0, minute = 0;
  double second = 0;
  char month[4] = "";
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%lf GMT", &day, month, &year, &hour, &minute,
                  &second) != 6)
    return Error{Kind::invalid, fmt::format("'{}' is not a time", text)};
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t index = kMonths.find(month);
  const auto date = std::chrono::year{year} / static_cast<int>(index / 3 + 1) / day;
  if (index == std::string_view::npos || index % 3 || !date.ok() || hour > 24 || minute > 60 || second > 61)
    return Error{Kind::invalid, fmt::format("'{}' is not a time", text)};
  const Time midnight = std::chrono::sys_days{date};
  return seconds_of(midnight + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                    microseconds{std::llround(second * 1e6)});
}

std::string number_text(const Json& value) {
  const double number = value.as_double();
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return value.is_int() ? std::to_string(value.as_int()) : fmt::format("{}", number);
}

Result<Json> number_from(std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return Json(text);
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || text.empty())
    return Error{Kind::invalid, fmt::format("'{}' is not a number", text)};
  return Json(number);
}

}  // namespace

Result<Json> timestamp_from_text(std::string_view text) {
  text = trim(text);
  if (const auto number = number_from(text); number && number->is_number()) {
    const Time time = TRY(time_from_seconds(number->as_double()));
    return seconds_of(time);
  }
  if (text.size() > 3 && text[3] == ',') return rfc822(text);
  return seconds_of(TRY(parse_iso8601(text)));
}

Result<Json> timestamp_json(const Ref& ref, const Json& value, TimestampFormat usual) {
  const TimestampFormat format = ref.timestamp == TimestampFormat::unset ? usual : ref.timestamp;
  const Time time = TRY(time_from(value));
  if (format == TimestampFormat::unix_timestamp) return seconds_of(time);
  return Json(in_format(time, format));
}

Result<std::string> scalar_text(const Ref& ref, const Json& value, TimestampFormat usual) {
  switch (ref.shape->type) {
    case Type::boolean:
      if (!value.is_bool()) return mismatch("a boolean", value);
      return std::string(value.as_bool() ? "true" : "false");
    case Type::integer:
      if (!value.is_int()) return mismatch("an integer", value);
      return std::to_string(value.as_int());
    case Type::number:
      if (value.is_string()) return TRY(number_from(value.as_string())).as_string();  // NaN, Infinity
      if (!value.is_number()) return mismatch("a number", value);
      return number_text(value);
    case Type::timestamp: {
      const Time time = TRY(time_from(value));
      return in_format(time, ref.timestamp == TimestampFormat::unset ? usual : ref.timestamp);
    }
    case Type::blob:
      if (!value.is_string()) return mismatch("bytes", value);
      return to_base64(value.as_string());
    case Type::string:
      if (ref.json_value) return to_base64(value.is_string() ? value.as_string() : value.dump());
      if (!value.is_string()) return mismatch("text", value);
      return value.as_string();
    default:
      return mismatch("a scalar", value);
  }
}

Result<Json> scalar_from_text(const Ref& ref, std::string_view text) {
  switch (ref.shape->type) {
    case Type::boolean:
      if (text != "true" && text != "false")
        return Error{Kind::invalid, fmt::format("'{}' is not a boolean", text)};
      return Json(text == "true");
    case Type::integer: {
      const auto number = parse_int(trim(text));
      if (!number) return Error{Kind::invalid, fmt::format("'{}' is not an integer", text)};
      return Json(*number);
    }
    case Type::number:
      return number_from(trim(text));
    case Type::timestamp:
      return timestamp_from_text(text);
    case Type::blob:
      return Json(TRY(from_base64(trim(text))));
    default:
      return Json(text);
  }
}

}  // namespace spillway::aws
