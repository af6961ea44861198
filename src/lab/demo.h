#pragma once
#include <functional>
#include <string>

#include "lab/control.h"
#include "lab/report.h"

namespace spillway::lab {

/// Submits, as alice, an array and a two-node job to `-p onprem,cloud`, follows them until all of them have
/// ended and their machines are gone, and tells each step. Errors: SPW-LAB-012 when the lab does not answer;
/// timeout.
Result<DemoFindings> run_demo(const LabHandle& lab, const std::function<void(const std::string&)>& told);

}  // namespace spillway::lab
