#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/command.h"
#include "base/health.h"

namespace spillway::insight {

/// An error as what it says of health.
Finding finding_of(const Error& error);

/// What Slurm's running configuration says of power saving: pure. Keys and values as `scontrol show config`
/// prints them.
std::vector<Finding> judge_power_saving(const std::map<std::string, std::string>& running);

/// The difference of two clocks, as a finding. `ahead`: theirs minus ours.
Finding judge_clock(std::string_view whose, Duration ahead);

/// All checks of this installation, by area: aws, vpn, dns, slurm, time. Errors: those of the configuration.
Result<std::vector<Check>> all_checks(const Invocation& asked);

}  // namespace spillway::insight
