#pragma once
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"

// What the journal remembers. A node's life, one epoch:
//
//   resume ─► up ──(Launch, Bind, Register, SetAddresses)──► joined ──suspend──► down ──(Unregister,
//   Terminate)──► closed
//              │ shortfall, launch error, ResumeFailProgram
//              └─► failed ──(marked DOWN with the reason, held, power_down_force)──► down

namespace spillway::fleet {

enum class Wanted { up, down, failed };
std::string_view to_string(Wanted wanted);

struct NodeRecord {
  NodeName name;
  Wanted wanted = Wanted::down;
  int64_t epoch = 0;         // counts the resumes; a machine belongs to one epoch of its node
  Time since{};              // when `wanted` became what it is
  int64_t job = 0;           // the job that Slurm resumed the node for, 0 when it did not say
  std::string reason;        // why it failed
  bool marked_down = false;  // Slurm knows the reason
  Time hold_until{};         // a failed node is not given back to Slurm before
  int failures = 0;          // in a row
  int64_t attempt = 0;       // launches in this epoch that gave it no machine
  int64_t joined_epoch = 0;  // the last one in which its slurmd came
  bool operator==(const NodeRecord&) const = default;
};

enum class LaunchState { intended, answered, failed };
std::string_view to_string(LaunchState state);

struct LaunchNode {
  NodeName node;
  int64_t epoch = 0;
  int64_t job = 0;
  int64_t attempt = 0;
  bool operator==(const LaunchNode&) const = default;
};

/// One CreateFleet call: journaled before it is made, with the exact request and its ClientToken.
struct LaunchRecord {
  IntentId intent;
  GroupName group;
  Json request;
  std::vector<LaunchNode> nodes;
  LaunchState state = LaunchState::intended;
  int tries = 0;
  Time made_at{};
  Time not_before{};  // the next try
  Time answered_at{};
  std::string error;      // the last one, or what fell short: "code: message"
  bool assigned = false;  // every instance of the answer has its node, or is surplus
  bool settled() const { return state == LaunchState::failed || assigned; }
  bool operator==(const LaunchRecord&) const = default;
};

struct MachineRecord {
  InstanceId id;
  IntentId intent;
  GroupName group;
  std::string cloud;  // the account and region that run it, as cloud_of() names them
  NodeName node;      // empty: not bound (yet, or surplus)
  int64_t epoch = 0;
  IpAddress address;
  Time launched_at{};
  Time published_at{};       // the launch document names it
  Time released_at{};        // its secrets lie where only it can read them
  Time addressed_at{};       // Slurm knows its address
  Time tagged_at{};          // Name and the group's tags are written
  Time joined_at{};          // Slurm saw slurmd register
  Time withdrawn_at{};       // its secrets are deleted
  Time registering_at{};     // its name was first about to be written to DNS
  Time registered_at{};      // its name is in DNS
  Time unregistered_at{};    // its name is in DNS no more
  std::string name_trouble;  // why it has no name
  Time unseen_since{};       // EC2 does not list it, from this look on
  Time interrupted_at{};     // EC2 takes it back then, or said at this moment that it may
  Time signalled_at{};       // its jobs were told
  Time terminate_at{};       // we asked for its end
  Time closed_at{};          // EC2 showed it terminated, or no longer knows it
  std::string end_reason;
  bool live() const { return closed_at == Time{}; }
  bool operator==(const MachineRecord&) const = default;
};

/// An offering that EC2 would not give from: it rests. Others of the group are asked meanwhile.
struct PoolRecord {
  std::string pool;  // as pool_of() names it
  int strikes = 0;   // in a row, without an hour of peace between
  Time until{};
  std::string reason;  // "InsufficientInstanceCapacity: ..."
  bool operator==(const PoolRecord&) const = default;
};

/// What a node group as a whole went through.
struct GroupRecord {
  GroupName group;
  Time parked_until{};    // nothing is launched for it before
  std::string reason;     // why it is parked
  int strikes = 0;        // times it was parked without a node joining between
  int boot_failures = 0;  // machines in a row whose slurmd never came
  bool operator==(const GroupRecord&) const = default;
};

/// Something that happened, for people and reports; kept for ever.
struct Event {
  Time at{};
  std::string
      event;  // "resume", "launch", "bound", "addressed", "joined", "suspend", "terminate", "terminated", ...
  NodeName node;
  InstanceId instance;
  IntentId intent;
  int64_t job = 0;
  std::string detail;
  bool operator==(const Event&) const = default;
};

}  // namespace spillway::fleet
