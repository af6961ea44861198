#pragma once
#include <string>

namespace spillway::sim {

/// What was wrong; thrown through the process, which has no say in it.
struct Broken {
  std::string invariant;  // "01", "liveness", or "models" where two models of one thing differ
  std::string what;
};

}  // namespace spillway::sim
