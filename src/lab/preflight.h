#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "lab/layout.h"

namespace spillway::lab {

/// A program that the lab runs, and the Debian package that has it.
struct Requirement {
  std::string program;
  std::string package;
};
const std::vector<Requirement>& requirements();

/// Says what this machine lacks before anything is made. Errors: SPW-LAB-001 (not root), -002 (packages),
/// -003 (no tun device), -011 (no spillway binary), -013 (state folder).
Result<void> check_machine(const Settings& settings);

}  // namespace spillway::lab
