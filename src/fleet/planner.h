#pragma once
#include <map>
#include <set>

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
  void tag();

  // What failed (plan_failures.cpp).
  /// Nodes whose machine is lost, or that Slurm itself gave up.
  void fail();
  /// Whether Slurm itself set the node DOWN, and not an administrator.
  static bool given_up(const slurm::Node& node);
  /// Tells Slurm about failed nodes, and gives them back when their machine is gone and they have rested.
  void give_back();
  NodeRecord failed(const NodeRecord& before, std::string reason, bool marked_down = false) const;

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
  /// Slurm was seen and does not know the machine's node: it was taken out of slurm.conf, and its jobs with
  /// it.
  bool no_such_node(const MachineRecord& machine) const;
  /// Whether Slurm has a busy node at this machine's address, though no binding says which.
  bool allocated_address(const MachineRecord& machine) const;

  // What Slurm wants (plan_wishes.cpp).
  /// Wishes that Slurm's states show although their hook could not record them.
  void rediscover();
  /// New launches, one or more for each group, and repeats of those without an answer.
  void launch();

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

  const World& world_;
  const Policy& policy_;
  std::map<NodeName, std::vector<const MachineRecord*>> holders_;
  std::set<InstanceId> closing_;
  std::vector<Step> steps_;
};

}  // namespace spillway::fleet
