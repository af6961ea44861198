// Finding the few events and faults that a failure needs.
#include <algorithm>

#include "base/text.h"
#include "sim/runner.h"

namespace spillway::sim {
namespace {

/// Everything that a schedule might be run as to show the failure: whole, and compared.
bool still_fails(const Script& script, const std::string& invariant, Stage& stage, Broken& broken) {
  Report report;
  const Order compared{.again = 1, .crash_free = 1, .http = 0, .sqlite = 0};
  const Order whole{.again = 0, .crash_free = 0, .http = 0, .sqlite = 0};
  const bool by_comparison = invariant == "22" || invariant == "23";
  const Outcome outcome = run_one(script, by_comparison ? compared : whole, stage, report);
  if (!outcome.broken || outcome.broken->invariant != invariant) return false;
  broken = *outcome.broken;
  return true;
}

/// Leaves out runs of entries, long ones first, for as long as the failure stays.
template <class List>
bool thin_out(Failure& failure, List Script::*list, Stage& stage) {
  bool any = false;
  for (size_t run = std::max<size_t>(1, (failure.script.*list).size() / 2); run > 0; run /= 2) {
    for (size_t at = 0; at < (failure.script.*list).size();) {
      Script less = failure.script;
      auto& entries = less.*list;
      const auto from = entries.begin() + static_cast<std::ptrdiff_t>(at);
      entries.erase(from, from + static_cast<std::ptrdiff_t>(std::min(run, entries.size() - at)));
      Broken broken;
      if (still_fails(less, failure.broken.invariant, stage, broken)) {
        failure = Failure{std::move(less), std::move(broken)};
        any = true;
      } else {
        at += run;
      }
    }
  }
  return any;
}

template <class Entry>
void name_kept(const std::vector<Entry>& whole, const std::vector<Entry>& kept, char letter,
               std::vector<std::string>& names) {
  size_t at = 0;
  for (const Entry& each : kept) {
    while (at < whole.size() && !(whole[at] == each)) ++at;
    names.push_back(fmt::format("{}{}", letter, at++));
  }
}

}  // namespace

Failure shrink(Failure failure, Stage& stage) {
  Script fixed = failure.script;
  fixed.may_be_extended = false;  // what is added when too little happens is not on the lists
  if (Broken broken; still_fails(fixed, failure.broken.invariant, stage, broken))
    failure = Failure{std::move(fixed), std::move(broken)};
  while (thin_out(failure, &Script::faults, stage) || thin_out(failure, &Script::happenings, stage)) {
  }
  return failure;
}

std::string names_of(const Script& whole, const Script& kept) {
  std::vector<std::string> names;
  if (!kept.may_be_extended) names.emplace_back("short");
  name_kept(whole.happenings, kept.happenings, 'h', names);
  name_kept(whole.faults, kept.faults, 'f', names);
  return fmt::format("{}", fmt::join(names, ","));
}

Result<Script> only(Script script, std::string_view names) {
  Script kept = script;
  kept.happenings.clear();
  kept.faults.clear();
  for (const std::string_view name : split(names, ',')) {
    if (name == "short") {
      kept.may_be_extended = false;
      continue;
    }
    const auto number = name.empty() ? std::nullopt : parse_int(name.substr(1));
    const bool is_happening = name.starts_with('h');
    const size_t size = is_happening ? script.happenings.size() : script.faults.size();
    if (!number || *number < 0 || static_cast<size_t>(*number) >= size || (!is_happening && name[0] != 'f'))
      return Error{Kind::invalid, fmt::format("schedule {} has no '{}'", script.seed, name)};
    if (is_happening)
      kept.happenings.push_back(script.happenings[static_cast<size_t>(*number)]);
    else
      kept.faults.push_back(script.faults[static_cast<size_t>(*number)]);
  }
  return kept;
}

}  // namespace spillway::sim
