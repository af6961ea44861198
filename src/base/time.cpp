#include "base/time.h"

#include <algorithm>
#include <ctime>
#include <thread>

namespace spillway {
namespace {

std::tm utc_fields(Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return fields;
}

std::string date_and_time(Time time) {
  const std::tm f = utc_fields(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", f.tm_year + 1900, f.tm_mon + 1, f.tm_mday,
                     f.tm_hour, f.tm_min, f.tm_sec);
}

/// Reads `digits` decimal digits at the front of `text` and drops them; -1 when they are not there.
int take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_iso8601(Time time) {
  const auto within = time - std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{}.{:03}Z", date_and_time(time),
                     std::chrono::duration_cast<std::chrono::milliseconds>(within).count());
}

std::string to_iso8601_seconds(Time time) {
  return date_and_time(time) + "Z";
}

Result<Time> parse_iso8601(std::string_view text) {
  const Error bad{Kind::invalid, fmt::format("'{}' is not a time such as 2026-11-22T21:54:03Z", text)};
  std::string_view rest = text;
  const int year = take_number(rest, 4);
  if (!take(rest, '-')) return bad;
  const int month = take_number(rest, 2);
  if (!take(rest, '-')) return bad;
  const int day = take_number(rest, 2);
  if (!take(rest, 'T')) return bad;
  const int hour = take_number(rest, 2);
  if (!take(rest, ':')) return bad;
  const int minute = take_number(rest, 2);
  if (!take(rest, ':')) return bad;
  const int second = take_number(rest, 2);
  if (year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return bad;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return bad;

  int64_t micros = 0;
  if (take(rest, '.')) {
    int64_t unit = 100'000;
    bool any = false;
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), unit /= 10) {
      micros += (rest.front() - '0') * unit;
      any = true;
    }
    if (!any) return bad;
  }
  int offset_minutes = 0;
  if (!take(rest, 'Z')) {
    const int sign = take(rest, '+') ? 1 : take(rest, '-') ? -1 : 0;
    if (sign == 0) return bad;
    const int hours = take_number(rest, 2);
    take(rest, ':');
    const int minutes = take_number(rest, 2);
    if (hours < 0 || minutes < 0) return bad;
    offset_minutes = sign * (hours * 60 + minutes);
  }
  if (!rest.empty()) return bad;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
         std::chrono::minutes{minute - offset_minutes} + std::chrono::seconds{second} + Duration{micros};
}

Time SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}
void SystemClock::sleep_for(Duration duration) {
  std::this_thread::sleep_for(duration);
}

std::chrono::milliseconds Deadline::remaining() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds{0});
}

Deadline Deadline::sooner(Duration duration) const {
  return Deadline{std::min(at_, std::chrono::steady_clock::now() + duration)};
}

}  // namespace spillway
