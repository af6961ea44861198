#include "sim/effects.h"

#include <algorithm>

namespace spillway::sim {

void Effects::start(std::vector<PlannedFault> planned, Hooks hooks) {
  planned_ = std::move(planned);
  hooks_ = std::move(hooks);
}

void Effects::open(Action action) {
  now_.effect = 0;
  now_.next.reset();
  now_.repeat_action = false;
  const int nth = done_[action]++;
  const auto found = std::find_if(planned_.begin(), planned_.end(), [&](const PlannedFault& each) {
    return each.action == action && each.nth == nth;
  });
  if (found == planned_.end()) return;
  now_.next = *found;
  planned_.erase(found);
}

void Effects::begin(Action action) {
  now_.current = action;
  open(action);
}

std::optional<Fault> Effects::before(Action otherwise) {
  const bool alone = now_.current == kActions;
  const Action action = alone ? otherwise : now_.current;
  if (alone) open(action);
  ++effects_;
  const int effect = now_.effect++;
  std::optional<Fault> fault;
  if (now_.next && (alone || now_.next->effect == effect)) {
    fault = now_.next->fault;
    now_.chance = now_.next->chance;
    now_.next.reset();
    ++faults_;
    ++table_[action][static_cast<size_t>(*fault)];
    disturbed_at = clock->now();
    if (fault == Fault::repeated) now_.repeat_action = true;
  }
  hooks_.seen(action, effect, fault);
  now_.before_anything = fault == Fault::fail_before;
  if (fault == Fault::crash_before) throw Crash{};
  if (fault == Fault::late) {
    hooks_.wait(std::chrono::seconds{1 + now_.chance % 40});
    disturbed_at = clock->now();
  }
  return fault;
}

void Effects::after(std::optional<Fault> fault) {
  hooks_.check();
  if (fault == Fault::crash_after) throw Crash{};
}

void Effects::plan_for_next(Action action, Fault fault, uint32_t chance) {
  planned_.push_back({.action = action, .nth = done_[action], .fault = fault, .chance = chance});
}

Error Effects::error() const {
  if (!now_.before_anything) return Error{Kind::unavailable, "the connection was cut"};
  switch (now_.chance % 5) {
    case 0:
      return Error{Kind::throttled, "Request limit exceeded."};
    case 1:
      return Error{Kind::timeout, "no answer in time"};
    case 2:
      return Error{Kind::credentials, "AuthFailure"};
    case 3:
      return Error{Kind::internal, "an answer that cannot be read"};
    default:
      return Error{Kind::unavailable, "no connection"};
  }
}

}  // namespace spillway::sim
