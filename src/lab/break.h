#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

// What `lab break` can break, as data. Who carries it out is the Breaker, inside the lab.
namespace spillway::lab {

/// A program on one of the lab's hosts (on gw-aws, where that is an instance, in its network), or something
/// done to the premises' name server: it reads its files anew, or starts anew with a clock that is off.
struct Step {
  enum class Does { run, reload_names, restart_names };
  std::string host;
  std::vector<std::string> argv;
  std::string input;
  Does does = Does::run;
  int64_t ahead_s = 0;  // of the clock that it starts with
};

/// A call of EC2's API with the administrator's key.
struct ApiCall {
  std::string operation;
  Json input;
};

/// What is done to break something, and what mends it again.
struct Damage {
  Json rules = Json::array();  // of the emulator; they go with the damage
  std::vector<ApiCall> calls, undo;
  std::vector<Step> cut, mend;
};

/// What a breakage may ask while it is planned.
struct Scene {
  std::string target;  // as given; "" without one
  /// The instance's id where the target is a node or an instance.
  std::string instance;
  std::function<Result<Json>(const std::string& operation, Json input)> ec2;
};

/// What a breakage is aimed at: `name` is a node's name whether it runs or not; `node` is one that runs.
enum class Aim { nothing, optional, required, name, node, optional_node };

struct Breakage {
  std::string_view name;
  Aim aim = Aim::nothing;
  std::string_view takes;  // how the manual writes the target
  std::string_view rows;   // of the catalogue of failures: "51", "5-7"; "" where it has none
  std::string_view summary;
  Result<Damage> (*plan)(const Scene& scene);
};

bool needs_target(const Breakage& breakage);
/// The name and its target, as the manual writes them: "capacity [TYPE/ZONE/PURCHASE]".
std::string written(const Breakage& breakage);

/// Everything that can be broken: faults of AWS, of the network, of names.
const std::vector<Breakage>& breakages();
const std::vector<Breakage>& aws_breakages();
const std::vector<Breakage>& network_breakages();
const std::vector<Breakage>& names_breakages();

/// The table of all of them, as docs/reference/faults.md has it.
std::string breakages_markdown();

/// Errors: SPW-LAB-016 with the nearest names.
Result<const Breakage*> find_breakage(const std::string& name);
/// Whether the breakage can have this target. Errors: SPW-LAB-017.
Result<void> check_target(const Breakage& breakage, const std::string& target);

// Steps that several breakages are made of.

/// A script for sh -e.
Step shell(const std::string& host, const std::string& script);
/// A table that stands between packets and their way; without it all is as before.
Damage filtered(const std::string& host, const std::string& table, const std::string& chain);
/// A file of a host that is changed by a sed(1) expression, and put back as it was.
Damage edited(const std::string& host, const std::string& file, const std::string& expression);

}  // namespace spillway::lab
