#pragma once
#include "base/file.h"
#include "lab/layout.h"
#include "lab/progress.h"

namespace spillway::lab {

/// What the lab's process got from the `lab up` that made it.
struct Inheritance {
  Fd control;   // listening, abstract name
  Fd endpoint;  // bound to the host's loopback: the AWS endpoint for people's own clients
  int endpoint_port = 0;
  Fd requests, events;  // to and from init
};

/// Brings up everything, says so, and then answers `lab status`, `exec` and `down` until the lab ends.
/// Returns the exit code of the lab's process.
int run_supervisor(const Settings& settings, Inheritance inheritance, Progress& progress);

}  // namespace spillway::lab
