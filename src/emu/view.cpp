#include "emu/view.h"

#include <algorithm>

#include "emu/faults.h"

namespace spillway::emu {
namespace {

bool is_late(const Account& account, const Fault& fault, const Instance& instance, std::string_view what,
             Time since) {
  return fault.what == what && account.now() - since < fault.time.value_or(Duration{}) &&
         fits(fault, instance) && always_strikes(fault, instance.id.value);
}

}  // namespace

View::View(Account& account, std::string_view operation) : account_(account) {
  for (Fault& fault : account.faults) {
    if (!concerns(account, fault, operation)) continue;
    if (fault.effect == "late") late_.push_back(&fault);
    if (fault.effect != "unlisted") continue;
    const bool any = std::any_of(account.instances.begin(), account.instances.end(),
                                 [&](const auto& entry) { return fits(fault, entry.second); });
    if (any && strikes(fault)) unlisted_.push_back(&fault);
  }
}

bool View::late(const Instance& instance, std::string_view what, Time since) const {
  return std::any_of(late_.begin(), late_.end(),
                     [&](const Fault* fault) { return is_late(account_, *fault, instance, what, since); });
}

bool View::lists(const Instance& instance) const {
  if (late(instance, "instances", instance.launched)) return false;
  return std::none_of(unlisted_.begin(), unlisted_.end(),
                      [&](const Fault* fault) { return fits(*fault, instance); });
}

const Instance& View::shown(const Instance& instance) {
  if (late_.empty()) return instance;
  const bool address = late(instance, "addresses", instance.launched);
  const bool tags = late(instance, "tags", instance.tagged);
  const bool state = late(instance, "states", instance.changed);
  if (!address && !tags && !state) return instance;
  Instance& copy = copies_.emplace_back(instance);
  if (address) copy.private_ip.clear();
  if (tags) copy.tags = instance.tags_before;
  if (state) copy.state = instance.state_before, copy.reason.clear(), copy.reason_code.clear();
  return copy;
}

const Tags& View::tags_for_filters(const Instance& instance) const {
  const bool late_tags =
      late(instance, "tags", instance.tagged) || late(instance, "filters", instance.tagged);
  return late_tags ? instance.tags_before : instance.tags;
}

bool is_unseen(const Account& account, std::string_view operation, const Instance& instance) {
  return std::any_of(account.faults.begin(), account.faults.end(), [&](const Fault& fault) {
    return fault.effect == "late" && concerns(account, fault, operation) &&
           is_late(account, fault, instance, "instances", instance.launched);
  });
}

}  // namespace spillway::emu
