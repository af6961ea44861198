#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

// What `lab break` can break, as data. Who carries it out is the Breaker, inside the lab.
namespace spillway::lab {

/// A program on one of the lab's hosts; on gw-aws, where that is an instance, in its network.
struct Step {
  std::string host;
  std::vector<std::string> argv;
  std::string input;
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

enum class Aim { nothing, optional, required, node, optional_node };

struct Breakage {
  std::string_view name;
  Aim aim = Aim::nothing;
  std::string_view takes;  // how the manual writes the target
  std::string_view summary;
  Result<Damage> (*plan)(const Scene& scene);
};

/// Everything that can be broken: faults of AWS, then of the network.
const std::vector<Breakage>& breakages();
const std::vector<Breakage>& aws_breakages();
const std::vector<Breakage>& network_breakages();

/// Errors: SPW-LAB-016 with the nearest name.
Result<const Breakage*> find_breakage(const std::string& name);
/// Whether the breakage can have this target. Errors: SPW-LAB-017.
Result<void> check_target(const Breakage& breakage, const std::string& target);

}  // namespace spillway::lab
