#pragma once
#include <functional>

#include "base/json.h"
#include "lab/layout.h"

namespace spillway::lab {

/// Brings up a lab in the background and returns its status when everything answers. `told` gets each step as
/// it is done. Must be called in a process with one thread. Errors: SPW-LAB-001 to -005, -007, -008, -011,
/// -013.
Result<Json> bring_up(const Settings& settings, const std::function<void(const std::string&)>& told);

/// Ends the lab of this state folder and returns when it is gone. False when none was up.
Result<bool> take_down(const std::filesystem::path& state);

}  // namespace spillway::lab
