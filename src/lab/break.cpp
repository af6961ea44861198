#include "lab/break.h"

#include "base/text.h"
#include "lab/errors.h"

namespace spillway::lab {

const std::vector<Breakage>& breakages() {
  static const std::vector<Breakage> kAll = [] {
    std::vector<Breakage> all = aws_breakages();
    all.insert(all.end(), network_breakages().begin(), network_breakages().end());
    return all;
  }();
  return kAll;
}

Result<const Breakage*> find_breakage(const std::string& name) {
  std::vector<std::string> known;
  for (const Breakage& each : breakages()) {
    if (each.name == name) return &each;
    known.emplace_back(each.name);
  }
  Error error{Kind::not_found, kNoSuchBreak, fmt::format("cannot break {}", in_quotes(name))};
  if (const auto near = nearest(name, known))
    return std::move(error).fixed_by(fmt::format("did you mean: spillway lab break {}", *near));
  return error;
}

Result<void> check_target(const Breakage& breakage, const std::string& target) {
  const bool needed = breakage.aim == Aim::required || breakage.aim == Aim::node;
  if (target.empty() && needed)
    return Error{Kind::invalid, kBadTarget, fmt::format("{} needs {}", breakage.name, breakage.takes)};
  if (!target.empty() && breakage.aim == Aim::nothing)
    return Error{Kind::invalid, kBadTarget,
                 fmt::format("{} takes no target, found {}", breakage.name, in_quotes(target))};
  return {};
}

}  // namespace spillway::lab
