#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "sim/action.h"

namespace spillway::sim {

/// Decides what happens to each effect, by the plan of the schedule, and counts. Everything of the process
/// that touches the outside goes through perform().
class Effects {
 public:
  struct Hooks {
    std::function<void(Duration)> wait;                                  // the world goes on
    std::function<void(Action, int effect, std::optional<Fault>)> seen;  // an effect is about to happen
    std::function<void()> check;                                         // one has happened
  };
  void start(std::vector<PlannedFault> planned, Hooks hooks);

  /// Everything until end() belongs to this action. `repeat` says that a planned `repeated` means the whole
  /// of it.
  void begin(Action action);
  void end() { now_ = {}; }
  /// Whether the action that has begun is to be done a second time.
  bool is_to_be_repeated() const { return now_.repeat_action; }
  Action current() const { return now_.current; }
  /// How many effects the action that has begun has had.
  int effects_of_action() const { return now_.effect; }

  /// What happens to the next effect of this kind; throws Crash for crash_before, waits for late.
  std::optional<Fault> before(Action otherwise);
  /// Throws Crash for crash_after.
  void after(std::optional<Fault> fault);
  /// The error that this fault shows.
  Error error() const;

  /// An effect whose request may be delivered again.
  template <class T>
  Result<T> perform(Action otherwise, const std::function<Result<T>()>& deliver) {
    const std::optional<Fault> fault = before(otherwise);
    if (fault == Fault::fail_before) return error();
    Result<T> answer = deliver();
    if (fault == Fault::repeated) answer = deliver();
    after(fault);
    if (fault == Fault::fail_after) return error();
    return answer;
  }

  /// What the world does meanwhile belongs to no action of the process.
  struct Context {
    Action current = kActions;
    std::optional<PlannedFault> next;
    int effect = 0;
    bool repeat_action = false, before_anything = false;
    uint32_t chance = 0;
  };
  Context leave() { return std::exchange(now_, Context{}); }
  void come_back(Context context) { now_ = context; }

  /// The next time that this action is done, this happens.
  void plan_for_next(Action action, Fault fault, uint32_t chance);
  void stop_faults() { planned_.clear(); }
  uint64_t effects() const { return effects_; }
  uint64_t faults() const { return faults_; }
  const Table& table() const { return table_; }
  /// When the last fault struck.
  Time disturbed_at{};
  const Clock* clock = nullptr;

 private:
  void open(Action action);

  std::vector<PlannedFault> planned_;
  Hooks hooks_;
  Context now_;
  std::array<int, kActions> done_{};
  uint64_t effects_ = 0, faults_ = 0;
  Table table_{};
};

}  // namespace spillway::sim
