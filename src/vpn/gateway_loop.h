#pragma once
#include <filesystem>
#include <functional>

#include "vpn/monitor.h"

namespace spillway::vpn {

/// What the loop asks of the world around it.
struct Surroundings {
  std::filesystem::path file;  // /run/spillway/tunnel.json
  std::function<bool()> stop;
  std::function<bool()> may_mend;  // no, while a key is being exchanged
  /// The gateways on AWS, when what apply wrote of them changed since the last question; asked once a second.
  std::function<std::optional<std::vector<Peer>>()> changed;
};

/// Watches the tunnel until `stop`: logs each change of state, follows what changed, and writes `file` at
/// each change and once a second. Errors: io (the file cannot be written at the start).
Result<void> run_gateway_monitor(Monitor& monitor, Clock& clock, const Surroundings& around);

/// Replaces the monitor's file in one step. Errors: io.
Result<void> publish(const std::filesystem::path& file, const TunnelReport& report);

}  // namespace spillway::vpn
