#pragma once
#include <map>
#include <set>

#include "fleet/offerings.h"
#include "fleet/plan.h"

namespace spillway::fleet {

inline constexpr Time kNever{};

/// One plan in the making: everything that its parts need, looked up once. The parts are in plan_*.cpp, one
/// question each.
class Planner {
 public:
  Planner(const World& world, const Policy& policy);
  std::vector<Step> steps();

 private:
  // What is there (plan_sight.cpp).
  /// Instances with our tag that the journal does not know: of a launch whose answer was lost, or of a lost
  /// journal.
  void adopt();
  /// One list that lacks a machine proves nothing: EC2 is not always of one mind, and an answer may be cut.
  /// So absence is noted, and counts when it lasts. A machine of an older epoch whose node Slurm shows alive
  /// serves the present one: a hook was called by hand.
  void sight();
  /// Machines that EC2 shows dead, or has not listed for so long that they cannot be alive.
  void close();

  // Bringing machines in (plan_join.cpp).
  /// Gives a launch's instances to its nodes; a job whose nodes cannot all be had gets none of them.
  void assign();
  /// Which nodes to serve with `machines`: in their order, but a job's nodes all or none.
  static std::set<NodeName> whole_jobs(const std::vector<LaunchNode>& wanting, size_t machines);
  /// Names that a crash, an outage or a lost journal left behind.
  void sweep();
  /// Brings bound machines in: document, secrets, name, address; then notices that Slurm has them.
  void introduce();
  /// Whether the group has something to offer, or will shortly.
  bool may_offer(const config::NodeGroup& group) const;
  /// Whether no other machine is known at this address: an address is given again once its machine is gone,
  /// and until we see that, two nodes would share it.
  bool has_its_own_address(const MachineRecord& machine, const IpAddress& address) const;
  void tag();

  // Nodes as peers of the premises' gateway (plan_tunnel.cpp).
  /// Tells the gateway of those that live, when that differs from what it was told.
  void connect();
  void forget_keys();

  // What failed (plan_failures.cpp).
  /// Nodes whose machine is lost, or that Slurm itself gave up.
  void fail();
  /// Whether the node is in a maintenance reservation, or lets go of a job: it is left alone until that ends.
  static bool is_being_serviced(const slurm::Node& node);
  /// Whether Slurm itself set the node DOWN, and not an administrator.
  static bool given_up(const slurm::Node& node);
  /// Tells Slurm about failed nodes, and gives them back when their machine is gone and they have rested.
  void give_back();
  NodeRecord failed(const NodeRecord& before, std::string reason, bool marked_down = false) const;

  /// What keeps the node's launch from being answered, as the end of a sentence; empty when nothing does.
  std::string launch_trouble(const NodeName& name) const;
  /// Whether Slurm's state shows that the node's registration was refused: too little memory, for example.
  static bool refused(const slurm::Node& node);
  /// Why the node cannot be launched for now, and until when; nothing while it can, or is worth waiting for.
  struct Refusal {
    std::string reason;
    Time until;
  };
  std::optional<Refusal> cannot_launch(const NodeRecord& record) const;

  // Groups and jobs (plan_groups.cpp).
  /// Why nothing is launched for the group, if it is parked.
  std::optional<std::string> parked(const GroupName& group) const;
  /// Keeps jobs away from the nodes of parked groups.
  void drain();
  /// A job of which one node could not be had cannot run: its other nodes go, unless Slurm has a use for
  /// them.
  void release_gangs();
  /// Nodes that Slurm should have suspended.
  void reap_idle();

  // Machines that EC2 takes back (plan_spot.cpp).
  /// Tells the jobs of such machines, and puts them back into the queue in time.
  void interrupt();
  /// The jobs that hold the node; nothing while nobody has looked.
  std::optional<std::set<int64_t>> jobs_on(const NodeName& node) const;
  static std::string pool_of(const aws::Instance& instance, const std::string& cloud);
  /// Lets nodes know that somebody looks after them.
  void renew_lease();

  // Ending machines (plan_end.cpp).
  /// Machines that nobody wants any more. Never one whose node Slurm shows allocated, unless Slurm itself
  /// gave it up.
  void terminate();
  /// Whether its end has to wait: while the tunnel is down what Slurm says of it proves nothing, and results
  /// that are not safe yet would go with it.
  bool is_held(const MachineRecord& machine) const;
  /// A termination was asked for some time ago and EC2 still shows the machine running.
  bool asked_in_vain(const MachineRecord& machine) const;
  std::string reason_to_end(const MachineRecord& machine) const;
  /// Slurm has not known the machine's node for a while: it was taken out of slurm.conf, and its jobs with
  /// it.
  bool no_such_node(const MachineRecord& machine) const;
  /// Whether its secrets may still lie released.
  static bool holds_secrets(const MachineRecord& machine);
  /// Whether Slurm shows jobs on it.
  bool works(const MachineRecord& machine) const;
  /// Whether Slurm is done with the node.
  static bool is_let_go(const slurm::NodeState& state);
  /// Whether Slurm has a busy node at this machine's address, though no binding says which.
  bool allocated_address(const MachineRecord& machine) const;

  // What Slurm wants (plan_wishes.cpp).
  /// Wishes that Slurm's states show although their hook could not record them.
  void rediscover();
  /// Launches without an answer: asked after with the same token, until nobody wants them.
  void repeat_launches();
  /// New launches, one or more for each group.
  void launch();
  /// How many of these `nodes` EC2's rates let us ask for now; what is taken is taken from `rooms`.
  static size_t take_room(std::map<std::string, aws::Room>& rooms, const config::NodeGroup& group,
                          size_t nodes);

  // Looking things up (plan.cpp).
  const slurm::Node* slurm_node(const NodeName& name) const;
  const aws::Instance* instance(const InstanceId& id) const;
  const NodeRecord* node(const NodeName& name) const;
  /// Where an instance was listed.
  std::string where(const InstanceId& id) const;
  /// Whether the machine would be in `world_.cloud` if it lived.
  bool listed(const MachineRecord& machine) const;
  bool wants(const NodeName& name, int64_t epoch) const;
  bool older_than(Time moment, Duration age) const;
  /// The machine of the node's present epoch.
  const MachineRecord* current_machine(const NodeRecord& record) const;
  /// Whether an instance that is not seen dead carries this node's name: until then no other may.
  bool holds_machine(const NodeName& name) const;
  const config::NodeGroup* group_of(const NodeName& name) const;
  /// What the group can be asked for; for a job whose nodes must lie together, only where its others are.
  std::optional<Offer> offer_for(const config::NodeGroup& group, int64_t job) const;
  bool under_way(const NodeName& name) const { return under_way_.contains(name); }

  const World& world_;
  const Policy& policy_;
  std::map<NodeName, std::vector<const MachineRecord*>> holders_;
  std::set<NodeName> under_way_;        // some launch is being made for them
  std::map<IpAddress, int> addresses_;  // how many live machines have it
  std::set<InstanceId> closing_;
  std::set<NodeName> failing_;  // with this plan
  std::vector<Step> steps_;
};

}  // namespace spillway::fleet
