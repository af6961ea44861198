#pragma once
#include "base/subprocess.h"
#include "lab/layout.h"
#include "lab/processes.h"

namespace spillway::lab {

/// What the parts of the lab are built with.
struct Workbench {
  const Settings& settings;
  Processes& processes;
  Runner& runner;

  std::filesystem::path logs() const { return settings.state / "log"; }
  std::filesystem::path cache() const { return settings.state / "cache"; }
};

}  // namespace spillway::lab
