#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/planted.h"
#include "sim/invariants.h"

namespace spillway::sim {

/// What is planted in this thread, until the object goes.
class Plant {
 public:
  explicit Plant(Bug bug);
  ~Plant();
  Plant(const Plant&) = delete;
  Plant& operator=(const Plant&) = delete;

 private:
  Bug before_;
};
/// Plants the bug for the rest of the process. Errors: invalid (no such bug).
Result<void> plant(std::string_view name);
/// Whether the planted bug keeps this record out of the journal: of that action, before its effect number
/// `effect`, of that kind ('n'ode, 'l'aunch, 'm'achine, 'w'ish).
bool is_unwritten(size_t action, int effect, char record);

struct PlantedOrder {
  uint64_t schedules = 1000, seed = 1;  // how many to try for each bug
  unsigned jobs = 1;
  std::string only;  // one bug; empty: all
};
struct Verdict {
  std::string_view name, sentence;
  int row = 0;
  uint64_t schedules = 0;  // until it was caught, or all that were tried
  uint64_t seed = 0;
  std::optional<Broken> broken;
};
/// Tries each bug until a schedule breaks; `found` hears of each as it is decided.
std::vector<Verdict> find_planted(const PlantedOrder& order,
                                  const std::function<void(const Verdict&)>& found);
std::string to_text(const Verdict& verdict);
Json to_json(const Verdict& verdict);

}  // namespace spillway::sim
