#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spillway::slurm {

/// A node's state as slurmctld tells it: one base state and any number of flags.
/// Power, as the flags of every version from 20.02 to 25.05 are read here:
///
///   powered_down ──power_up──▶ powering_up ──slurmd registers──▶ (no power flag: up)
///        ▲                          │ ResumeTimeout: base down         │ power_down
///        └──SuspendTimeout── powering_down ◀─────────────────── power_down_requested
///
/// A power flag says what slurmctld has ordered, never that a machine runs or does not.
struct NodeState {
  enum class Base { unknown, down, idle, allocated, mixed, error, future };
  enum Flag : uint32_t {
    kCloud = 1 << 0,
    kPoweredDown = 1 << 1,         // POWERED_DOWN, POWER_SAVE; POWER before 21.08; ~
    kPoweringUp = 1 << 2,          // POWERING_UP; #
    kPoweringDown = 1 << 3,        // POWERING_DOWN; %
    kPowerDownRequested = 1 << 4,  // POWER_DOWN: will power down when its jobs are done; !
    kPowerUpRequested = 1 << 5,    // POWER_UP
    kNotResponding = 1 << 6,       // NOT_RESPONDING; *
    kDrain = 1 << 7,
    kCompleting = 1 << 8,  // +
    kFail = 1 << 9,
    kMaintenance = 1 << 10,      // in a maintenance reservation; $
    kRebootRequested = 1 << 11,  // @
    kRebootIssued = 1 << 12,     // ^
    kInvalidRegistration = 1 << 13,
    kPlanned = 1 << 14,  // held for a job by the backfill scheduler; -
    kReserved = 1 << 15,
    kDynamic = 1 << 16,
    kPerfCounters = 1 << 17,
    kBlocked = 1 << 18,
    kExternal = 1 << 19,
    kRebootCanceled = 1 << 20,
    kUndrain = 1 << 21,
    kParked = 1 << 22,
  };

  Base base = Base::unknown;
  uint32_t flags = 0;
  std::vector<std::string> unknown;  // words of a newer Slurm, as they came

  bool has(Flag flag) const { return (flags & flag) != 0; }

  /// Slurm holds it to be off, and is doing nothing to it.
  bool is_powered_down() const;
  /// Slurm has called for it and waits for its slurmd.
  bool is_powering_up() const;
  /// Slurm has given it back, or will when its jobs are done.
  bool is_powering_down() const;
  /// Its slurmd has registered and responds: a machine is there, whether jobs may start on it or not.
  bool is_registered() const;
  /// Registered, and jobs may start on it: not draining, failing, misregistered, or about to reboot or go.
  bool is_up() const;
  /// Jobs hold it (allocated, mixed or completing).
  bool is_allocated() const;
  bool is_down() const;  // DOWN or ERROR
  bool is_draining() const { return has(kDrain); }

  bool operator==(const NodeState&) const = default;
};

/// Reads the State of `scontrol show node` ("IDLE+CLOUD+POWERED_DOWN", "MIXED#+CLOUD", "DOWN*+CLOUD+POWER"),
/// or a state of sinfo ("idle~", "drng"), in any case. Words that it does not know are kept in `unknown`.
/// Errors: invalid (SPW-SLURM-003: empty, or not made of state words at all).
/// Source: node_state_string() and node_state_flag_string() of Slurm 20.02 to 25.05; sinfo(1), NODE STATE
/// CODES.
Result<NodeState> parse_node_state(std::string_view text);

/// The state in the words of Slurm 22.05: "IDLE+CLOUD+POWERED_DOWN".
std::string to_string(const NodeState& state);

}  // namespace spillway::slurm
