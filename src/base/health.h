#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

// Health as data: what a room can find wrong with a live installation. `spillway doctor` runs the checks.
namespace spillway {

enum class Health { good, warning, bad };

/// What one look at one thing showed.
struct Finding {
  Health health = Health::good;
  std::string what;            // "handshake 12 s ago", or what is wrong
  std::string code, why, fix;  // of a warning or of what is bad
  bool operator==(const Finding&) const = default;
};
inline Finding good(std::string what) {
  return {Health::good, std::move(what), "", "", ""};
}
inline Finding warning(const Code& code, std::string what) {
  return {Health::warning, std::move(what), std::string(code.id), std::string(code.why),
          std::string(code.fix)};
}
inline Finding bad(const Code& code, std::string what) {
  return {Health::bad, std::move(what), std::string(code.id), std::string(code.why), std::string(code.fix)};
}

/// A check of one area. `run` ends by the deadline and changes nothing; `mend`, where there is one, does what
/// is safe.
struct Check {
  std::string area;  // aws, vpn, dns, slurm or time
  std::string name;  // "handshake"
  std::function<std::vector<Finding>(Deadline)> run;
  std::function<Result<void>(Deadline)> mend;
  std::string remedy;  // what `mend` does: "tells Slurm the addresses again"
};

}  // namespace spillway
