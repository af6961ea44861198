#pragma once
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dns/publisher.h"
#include "fleet/records.h"
#include "vpn/node_peers.h"

namespace spillway::fleet {

// What may be done, each with every choice made. The executor has one function for each.

/// Journal the intent if it is new, then CreateFleet with its token; repeating it launches nothing new.
struct Launch {
  LaunchRecord record;
};
/// Journal that nobody wants this launch any more, so that it is not asked for again. If EC2 made its
/// instances, they are found by their tag and ended.
struct Abandon {
  LaunchRecord record;
};
/// Journal which instance is which node, what is left over, which nodes are asked for again elsewhere, and
/// which get none.
struct Assign {
  IntentId intent;
  std::vector<MachineRecord> bound;
  std::vector<InstanceId> surplus;
  std::vector<NodeName> again;
  std::vector<NodeName> short_of;
  std::string reason;
  Time hold_until{};  // of those that get none: when there may be some again
};
/// Write the launch's document to the bucket, naming every live bound instance of the intent.
struct Publish {
  IntentId intent;
  std::vector<InstanceId> instances;
};
/// Put the secrets where only these instances can read them.
struct Release {
  std::vector<InstanceId> instances;
};
/// Journal, then write these machines' names to DNS. A name that is not ours is left alone, and that
/// journaled.
struct Register {
  std::vector<MachineRecord> machines;
};
/// Take these machines' names out of DNS.
struct Unregister {
  std::vector<InstanceId> instances;
};
/// Take records of ours out of DNS that belong to no machine.
struct Sweep {
  std::vector<dns::Binding> stale;
};
/// Tell the premises' gateway which nodes are its peers: these, and no others.
struct Connect {
  std::vector<vpn::NodePeer> peers;
};
/// Delete names of public keys whose instances are gone.
struct Forget {
  std::vector<std::string> objects;
};
/// Tell Slurm where these nodes answer.
struct SetAddresses {
  std::vector<MachineRecord> machines;
};
/// Write Name, spillway:node, spillway:epoch and the group's Tags.
struct WriteTags {
  std::vector<MachineRecord> machines;
};
/// Journal that Slurm saw these machines' slurmd.
struct MarkJoined {
  std::vector<InstanceId> instances;
};
/// Delete the released secrets.
struct Withdraw {
  std::vector<InstanceId> instances;
};
/// Journal, then TerminateInstances.
struct Terminate {
  std::vector<InstanceId> instances;
  std::string reason;
};
/// Journal what was seen of machines: missing in EC2's list or back in it, or serving the node's present
/// epoch.
struct Sight {
  std::vector<MachineRecord> machines;
};
/// Journal that EC2 no longer runs these, and that the offerings rest from which it took them back.
struct Close {
  std::vector<InstanceId> instances;
  std::string reason;
  std::set<std::string> pools = {};
};
/// Journal that the nodes failed and why; they rest until `hold_until`.
struct Fail {
  std::vector<NodeRecord> nodes;
  std::map<GroupName, int> boot_failures = {};  // how many of them had a machine that never joined
};
/// Slurm: state=down with the reason, so that batch jobs are requeued at once.
struct MarkDown {
  std::vector<NodeName> nodes;
  std::string reason;
};
/// Journal that EC2 takes these machines back, let their offerings rest, then signal their jobs.
struct Interrupt {
  std::vector<MachineRecord> machines;
  std::set<std::string> pools;
  std::set<int64_t> jobs;
  std::string reason;
};
/// Slurm: these jobs back into the queue, before their node goes away under them.
struct Requeue {
  std::set<int64_t> jobs;
};
/// Write to the bucket that we are here, for nodes that would otherwise end themselves.
struct RenewLease {};
/// Slurm: power_down, which waits for jobs; for nodes that idle and should not.
struct PowerDown {
  std::vector<NodeName> nodes;
  std::string reason;
};
/// Slurm: no new jobs on these nodes of a parked group; who asks is told why.
struct Drain {
  std::vector<NodeName> nodes;
  std::string reason;
};
/// Slurm: jobs may use them again.
struct Undrain {
  std::vector<NodeName> nodes;
};
/// Slurm: power_down_force, so that the nodes can be asked for again; those that it knows by a machine's
/// address get their own names back. The others have them: slurmctld looks each name up as it is set, and
/// answers nobody meanwhile.
struct GiveBack {
  std::vector<NodeName> nodes;
  std::vector<NodeName> addressed;
};
/// Journal a wish that Slurm's own state shows although no hook recorded it.
struct Rediscover {
  std::vector<NodeRecord> nodes;
};
/// Journal an instance that carries our tag and is unknown.
struct Adopt {
  std::vector<MachineRecord> machines;
};

using Step =
    std::variant<Launch, Assign, Publish, Release, SetAddresses, WriteTags, MarkJoined, Withdraw, Terminate,
                 Close, Fail, MarkDown, GiveBack, Rediscover, Adopt, Sight, Abandon, Register, Unregister,
                 Sweep, PowerDown, Drain, Undrain, Interrupt, Requeue, RenewLease, Connect, Forget>;

/// One line for the log and for --dry-run.
std::string to_string(const Step& step);

}  // namespace spillway::fleet
