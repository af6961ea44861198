#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "fleet/step.h"

// What the process does that touches the outside, and what may happen to it: rows and columns of the table
// that a run has to fill. Every step is a row by itself, new ones too.
namespace spillway::sim {

/// What may happen to one effect.
enum class Fault : uint8_t {
  fail_before,   // an error, and nothing was done
  fail_after,    // it was done, and an error is all that is heard of it
  late,          // the world goes on for a while before it is done
  repeated,      // it is done twice; of a question: the answer is an old one
  crash_before,  // the process ends before it
  crash_after,   // the process ends after it
};
inline constexpr size_t kFaults = 6;
std::string_view to_string(Fault fault);

/// A row: the steps in their order, then what the reconciler does besides.
using Action = size_t;
inline constexpr size_t kSteps = std::variant_size_v<fleet::Step>;
inline constexpr Action kLookAtEc2 = kSteps, kLookAtSlurm = kSteps + 1, kLookAtNames = kSteps + 2,
                        kTakeWishes = kSteps + 3, kRecover = kSteps + 4, kWriteWish = kSteps + 5;
inline constexpr size_t kActions = kSteps + 6;
std::string_view name_of(Action action);
inline Action action_of(const fleet::Step& step) {
  return step.index();
}

/// Ends the process: what it held in memory is gone, what was done stays.
struct Crash {};

/// One planned fault: what happens to the `effect`-th effect of the `nth` time that the action is done.
struct PlannedFault {
  Action action = 0;
  int nth = 0, effect = 0;
  Fault fault = Fault::fail_before;
  uint32_t chance = 0;  // decides how it fails and how late it is
  bool operator==(const PlannedFault&) const = default;
};
std::string to_string(const PlannedFault& planned);

/// How often each fault met each action.
using Table = std::array<std::array<uint64_t, kFaults>, kActions>;

/// A number that depends on these alone, so that leaving one thing out of a schedule leaves the others as
/// they are.
uint64_t mix(uint64_t a, uint64_t b);
inline uint64_t mix(uint64_t a, uint64_t b, uint64_t c) {
  return mix(mix(a, b), c);
}

}  // namespace spillway::sim
