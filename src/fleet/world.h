#pragma once
#include <map>
#include <optional>
#include <set>

#include "aws/ec2.h"
#include "base/ids.h"
#include "base/time.h"
#include "config/partitions.h"
#include "dns/publisher.h"
#include "fleet/gates.h"
#include "fleet/journal.h"
#include "slurm/controller.h"
#include "vpn/node_peers.h"

namespace spillway::fleet {

/// What the operator decided: the groups and how patient to be. Times are how long, not when.
struct Policy {
  ClusterId cluster;
  std::string cluster_name;
  std::map<GroupName, config::NodeGroup> groups;
  size_t launch_at_most = 500;  // nodes in one CreateFleet call
  Duration failure_hold =
      std::chrono::seconds{30};  // a failed node rests this long, doubling with each failure
  Duration longest_hold = std::chrono::minutes{10};
  Duration unbound_grace = std::chrono::seconds{120};  // an instance nobody claims is then terminated
  Duration unseen_grace = std::chrono::seconds{120};   // EC2 may not list a living instance for this long
  Duration wish_grace = std::chrono::seconds{10};      // Slurm's state may lag behind its hooks for this long
  bool bucket = true;  // launch documents and secrets go through one; false: the image has what a node needs
  std::string compute_role_id;                       // AROA…; empty: no secrets are released to instances
  std::vector<std::string> secrets = {"munge.key"};  // names under secrets/ that every instance needs
  bool node_tunnel = false;  // each node is a peer of the premises' gateway, which is told of it
  bool names = false;        // nodes have names in DNS; Slurm hears of a node when it has its name
  Duration names_patience = std::chrono::seconds{30};  // how long the name server may fail before nodes go on
  Duration lease_every = std::chrono::minutes{2};      // nodes are told so often that we are here
  Duration requeue_before = std::chrono::seconds{45};  // a job leaves its node so long before EC2 takes it
  int boot_failures_at_most = 10;  // machines in a row that never join; then their group is parked
  Duration gang_grace = std::chrono::seconds{20};  // a job that lost a node may be given the others again
  Duration idle_slack = std::chrono::seconds{90};  // a node may idle so much longer than SuspendTime
  /// SuspendTime of groups whose partition has its own; nothing: INFINITE.
  std::map<GroupName, std::optional<Duration>> suspend_times;
  int64_t attempts_at_most = 10;                     // launches for one wish of one node
  Duration capacity_rest = std::chrono::minutes{3};  // of an offering that has nothing to give, at first
  Duration short_rest = std::chrono::seconds{15};    // an offering that rests no longer is waited for
  Duration leftover_grace =
      std::chrono::minutes{30};  // a part of a machine may be attached to nothing for so long
  size_t tags_at_most = 10;      // CreateTags calls in one step
};

/// Until when a node rests after its `failures`-th failure in a row.
Time hold_until(const Policy& policy, int failures, Time now);

/// One look at everything that decisions depend on. What could not be seen is absent: nothing is concluded
/// from it.
struct World {
  Time now{};
  std::string generation;  // of the journal
  bool recovered = false;  // the journal has been compared with EC2
  Records records;
  std::optional<std::map<InstanceId, aws::Instance>> cloud;  // every instance with our cluster's tag
  std::map<InstanceId, std::string> cloud_of;                // which account and region listed it
  std::set<std::string> clouds;                              // the accounts and regions that were asked
  std::optional<std::map<NodeName, slurm::Node>> slurm;      // the nodes of our groups
  bool names_reachable = false;                              // the name server may be asked now
  std::optional<Time> names_failing_since;                   // it has not worked once since
  std::optional<std::vector<dns::Binding>> names;  // what of ours is in DNS; looked at every few minutes
  /// In the bucket's list: public keys that nodes have made, the first of each.
  std::optional<std::map<InstanceId, vpn::NamedKey>> keys;
  /// Which nodes the premises' gateway was told of; nothing: not by this process, or not lately.
  std::optional<std::vector<vpn::NodePeer>> peers;
  std::optional<std::vector<slurm::Job>> jobs;  // looked at while EC2 takes machines back
  Time lease_renewed_at{};                      // by this process
  std::vector<Gate> gates;                      // closed ones: nothing is launched while there is one
  bool frozen = false;  // the tunnel is down, or was: what Slurm says of nodes is not acted on
  std::optional<Duration> suspend_time;  // Slurm's, for all partitions; nothing: INFINITE, or not known
  std::map<NodeName, Time> missing;      // nodes with a machine that Slurm does not know, and since when
  std::set<NodeName> staging_out;        // their results are not safe yet: their machines stay
  // By account and region: what EC2's rates allow now. Absent: no limit is known.
  std::map<std::string, aws::Room> launches_left, ends_left;
};

/// The machine that holds `node` now, whatever its epoch; nullptr when there is none.
const MachineRecord* machine_of(const Records& records, const NodeName& node);

}  // namespace spillway::fleet
