#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/simulation.h"

namespace spillway::sim {

/// How many schedules, and which; seed S, S + 1, …
struct Order {
  uint64_t schedules = 1000, seed = 1;
  unsigned jobs = 1;
  bool go_on = false;   // after a failure
  bool strict = false;  // as Options::strict
  /// One schedule in so many is also run again (23), without its crashes (22), over HTTP, and on SQLite; 0:
  /// none.
  uint64_t again = 64, crash_free = 16, http = 1000, sqlite = 1000;
};

/// A schedule in which something that must hold did not.
struct Failure {
  Script script;
  Broken broken;
};

struct Report {
  uint64_t schedules = 0, effects = 0, faults = 0, passes = 0, crashes = 0;
  uint64_t least_effects = 0, least_faults = 0, least_nodes = 0;
  uint64_t again = 0, crash_free = 0, http = 0, sqlite = 0;
  double seconds = 0;
  Table table{};
  std::optional<Failure> failure;                       // the one of the smallest seed that was seen
  std::map<std::string, std::vector<uint64_t>> failed;  // seeds by invariant
  /// Rows and columns that nothing met: "Sweep × late".
  std::vector<std::string> empty_cells() const;
};

/// Stops at the first failure, unless told to go on. `progress` hears from time to time how many schedules
/// are done.
Report run(const Order& order, const std::function<void(uint64_t)>& progress = {});
/// One schedule, and what the order asks to compare it with.
Outcome run_one(const Script& script, const Order& order, Stage& stage, Report& report);
/// The same failure with as few happenings and faults as still show it.
Failure shrink(Failure failure, Stage& stage);
/// The schedule without all but these, as `--only` names them: "h3,h5,f1".
Result<Script> only(Script script, std::string_view names);
/// The names that make this script out of the whole one.
std::string names_of(const Script& whole, const Script& kept);

/// The table as text, with the rates below it.
std::string to_text(const Report& report);
Json to_json(const Report& report);

}  // namespace spillway::sim
