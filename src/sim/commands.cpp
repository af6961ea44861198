#include "sim/commands.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "sim/planted.h"
#include "sim/runner.h"

namespace spillway::sim {
namespace {

constexpr Code kBroken{"SPW-SIM-001", "something that must always hold did not",
                       "replay it with the command shown; failures.md §2 says what the number means"};
constexpr Code kEmptyCells{"SPW-SIM-002", "no schedule did this to that action",
                           "run more schedules, or teach the script to bring it about"};
constexpr Code kUncaught{"SPW-SIM-003", "a planted bug did no harm that any invariant sees",
                         "run more schedules, or find out which invariant or fault is missing"};

Result<uint64_t> number(const Invocation& asked, std::string_view option) {
  const auto value = parse_int(asked.get(option));
  if (!value || *value < 0)
    return Error{Kind::invalid, fmt::format("--{} wants a number, not '{}'", option, asked.get(option))};
  return static_cast<uint64_t>(*value);
}

void print_script(const Script& script) {
  const Script whole = make_script(script.seed);
  fmt::print("seed {}: {} nodes{}{}{}, ResumeTimeout {} s, SuspendTime {} s, ResumeRate {}\n", script.seed,
             script.terms.nodes, script.terms.names ? ", names in DNS" : "",
             script.terms.bucket ? "" : ", no bucket", script.terms.tells_jobs ? ", resume file" : "",
             script.terms.resume_timeout.count() / 1'000'000, script.terms.suspend_time.count() / 1'000'000,
             script.terms.resume_rate);
  for (const Happening& each : script.happenings) fmt::print("  {}\n", to_string(each));
  for (const PlannedFault& each : script.faults) fmt::print("  {}\n", to_string(each));
}

Error broken_error(const Failure& failure, const Invocation& asked) {
  return Error{Kind::internal, kBroken,
               fmt::format("seed {} breaks {}: {}", failure.script.seed, failure.broken.invariant,
                           failure.broken.what)}
      .fixed_by(fmt::format("spillway-sim --seed {} --only {}{} --trace", failure.script.seed,
                            names_of(make_script(failure.script.seed), failure.script),
                            asked.has("bug") ? " --bug " + asked.get("bug") : ""));
}

Result<int> replay(const Invocation& asked) {
  Stage stage;
  Script script = make_script(TRY(number(asked, "seed")));
  if (asked.has("only")) script = TRY(only(std::move(script), asked.get("only")));
  if (asked.has("trace")) print_script(script);
  Options options;
  if (asked.has("trace")) options.trace = [](const std::string& line) { fmt::print("{}\n", line); };
  options.over_http = asked.has("http");
  options.on_sqlite = asked.has("sqlite");
  options.strict = asked.has("strict");
  options.without_crashes = asked.has("without-crashes");
  const Outcome outcome = Simulation(script, options, stage).run();
  fmt::print("seed {}: {} effects, {} faults, {} passes, trace {:016x}\n", script.seed, outcome.effects,
             outcome.faults, outcome.passes, outcome.hash);
  if (outcome.broken) return broken_error({script, *outcome.broken}, asked);
  return 0;
}

Result<int> many(const Invocation& asked) {
  Order order{.schedules = TRY(number(asked, "schedules")),
              .seed = TRY(number(asked, "seed")),
              .jobs = static_cast<unsigned>(TRY(number(asked, "jobs"))),
              .go_on = asked.has("go-on"),
              .strict = asked.has("strict")};
  Report report = run(order, [&](uint64_t done) {
    if (!asked.has("quiet")) fmt::print(stderr, "\r{} schedules", done);
  });
  if (report.schedules >= 1000 && !asked.has("quiet")) fmt::print(stderr, "\n");
  if (report.failure) {
    Stage stage;
    report.failure = shrink(std::move(*report.failure), stage);
  }
  if (asked.json()) {
    fmt::print("{}\n", to_json(report).dump(2));
  } else {
    fmt::print("{}", to_text(report));
    if (report.failure) print_script(report.failure->script);
  }
  if (report.failure) return broken_error(*report.failure, asked);
  const auto empty = report.empty_cells();
  if (!empty.empty() && !asked.has("few"))
    return Error{Kind::internal, kEmptyCells,
                 fmt::format("{} empty cells: {}", empty.size(), fmt::join(empty, ", "))};
  return 0;
}

Result<int> planted_bugs(const Invocation& asked) {
  const PlantedOrder order{.schedules = TRY(number(asked, "schedules")),
                           .seed = TRY(number(asked, "seed")),
                           .jobs = static_cast<unsigned>(TRY(number(asked, "jobs"))),
                           .only = asked.get("bug")};
  Json list = Json::array();
  const auto verdicts = find_planted(order, [&](const Verdict& verdict) {
    if (!asked.json()) fmt::print("{}\n", to_text(verdict));
    std::fflush(stdout);
  });
  std::vector<std::string> uncaught;
  for (const Verdict& verdict : verdicts) {
    list.push(to_json(verdict));
    if (!verdict.broken) uncaught.emplace_back(verdict.name);
  }
  if (asked.json())
    fmt::print("{}\n", Json::object({{"schema", "spillway.planted/v1"}, {"bugs", std::move(list)}}).dump(2));
  else
    fmt::print("{} of {} planted bugs were caught\n", verdicts.size() - uncaught.size(), verdicts.size());
  if (uncaught.empty() || (asked.has("few") && uncaught.size() * 2 < verdicts.size())) return 0;
  return Error{Kind::internal, kUncaught,
               fmt::format("not caught within {} schedules: {}", order.schedules, fmt::join(uncaught, ", "))};
}

Result<int> simulate(const Invocation& asked) {
  log::set_level(static_cast<log::Level>(static_cast<int>(log::Level::error) + 1));  // the trace tells
  if (asked.has("planted")) return planted_bugs(asked);
  if (asked.has("bug")) TRY(plant(asked.get("bug")));
  const bool one = asked.has("trace") || asked.has("only") || asked.has("http") || asked.has("sqlite");
  return one ? replay(asked) : many(asked);
}

}  // namespace

std::vector<Command> commands() {
  return {
      {.path = "run",
       .summary = "Runs the fleet through schedules of events and faults, and judges each step.",
       .description =
           "The production reconciler, planner and executor run between models of EC2, Slurm, DNS, disk and "
           "clock, in one thread and in virtual time. A seed decides everything. After each step the "
           "invariants are checked, and at the end, when faults have stopped, that everything comes to "
           "rest. A failing schedule is shrunk and can be replayed.",
       .options =
           {{.name = "--schedules", .value = "N", .help = "How many schedules.", .fallback = "1000"},
            {.name = "--seed", .value = "S", .help = "The first one.", .fallback = "1"},
            {.name = "--jobs", .value = "N", .help = "How many side by side.", .fallback = "1"},
            {.name = "--few",
             .help =
                 "Too few to fill the table, or to catch more than half of the planted bugs: no failure."},
            {.name = "--strict",
             .help = "Ending a machine whose job began since the last look is a failure, too."},
            {.name = "--go-on", .help = "After a failure too."},
            {.name = "--trace", .help = "Run the one schedule and tell all that happens."},
            {.name = "--only", .value = "NAMES", .help = "Of the schedule, only these."},
            {.name = "--http", .help = "EC2 and S3 by signed requests."},
            {.name = "--sqlite", .help = "The journal on SQLite, compared with the one in memory."},
            {.name = "--without-crashes", .help = "Leave out what ends the process."},
            {.name = "--planted", .help = "Whether each planted bug is caught."},
            {.name = "--bug", .value = "NAME", .help = "Plant this bug, or try this one alone."}},
       .examples = {{"spillway-sim --schedules 100000 --jobs 2", "a long run; prints the table"},
                    {"spillway-sim --seed 17 --trace", "what schedule 17 does"}},
       .run = simulate}};
}

}  // namespace spillway::sim
