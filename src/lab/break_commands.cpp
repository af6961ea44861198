#include "lab/break_commands.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "lab/break.h"
#include "lab/control.h"
#include "lab/errors.h"
#include "lab/layout.h"

namespace spillway::lab {
namespace {

const Option kState{"--state", "DIR", "Folder of the lab's caches and logs; one lab a folder.",
                    "/var/tmp/spillway-lab", "SPILLWAY_LAB_STATE"};

Result<LabHandle> attach(const Invocation& invocation) {
  if (geteuid() != 0)
    return Error{Kind::denied, kNotRoot, "the lab is root's"}.fixed_by("the same with sudo");
  const std::string given = invocation.get("state");
  return find_lab(given.empty() ? Settings{}.state : std::filesystem::absolute(given));
}

Json known() {
  Json out = Json::array();
  for (const Breakage& each : breakages())
    out.push(Json::object({{"name", each.name},
                           {"target", each.takes},
                           {"needs_target", needs_target(each)},
                           {"rows", each.rows},
                           {"summary", each.summary}}));
  return out;
}

/// Everything that can be broken, one line each, and what is broken in the lab that is up, if one is.
Result<int> show_known(const Invocation& invocation) {
  Json broken = Json::array();
  if (const auto lab = attach(invocation))
    broken = TRY(ask_lab(*lab, Json::object({{"op", "broken"}})))["broken"];
  if (invocation.json()) {
    fmt::print("{}\n", Json::object({{"schema", "spillway.lab.breakages/v1"},
                                     {"known", known()},
                                     {"broken", std::move(broken)}})
                           .dump(2));
    return 0;
  }
  size_t width = 0;
  for (const Breakage& each : breakages()) width = std::max(width, written(each).size());
  for (const Breakage& each : breakages()) {
    const bool now = std::any_of(broken.items().begin(), broken.items().end(),
                                 [&](const Json& one) { return one["what"].as_string() == each.name; });
    fmt::print("{} {:<{}}  {}\n", now ? '*' : ' ', written(each), width, each.summary);
  }
  if (broken.size() > 0) fmt::print("* broken now; spillway lab heal mends it\n");
  return 0;
}

int print_broken(const Json& answer, bool json) {
  if (json) {
    fmt::print("{}\n", answer.dump(2));
    return 0;
  }
  if (answer["broken"].size() == 0) fmt::print("nothing is broken\n");
  for (const Json& each : answer["broken"].items()) {
    std::string line = fmt::format("broken: {} {}", each["what"].as_string(), each["target"].as_string());
    if (line.ends_with(' ')) line.pop_back();
    if (each.contains("seconds_left")) line += fmt::format("  for {} s", each["seconds_left"].as_int());
    fmt::print("{}\n", line);
  }
  return 0;
}

Result<int64_t> seconds(const Invocation& invocation) {
  const std::string text = invocation.get("for");
  if (text.empty()) return 0;
  const auto value = parse_int(text);
  if (value && *value >= 1 && *value <= 86'400) return *value;
  return Error{Kind::invalid, kBadTime, fmt::format("--for {}", in_quotes(text))};
}

Result<int> break_something(const Invocation& invocation) {
  if (invocation.has("markdown")) return fmt::print("{}", breakages_markdown()), 0;
  if (invocation.arguments.empty()) return show_known(invocation);
  // What is wrong with the question is told without a lab, too.
  const Breakage& breakage = *TRY(find_breakage(invocation.arguments[0]));
  const std::string target = invocation.arguments.size() > 1 ? invocation.arguments[1] : "";
  TRY(check_target(breakage, target));
  const Json question = Json::object(
      {{"op", "break"}, {"what", breakage.name}, {"target", target}, {"seconds", TRY(seconds(invocation))}});
  const LabHandle lab = TRY(attach(invocation));
  return print_broken(TRY(ask_lab(lab, question)), invocation.json());
}

Result<int> heal(const Invocation& invocation) {
  const std::string what = invocation.arguments.empty() ? "" : invocation.arguments[0];
  if (!what.empty()) TRY(find_breakage(what));
  const LabHandle lab = TRY(attach(invocation));
  return print_broken(TRY(ask_lab(lab, Json::object({{"op", "heal"}, {"what", what}}))), invocation.json());
}

}  // namespace

std::vector<Command> break_commands() {
  return {
      {"lab break",
       "break something in the lab: AWS, or the network",
       "Without WHAT, shows everything that can be broken, a line each, and what is broken now. TARGET "
       "narrows "
       "it: a node by name, or what the list says. Faults of AWS are rules of the emulator "
       "(docs/reference/faults.md), with AWS's own codes; those of the network and of names are done to the "
       "lab's hosts and through EC2's API. Breaking something again replaces its former target. lab heal "
       "mends "
       "it, and so does the end of --for. Nothing outside the lab is touched.",
       {kState,
        {"--for", "SECONDS", "Mend it by itself after so long; absent: lab heal does.", "", ""},
        {"--markdown", "", "Print the manual's table of everything that can be broken.", "", ""}},
       {{"WHAT", "What to break; absent: show what can be.", false, false},
        {"TARGET", "What of it.", false, false}},
       {{"spillway lab break", "everything that can be broken"},
        {"spillway lab break capacity c5.large/us-east-1a", "no c5.large in that zone"},
        {"spillway lab break error VcpuLimitExceeded@CreateFleet --for 60", "a quota, for a minute"},
        {"spillway lab break spot-notice cloud-c5-0", "EC2 takes the node back in two minutes"},
        {"spillway lab break tunnel --for 90", "the tunnel is silent for 90 s"}},
       false,
       break_something},
      {"lab heal",
       "mend what lab break broke",
       "WHAT is what was given to lab break; without it, everything is mended.",
       {kState},
       {{"WHAT", "What to mend; absent: all.", false, false}},
       {{"spillway lab heal", "everything as it was"}},
       false,
       heal},
  };
}

}  // namespace spillway::lab
