#pragma once
#include <string_view>

#include "base/command.h"

// What commands that change AWS share: they ask first, and can be interrupted between two steps.
namespace spillway::site {

/// Errors: refused (SPW-SITE-009), unless --yes was said or somebody answers yes on the terminal.
Result<void> confirm(const Invocation& asked, std::string_view question);

/// From here on a first ^C, or SIGTERM, makes interrupted() true; a second one ends the process.
void watch_for_interrupt();
bool interrupted();

const Option& profile_option();

}  // namespace spillway::site
