#include "sim/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace spillway::sim {
namespace {

bool chosen(uint64_t seed, uint64_t one_in) {
  return one_in != 0 && seed % one_in == 0;
}

void add(Report& to, const Report& from) {
  const auto least = [](uint64_t a, uint64_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); };
  to.schedules += from.schedules;
  to.effects += from.effects;
  to.faults += from.faults;
  to.passes += from.passes;
  to.crashes += from.crashes;
  to.again += from.again;
  to.crash_free += from.crash_free;
  to.http += from.http;
  to.sqlite += from.sqlite;
  to.least_effects = least(to.least_effects, from.least_effects);
  to.least_faults = least(to.least_faults, from.least_faults);
  to.least_nodes = least(to.least_nodes, from.least_nodes);
  for (Action action = 0; action < kActions; ++action)
    for (size_t fault = 0; fault < kFaults; ++fault) to.table[action][fault] += from.table[action][fault];
  for (const auto& [invariant, seeds] : from.failed)
    to.failed[invariant].insert(to.failed[invariant].end(), seeds.begin(), seeds.end());
  if (from.failure && (!to.failure || from.failure->script.seed < to.failure->script.seed))
    to.failure = from.failure;
}

/// Whether both went the same way; else what differs, as a violation of this invariant.
void compare(Outcome& outcome, const Outcome& other, std::string_view number, std::string_view how) {
  if (outcome.broken) return;
  if (other.broken)
    outcome.broken = Broken{std::string(number),
                            fmt::format("{}: {}: {}", how, other.broken->invariant, other.broken->what)};
  else if (outcome.hash != other.hash)
    outcome.broken = Broken{std::string(number), fmt::format("{}, the trace is another one", how)};
}

}  // namespace

Outcome run_one(const Script& script, const Order& order, Stage& stage, Report& report) {
  Outcome outcome = Simulation(script, {.strict = order.strict}, stage).run();
  ++report.schedules;
  report.effects += outcome.effects;
  report.faults += outcome.faults;
  report.passes += outcome.passes;
  report.crashes += outcome.crashes;
  if (outcome.broken) return outcome;
  const auto least = [](uint64_t& kept, uint64_t value) { kept = kept == 0 ? value : std::min(kept, value); };
  least(report.least_effects, outcome.effects);
  least(report.least_faults, outcome.faults);
  least(report.least_nodes, static_cast<uint64_t>(script.terms.nodes));
  for (Action action = 0; action < kActions; ++action)
    for (size_t fault = 0; fault < kFaults; ++fault)
      report.table[action][fault] += outcome.table[action][fault];
  if (chosen(script.seed, order.again)) {
    ++report.again;
    compare(outcome, Simulation(script, {.strict = order.strict}, stage).run(), "23", "run again");
  }
  if (chosen(script.seed, order.http)) {
    ++report.http;
    compare(outcome, Simulation(script, {.over_http = true, .strict = order.strict}, stage).run(), "models",
            "over HTTP");
  }
  if (chosen(script.seed, order.sqlite)) {
    ++report.sqlite;
    compare(outcome, Simulation(script, {.on_sqlite = true, .strict = order.strict}, stage).run(), "models",
            "on SQLite");
  }
  if (!outcome.broken && chosen(script.seed, order.crash_free) && outcome.crashes > 0) {
    ++report.crash_free;
    const Outcome calm = Simulation(script, {.without_crashes = true, .strict = order.strict}, stage).run();
    if (calm.broken)
      outcome.broken = Broken{calm.broken->invariant, "without its crashes: " + calm.broken->what};
    else if (calm.end_state != outcome.end_state)
      outcome.broken = Broken{"22", fmt::format("without crashes it ends otherwise:\n{}\nand with them:\n{}",
                                                calm.end_state, outcome.end_state)};
  }
  return outcome;
}

Report run(const Order& order, const std::function<void(uint64_t)>& progress) {
  const auto begin = std::chrono::steady_clock::now();
  Report whole;
  std::mutex mutex;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    Stage stage;
    Report mine;
    for (uint64_t i = next++; i < order.schedules && !failed; i = next++) {
      Script script = make_script(order.seed + i);
      const Outcome outcome = run_one(script, order, stage, mine);
      if (outcome.broken) {
        failed = !order.go_on;
        mine.failed[outcome.broken->invariant].push_back(script.seed);
        if (!mine.failure) mine.failure = Failure{std::move(script), *outcome.broken};
      }
      if (progress && i % 1000 == 999) progress(i + 1);
    }
    const std::lock_guard lock(mutex);
    add(whole, mine);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < order.jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  whole.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return whole;
}

std::vector<std::string> Report::empty_cells() const {
  std::vector<std::string> empty;
  for (Action action = 0; action < kActions; ++action)
    for (size_t fault = 0; fault < kFaults; ++fault)
      if (table[action][fault] == 0)
        empty.push_back(fmt::format("{} × {}", name_of(action), to_string(static_cast<Fault>(fault))));
  return empty;
}

std::string to_text(const Report& report) {
  std::string text = fmt::format("{:18}", "action");
  for (size_t fault = 0; fault < kFaults; ++fault)
    text += fmt::format("{:>13}", to_string(static_cast<Fault>(fault)));
  text += '\n';
  for (Action action = 0; action < kActions; ++action) {
    text += fmt::format("{:18}", name_of(action));
    for (const uint64_t count : report.table[action]) text += fmt::format("{:>13}", count);
    text += '\n';
  }
  const double n = std::max<double>(1, static_cast<double>(report.schedules));
  text += fmt::format(
      "\n{} schedules in {:.1f} s: {:.1f}/s; each had at least {} nodes, {} effects and {} faults, on "
      "average {:.0f} "
      "effects, {:.1f} faults, {:.0f} passes, {:.1f} crashes\n"
      "of them {} were run again, {} without their crashes, {} over HTTP, {} on SQLite\n",
      report.schedules, report.seconds, n / std::max(report.seconds, 1e-9), report.least_nodes,
      report.least_effects, report.least_faults, static_cast<double>(report.effects) / n,
      static_cast<double>(report.faults) / n, static_cast<double>(report.passes) / n,
      static_cast<double>(report.crashes) / n, report.again, report.crash_free, report.http, report.sqlite);
  for (const auto& [invariant, seeds] : report.failed)
    text += fmt::format(
        "{} schedules break {}: seeds {}\n", seeds.size(), invariant,
        fmt::join(seeds.begin(),
                  seeds.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(seeds.size(), 8)), " "));
  return text;
}

Json to_json(const Report& report) {
  Json rows = Json::array();
  for (Action action = 0; action < kActions; ++action) {
    Json row = Json::object({{"action", name_of(action)}});
    for (size_t fault = 0; fault < kFaults; ++fault)
      row.set(to_string(static_cast<Fault>(fault)), static_cast<int64_t>(report.table[action][fault]));
    rows.push(std::move(row));
  }
  Json json = Json::object(
      {{"schema", "spillway.simulation/v1"},
       {"schedules", report.schedules},
       {"seconds", report.seconds},
       {"schedules_per_s", static_cast<double>(report.schedules) / std::max(report.seconds, 1e-9)},
       {"effects", report.effects},
       {"faults", report.faults},
       {"crashes", report.crashes},
       {"least_nodes", report.least_nodes},
       {"least_effects", report.least_effects},
       {"least_faults", report.least_faults},
       {"run_again", report.again},
       {"run_without_crashes", report.crash_free},
       {"run_over_http", report.http},
       {"run_on_sqlite", report.sqlite},
       {"table", std::move(rows)}});
  Json empty = Json::array();
  for (std::string& cell : report.empty_cells()) empty.push(std::move(cell));
  json.set("empty_cells", std::move(empty));
  if (report.failure)
    json.set(
        "failure",
        Json::object({{"seed", report.failure->script.seed},
                      {"invariant", report.failure->broken.invariant},
                      {"what", report.failure->broken.what},
                      {"only", names_of(make_script(report.failure->script.seed), report.failure->script)}}));
  return json;
}

}  // namespace spillway::sim
