#include "site/commands.h"

#include <unistd.h>

#include "base/file.h"
#include "site/applier.h"
#include "site/ask.h"
#include "site/cloudformation.h"
#include "site/codes.h"
#include "site/desired.h"
#include "site/destroy.h"
#include "site/gather.h"
#include "site/image_commands.h"
#include "site/instance_types.h"
#include "site/names_commands.h"
#include "site/outputs.h"
#include "site/plan_view.h"
#include "site/slurm_side.h"
#include "slurm/command_controller.h"

namespace spillway::site {
namespace {

/// What is wanted, what is there, and the difference.
struct Look {
  Resources wanted;
  Actuals actuals;
  Difference difference;
};

Result<Look> look(const Session& session, const Gathered& gathered) {
  Look out;
  out.wanted = TRY(desired(gathered.inputs));
  out.actuals = TRY(observe(session, out.wanted));
  Actuals managed = out.actuals;
  for (const std::string& key : gathered.unmanaged) managed.erase(key);
  out.difference = difference(out.wanted, managed, rules_of);
  return out;
}

/// slurmctld as this configuration reaches it.
std::unique_ptr<slurm::Controller> controller(const Gathered& gathered, Runner& runner) {
  const config::ClusterConfig& cluster = gathered.loaded.site.cluster;
  return std::make_unique<slurm::CommandController>(
      runner, slurm::Commands{.bin = cluster.slurm_bin, .slurm_conf = cluster.slurm_conf});
}

std::string slurm_text(const std::optional<SlurmSide>& side) {
  if (!side || !side->changes()) return "";
  return fmt::format(" slurm (slurmctld is restarted)\n{}", side->difference());
}

void warn(const Gathered& gathered) {
  for (const std::string& warning : gathered.warnings) fmt::print(stderr, "warning: {}\n", warning);
}

Result<int> plan(const Invocation& asked) {
  const Gathered gathered = TRY(gather(asked));
  warn(gathered);
  if (asked.get("format") == "cloudformation") {
    fmt::print("{}\n", cloudformation(gathered.inputs, TRY(desired(gathered.inputs))).dump(2));
    return 0;
  }
  SystemClock clock;
  const Look seen = TRY(look({gathered.aws->client(), gathered.inputs, clock}, gathered));
  const Costs costs = costs_of(gathered.inputs, gathered.loaded.site.partitions);
  PosixRunner runner;
  const auto slurm = controller(gathered, runner);
  const std::optional<SlurmSide> side = TRY(look_at_slurm(gathered, *slurm));
  const bool pending = !seen.difference.empty() || (side && side->changes());
  Json document = plan_json(gathered.inputs, seen.difference, costs);
  document.set("slurm", Json::object({{"kept", side.has_value()}, {"changes", side && side->changes()}}));
  const int64_t outage = slurmd_timeout_s(gathered, side);
  document.set("slurmd_timeout_s", outage);
  Json nodes = Json::array();
  for (const config::Derived& each : gathered.derived)
    nodes.push(Json::object({{"group", each.group.value}, {"key", each.key}, {"value", each.value}}));
  document.set("derived", std::move(nodes));
  if (asked.has("out")) TRY(write_file_atomically(asked.get("out"), document.dump(2) + "\n", 0640));
  if (asked.json())
    fmt::print("{}\n", document.dump(2));
  else
    fmt::print("{}{}{}{}", derived_text(gathered.derived), slurm_text(side),
               plan_text(gathered.inputs, seen.difference, costs, asked.terminal),
               outage_text(gathered, outage));
  if (asked.has("out")) fmt::print(stderr, "Next: spillway apply {}\n", asked.get("out"));
  return asked.has("exit-code") && pending ? 3 : 0;
}

/// A line for each step as it is done, with its time.
Progress told_on_stderr(size_t total) {
  struct State {
    size_t done = 0;
    std::chrono::steady_clock::time_point since;
  };
  auto state = std::make_shared<State>();
  Progress out;
  out.began = [state, total](const Change& change) {
    state->since = std::chrono::steady_clock::now();
    if (isatty(2))
      fmt::print(stderr, "\r[{}/{}] {} {} …", state->done + 1, total, to_string(change.action), change.key);
  };
  out.ended = [state, total](const Change& change, const std::string& id) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - state->since;
    ++state->done;
    fmt::print(stderr, "{}[{}/{}] {:<8}{:<26} {} ({:.1f} s)\n", isatty(2) ? "\r\033[K" : "", state->done,
               std::max(total, state->done), id.empty() ? "gone" : "ready", change.key,
               id.empty() ? change.id : id, took.count());
  };
  out.stop = [] { return interrupted(); };
  return out;
}

/// An error of a cut apply says how far it came.
Error cut(Error error, const Actuals& actuals, size_t left, std::string_view go_on) {
  std::string exists;
  for (const auto& [key, actual] : actuals) exists += fmt::format("{}{}", exists.empty() ? "" : ", ", key);
  fmt::print(stderr, "\nWhat exists: {}.\nUp to {} steps are left; what exists is not made twice.\n",
             exists.empty() ? "nothing" : exists, left);
  if (error.fix.empty() || error.kind == Kind::interrupted) error.fix = go_on;
  return error;
}

Result<void> check_plan_file(const Invocation& asked, const Difference& now) {
  if (asked.arguments.empty()) return {};
  const Json saved = TRY(Json::parse(TRY(read_file(asked.arguments[0]))));
  if (saved["schema"].as_string() != "spillway.plan/v1")
    return Error{Kind::invalid, kStalePlan, fmt::format("{} is no plan", asked.arguments[0])};
  if (saved["digest"].as_string() != plan_digest(now))
    return Error{Kind::invalid, kStalePlan, fmt::format("{} is out of date", asked.arguments[0])};
  return {};
}

Result<int> apply(const Invocation& asked) {
  const Gathered gathered = TRY(gather(asked));
  warn(gathered);
  Intents intents = TRY(Intents::open(gathered.intents));
  SystemClock clock;
  const Session session{gathered.aws->client(), gathered.inputs, clock, intents.begun()};
  Look seen = TRY(look(session, gathered));
  TRY(check_plan_file(asked, seen.difference));
  const Costs costs = costs_of(gathered.inputs, gathered.loaded.site.partitions);
  PosixRunner runner;
  const auto slurm = controller(gathered, runner);
  const std::optional<SlurmSide> side = TRY(look_at_slurm(gathered, *slurm));
  fmt::print("{}{}", slurm_text(side), plan_text(gathered.inputs, seen.difference, costs, asked.terminal));
  if (asked.has("dry-run")) return 0;
  const bool slurm_changes = side && side->changes();
  if (asked.arguments.empty() && (slurm_changes || !seen.difference.empty())) TRY(confirm(asked, "Do this?"));
  if (!seen.difference.empty()) {
    watch_for_interrupt();
    const size_t total = seen.difference.changes.size() + seen.difference.count(Action::replace);
    size_t done = 0;
    Progress progress = told_on_stderr(total);
    progress.ended = [told = progress.ended, &done](const Change& change, const std::string& id) {
      ++done;
      told(change, id);
    };
    const auto carried = carry_out(session, seen.difference, seen.actuals, intents, progress);
    if (!carried)
      return cut(carried.error(), seen.actuals, total - std::min(done, total),
                 "spillway plan shows what is left; spillway apply goes on");
    fmt::print("Applied: {} added, {} changed, {} replaced, {} destroyed.\n",
               seen.difference.count(Action::create), seen.difference.count(Action::update),
               seen.difference.count(Action::replace), seen.difference.count(Action::destroy));
  }
  const Json outputs = outputs_of(gathered.inputs, seen.actuals);
  TRY(write_outputs(gathered.outputs, outputs));
  if (slurm_changes) {
    TRY(bring_about(*side, *slurm));
    fmt::print("Slurm: slurm.conf and spillway.conf are in place, and slurmctld answers.\n");
  }
  if (!seen.difference.empty())
    fmt::print(stderr, "The daemon's role is {}.\nNext: restart spillwayd{}.\n",
               outputs["head_role"].as_string(),
               outputs.contains("gateway") ? "; on the premises' gateway: spillway vpn config --to /" : "");
  return 0;
}

Result<int> destroy(const Invocation& asked) {
  const Gathered gathered = TRY(gather_for_destroy(asked));
  Intents intents = TRY(Intents::open(gathered.intents));
  SystemClock clock;
  const Session session{gathered.aws->client(), gathered.inputs, clock, intents.begun()};
  Actuals actuals = TRY(observe(session, {}));
  const Difference all = difference({}, actuals, rules_of);
  const Leftovers others = TRY(leftovers(session));
  const std::optional<SlurmSide> side = TRY(slurm_without_us(gathered));
  fmt::print("{}{}", slurm_text(side), destroy_text(gathered.inputs, all, others, asked.terminal));
  const bool slurm_changes = side && side->changes();
  if (asked.has("dry-run") || (all.empty() && others.empty() && !slurm_changes)) return 0;
  TRY(may_destroy(others, {asked.has("with-data"), asked.has("with-nodes")}));
  TRY(confirm(asked, "Destroy all of this?"));
  watch_for_interrupt();
  if (slurm_changes) {  // first, so that nobody calls for nodes meanwhile
    PosixRunner runner;
    TRY(bring_about(*side, *controller(gathered, runner)));
    fmt::print("Slurm: slurm.conf is as it was without Spillway, and slurmctld answers.\n");
  }
  TRY(remove_leftovers(session, others));
  const auto carried = carry_out(session, all, actuals, intents, told_on_stderr(all.changes.size()));
  if (!carried) return cut(carried.error(), actuals, actuals.size(), "spillway destroy goes on");
  std::error_code ignored;
  std::filesystem::remove(gathered.outputs, ignored);
  fmt::print("Destroyed: {}. Nothing with the tag spillway:cluster={} is left.\n", all.changes.size(),
             gathered.inputs.cluster);
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all{
      {.path = "plan",
       .summary = "Show what apply would change on AWS.",
       .description = "Compares the configuration with what AWS has and shows what would be added (+), "
                      "changed (~), replaced (±) "
                      "and destroyed (-), what stands by itself costs each month, and the most that bursting "
                      "can cost in an "
                      "hour. What was changed by hand shows as a change. Nothing is changed.",
       .options = {{"--out", "FILE", "Keep the plan for: spillway apply FILE.", "", ""},
                   {"--exit-code", "", "Exit with 3 when changes are pending.", "", ""},
                   {"--format", "FORMAT",
                    "cloudformation: print what is wanted as a template of CloudFormation.", "", ""},
                   profile_option()},
       .examples = {{"spillway plan", "shows the changes"},
                    {"spillway plan -o json --exit-code",
                     "for scripts: counts, and 3 when something is pending"},
                    {"spillway plan --format cloudformation > site.json", "for a cloud team that insists"}},
       .run = plan},
      {.path = "apply",
       .summary = "Build what the configuration says, or bring it up to date.",
       .description = "Shows the plan, asks, and carries it out, one line for each step. It can be "
                      "interrupted, or killed, at "
                      "any moment: the next run finds what exists and goes on, and nothing is made twice. A "
                      "second run says \"No "
                      "changes\". With a plan file it does that plan, or refuses when it is out of date.",
       .options = {profile_option()},
       .positionals = {{"PLANFILE", "A plan that `spillway plan --out` kept.", false}},
       .examples = {{"sudo spillway apply", "asks, then builds; root, because munge's key is published"},
                    {"spillway apply plan.spw --no-input", "does exactly what was looked at"}},
       .run = apply},
      {.path = "destroy",
       .summary = "Take away everything that apply built.",
       .description = "Removes all that carries this cluster's tag. What was named under existing: is left "
                      "alone. Job data in "
                      "the bucket, and running cloud nodes, are only removed when said so.",
       .options = {profile_option(),
                   {"--with-data", "", "Delete the bucket's content, and the images that were built, too.",
                    "", ""},
                   {"--with-nodes", "", "Terminate cloud nodes that still run.", "", ""}},
       .examples = {{"spillway destroy --dry-run", "shows what would go"},
                    {"spillway destroy --with-data --yes", "leaves nothing, and asks nothing"}},
       .run = destroy}};
  for (auto part : {image_commands, names_commands})
    for (Command& command : part()) all.push_back(std::move(command));
  return all;
}

}  // namespace spillway::site
