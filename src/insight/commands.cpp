#include "insight/commands.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "insight/checks.h"
#include "insight/codes.h"

namespace spillway::insight {
namespace {

constexpr Code kNoArea{"SPW-CLI-010", "doctor knows the areas aws, vpn, dns, slurm and time",
                       "spillway help doctor"};
constexpr Code kNoCode{"SPW-CLI-011", "no error of this version has that code",
                       "codes look like SPW-VPN-024"};
const std::vector<std::string> kAreas = {"aws", "vpn", "dns", "slurm", "time"};

Result<int> explain(const std::string& id) {
  const Code* code = find_code(id);
  if (!code) return Error{Kind::invalid, kNoCode, fmt::format("{} is unknown", in_quotes(id))};
  fmt::print("{}\n  why  {}\n  fix  {}\n", code->id, code->why, code->fix);
  return 0;
}

std::string_view sign(Health health) {
  return health == Health::good ? "√" : health == Health::warning ? "‼" : "×";
}
std::string_view word(Health health) {
  return health == Health::good ? "good" : health == Health::warning ? "warning" : "bad";
}

struct Tally {
  int passed = 0, warned = 0, failed = 0;
  void count(Health health) {
    ++(health == Health::good ? passed : health == Health::warning ? warned : failed);
  }
};

Deadline soon() {
  return Deadline::after(std::chrono::seconds{30});
}

bool is_wrong(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.health != Health::good; });
}

/// --fix: does what is safe, says so, and looks again.
std::vector<Finding> mended(const Check& check, std::vector<Finding> findings, bool dry_run, Json& done) {
  if (!check.mend || !is_wrong(findings)) return findings;
  Json one =
      Json::object({{"area", check.area}, {"check", check.name}, {"remedy", check.remedy}, {"done", false}});
  if (dry_run) {
    fmt::print(stderr, " {:<6} would: {}\n", check.area, check.remedy);
    done.push(std::move(one));
    return findings;
  }
  fmt::print(stderr, " {:<6} fix: {}\n", check.area, check.remedy);
  const auto result = check.mend(soon());
  done.push(one.set("done", result.has_value()));
  std::vector<Finding> after = check.run(soon());
  if (!result) after.push_back(finding_of(Error{result.error()}.during(check.remedy)));
  return after;
}

void print_finding(const Check& check, const Finding& finding) {
  fmt::print(" {:<6} {} {}{}\n", check.area, sign(finding.health), finding.what,
             finding.code.empty() ? "" : fmt::format("  ({})", finding.code));
  if (!finding.why.empty()) fmt::print("          why  {}\n", finding.why);
  if (!finding.fix.empty()) fmt::print("          fix  {}\n", finding.fix);
}

Json json_of(const Check& check, const Finding& finding) {
  Json one = Json::object({{"area", check.area},
                           {"check", check.name},
                           {"health", word(finding.health)},
                           {"what", finding.what}});
  if (!finding.code.empty()) one.set("code", finding.code).set("why", finding.why).set("fix", finding.fix);
  return one;
}

Result<int> doctor(const Invocation& asked) {
  if (asked.has("explain")) return explain(asked.get("explain"));
  const std::set<std::string> areas(asked.arguments.begin(), asked.arguments.end());
  for (const std::string& area : areas)
    if (std::find(kAreas.begin(), kAreas.end(), area) == kAreas.end())
      return Error{Kind::invalid, kNoArea, fmt::format("{} is no area", in_quotes(area))};
  Json list = Json::array(), done = Json::array();
  Tally tally;
  for (const Check& check : TRY(all_checks(asked))) {
    // The identity is what later checks stand on: it is seen first, and told when asked for.
    const bool told = areas.empty() || areas.contains(check.area);
    if (!told && check.name != "identity") continue;
    std::vector<Finding> findings = check.run(soon());
    if (!told) continue;
    if (asked.has("fix")) findings = mended(check, std::move(findings), asked.has("dry-run"), done);
    for (const Finding& finding : findings) {
      tally.count(finding.health);
      list.push(json_of(check, finding));
      if (!asked.json()) print_finding(check, finding);
    }
  }
  if (asked.json())
    fmt::print("{}\n", Json::object({{"schema", "spillway.doctor/v1"},
                                     {"passed", tally.passed},
                                     {"warnings", tally.warned},
                                     {"failed", tally.failed},
                                     {"findings", std::move(list)},
                                     {"fixes", std::move(done)}})
                           .dump(2));
  else
    fmt::print(" {} passed, {} warnings, {} failed\n", tally.passed, tally.warned, tally.failed);
  return tally.failed == 0 ? 0 : 4;
}

}  // namespace

std::vector<Command> commands() {
  return {
      {.path = "doctor",
       .summary = "Find what is wrong, and say why and what to do.",
       .description =
           "Looks at a live installation and changes nothing: credentials, bucket, launch templates, their "
           "images, gateway and roles (aws), "
           "the tunnel (vpn; on the "
           "premises' gateway all of `vpn check`, elsewhere whether the far end answers), the "
           "name server, its key and "
           "the nodes' records forward and backward (dns), power saving, versions, the groups' nodes against "
           "their instance types, and addresses (slurm), and the "
           "clock (time). Each finding "
           "has a code, a cause and a remedy; the exit code is 4 when something is wrong. "
           "`--explain CODE` tells what "
           "a code means and needs no configuration and no network.",
       .options = {{"--explain", "CODE", "What an error's code means.", "", ""},
                   {"--fix", "",
                    "Do what is safe about what is wrong, say what, and look again; never restarts anything.",
                    "", ""},
                   {"--on", "NODE", "Ask this running cloud node too, by srun: its names and its clock.", "",
                    ""},
                   {"--profile", "PROFILE",
                    "Ask AWS with this profile, such as an administrator's, who sees roles.", "", ""}},
       .positionals = {{"AREA", "aws, vpn, dns, slurm, time; none means all.", false, true}},
       .examples = {{"sudo -u slurm spillway doctor", "everything"},
                    {"spillway doctor dns -o json", "one area, for programs"},
                    {"sudo -u slurm spillway doctor slurm dns --fix --dry-run", "what would be mended"},
                    {"sudo spillway doctor dns time --on cloud-c5-0", "as a cloud node sees it"},
                    {"spillway doctor --explain SPW-VPN-026", "offline"}},
       .run = doctor}};
}

}  // namespace spillway::insight
