#pragma once
#include <filesystem>
#include <future>

#include "fleet/executor.h"
#include "fleet/remembered.h"

namespace spillway::fleet {

/// What one pass did.
struct Pass {
  size_t steps = 0;              // executed
  size_t failures = 0;           // steps or observations that did not work
  std::optional<Error> trouble;  // the first of them
  bool in_motion = false;        // something is under way: look again soon
  bool answered = false;         // a launch was answered: look again at once
};

/// What a pass looks at before it plans.
enum class Look {
  everything,
  slurm,     // and new machines: Slurm has called, and what EC2 said a moment ago will do
  machines,  // new ones alone: a launch was answered
};

/// The loop's body: takes wishes, looks at the world, plans, acts. Keeps nothing that it could not read
/// again, apart from when it last looked at what.
class Reconciler {
 public:
  Reconciler(Journal& journal, const Spool& spool, Outside& outside, const Policy& policy)
      : spool_(spool),
        outside_(outside),
        policy_(policy),
        journal_(journal, world_.records),
        executor_(journal_, outside, policy) {}

  /// One pass. Errors: only what makes the journal or the spool unusable; everything else is counted in Pass
  /// and logged.
  Result<Pass> pass(Deadline deadline, Look look = Look::everything);
  /// What was seen last, for those who ask the daemon.
  const World& world() const { return world_; }

 private:
  /// Counts and logs what did not work.
  static void trouble(Pass& pass, Error error);
  /// Plans, and does all of it once. Whether anything was done.
  Result<bool> act(Pass& pass, std::set<std::string>& tried, Deadline deadline);
  void done(Pass& pass, const Step& step, const std::string& what, Result<void> outcome, bool& acted);
  Result<size_t> take_wishes();
  Result<void> take(const SpooledWish& spooled);
  /// Looks at EC2 and Slurm; what cannot be seen stays absent.
  Result<void> observe(Pass& pass, Deadline deadline);
  /// Whether what was seen last is new enough to be acted on, but for `look`.
  bool may_look_at_less() const;
  /// Whether EC2's list is so long that the last one has to do for a while: two seconds for each thousand.
  bool is_costly_to_list() const;
  /// Adds to what is known of EC2 and Slurm.
  Result<void> observe_again(Pass& pass, Look look, Deadline deadline);
  /// Looks for these launches' machines while other things are done.
  void begin_to_look(aws::Ec2& ec2, const std::vector<IntentId>& launches, Deadline deadline);
  /// Adds what was found to what is known. Whether anything was looked for.
  bool end_looking(Pass& pass);
  void add_instances(Pass& pass, const std::string& cloud, Result<std::vector<aws::Instance>> instances);
  void look_at_rates();
  void look_at_slurm(Pass& pass, Deadline deadline);
  Result<std::map<InstanceId, aws::Instance>> list_cloud(Deadline deadline);
  Result<std::map<NodeName, slurm::Node>> list_slurm(Deadline deadline);
  Result<void> recover(Deadline deadline);
  /// The keys of what lies released in the bucket, by instance.
  Result<std::map<InstanceId, std::vector<std::string>>> find_released(Deadline deadline);
  /// Looks at what may hold launches back, and journals what changed.
  Result<void> look_at_gates(const std::optional<Error>& cloud_trouble);
  /// Asks Slurm for its SuspendTime, now and then.
  void look_at_suspend_time(Deadline deadline);
  /// Remembers which machines' nodes Slurm does not know.
  void note_missing();
  /// Looks at our names in DNS when it is time to, and says whether the name server may be asked.
  void look_at_names(Pass& pass, Deadline deadline);
  /// Looks which public keys nodes have named, when there may be new ones.
  void look_at_keys(Pass& pass, Deadline deadline);
  /// Remembers what a step just told the premises' gateway, or took from the bucket.
  void note_tunnel(const Step& step);
  /// The name server rests after a failure, ever longer, and is looked at as soon as it works again.
  void names_failed();
  void names_worked();

  const Spool& spool_;
  Outside& outside_;
  const Policy& policy_;
  World world_;
  Remembered journal_;
  Executor executor_;
  Gatekeeper gatekeeper_;
  std::optional<Duration> suspend_time_;
  Time suspend_time_look_at_{}, lease_renewed_at_{}, looked_at_{}, slurm_looked_at_{};
  std::map<NodeName, Time> missing_;  // in memory only: a new process waits longer
  struct Looking {
    std::string cloud;
    std::future<Result<std::vector<aws::Instance>>> found;
  };
  std::vector<Looking> looking_;
  // In memory only: a new process lists the keys, and tells the gateway, at once.
  std::optional<std::map<InstanceId, vpn::NamedKey>> keys_;
  std::optional<std::vector<vpn::NodePeer>> peers_;
  Time keys_listed_at_{}, peers_told_at_{};
  // In memory only: a new process looks at DNS at once.
  Time names_look_at_{}, names_rest_until_{};
  std::optional<Time> names_failing_since_;
  int names_failures_ = 0;
};

/// The records that a lost journal would have held: bindings from the launch documents, or else from the
/// address that Slurm has for a node. Pure.
Records rebuild(const std::map<InstanceId, aws::Instance>& cloud,
                const std::map<NodeName, slurm::Node>& slurm, const std::vector<MachineRecord>& documented,
                Time now);

}  // namespace spillway::fleet
