#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"

namespace spillway {

using Duration = std::chrono::microseconds;
/// Wall-clock time, UTC.
using Time = std::chrono::sys_time<Duration>;

/// "2026-11-22T21:54:03.120Z"; milliseconds, UTC.
std::string to_iso8601(Time time);
/// "2026-11-22T21:54:03Z", as AWS and users write it.
std::string to_iso8601_seconds(Time time);
/// Reads what the two above write, any number of decimals, Z or +hh:mm. Errors: invalid.
Result<Time> parse_iso8601(std::string_view text);

/// Where the time comes from; tests and the simulator move it by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual void sleep_for(Duration duration) = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
  void sleep_for(Duration duration) override;
};

/// Stands still until advanced; sleeping advances it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{std::chrono::seconds{1'700'000'000}}) : now_(start) {}
  Time now() const override { return now_; }
  void sleep_for(Duration duration) override { now_ += duration; }
  void advance(Duration duration) { now_ += duration; }

 private:
  Time now_;
};

/// The moment when an operation must have given up, on the steady clock.
class Deadline {
 public:
  static Deadline after(Duration duration) { return Deadline{std::chrono::steady_clock::now() + duration}; }
  static Deadline never() { return Deadline{std::chrono::steady_clock::time_point::max()}; }
  /// What is left, never negative.
  std::chrono::milliseconds remaining() const;
  bool expired() const { return remaining().count() == 0; }
  /// The earlier of this deadline and `duration` from now.
  Deadline sooner(Duration duration) const;

 private:
  explicit Deadline(std::chrono::steady_clock::time_point at) : at_(at) {}
  std::chrono::steady_clock::time_point at_;
};

}  // namespace spillway
