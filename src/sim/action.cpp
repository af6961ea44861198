#include "sim/action.h"

#include <fmt/format.h>

#include <vector>

namespace spillway::sim {
namespace {

/// The type's own name, so that a new step needs no entry anywhere.
template <class T>
std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;  // "... [with T = spillway::fleet::Launch; ...]"
  text = text.substr(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  return text.substr(text.rfind(':') + 1);
}

template <size_t... I>
std::vector<std::string_view> step_names(std::index_sequence<I...>) {
  return {type_name<std::variant_alternative_t<I, fleet::Step>>()...};
}

}  // namespace

std::string_view to_string(Fault fault) {
  constexpr std::string_view kWords[] = {"fail-before", "fail-after",   "late",
                                         "repeated",    "crash-before", "crash-after"};
  return kWords[static_cast<size_t>(fault)];
}

std::string_view name_of(Action action) {
  static const std::vector<std::string_view> kStepNames = step_names(std::make_index_sequence<kSteps>());
  constexpr std::string_view kOthers[] = {"(look at EC2)", "(look at Slurm)", "(look at names)",
                                          "(take wishes)", "(recover)",       "(write a wish)"};
  return action < kSteps ? kStepNames[action] : kOthers[action - kSteps];
}

std::string to_string(const PlannedFault& p) {
  return fmt::format("{} at effect {} of {} number {}", to_string(p.fault), p.effect + 1, name_of(p.action),
                     p.nth + 1);
}

uint64_t mix(uint64_t a, uint64_t b) {  // splitmix64 (Steele, Lea, Flood 2014) of both
  uint64_t n = a * 0x9e3779b97f4a7c15 + b + 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

}  // namespace spillway::sim
