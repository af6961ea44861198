#include <fmt/core.h>

#include <chrono>
#include <string>

#include "base/log.h"
#include "sim/simulation.h"

int main(int argc, char** argv) {
  using namespace spillway;
  log::set_level(static_cast<log::Level>(9));
  const uint64_t first = std::stoull(argv[1]), count = std::stoull(argv[2]);
  sim::Stage stage;
  const auto begin = std::chrono::steady_clock::now();
  uint64_t effects = 0, faults = 0, passes = 0, broken = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    sim::Options options;
    if (argc > 3) options.trace = [](const std::string& line) { fmt::print("{}\n", line); };
    const sim::Script script = sim::make_script(seed);
    const auto outcome = sim::Simulation(script, options, stage).run();
    effects += outcome.effects;
    faults += outcome.faults;
    passes += outcome.passes;
    if (outcome.broken) {
      ++broken;
      if (broken < 15) fmt::print("seed {}: {} {}\n", seed, outcome.broken->invariant, outcome.broken->what);
    }
  }
  const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print("{} schedules, {} broken, {:.1f}/s, effects {} faults {} passes {}\n", count, broken, count / s,
             effects / count, faults / count, passes / count);
}
