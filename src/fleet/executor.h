#pragma once
#include <functional>
#include <set>

#include "fleet/outside.h"
#include "fleet/step.h"
#include "fleet/world.h"

namespace spillway::fleet {

/// Carries out steps: journals first, then acts, then journals the outcome. It makes no choices, so every
/// function may be repeated, or cut at any point, and the next plan goes on from what the journal and the
/// world then show.
class Executor {
 public:
  Executor(Journal& journal, Outside& outside, const Policy& policy)
      : journal_(journal), outside_(outside), policy_(policy) {}

  /// Does one step. `records` is what the journal holds. An error means that the step did not (wholly)
  /// happen and is worth repeating later; outcomes such as a shortfall or a refused launch are journaled and
  /// are no errors.
  Result<void> execute(const Step& step, const Records& records, Deadline deadline);
  /// Does several launches side by side: all are journaled, then all asked for, then all answers journaled.
  /// One outcome for each. `answered` is called when EC2 has answered, before that is journaled.
  using Answered = std::function<void(aws::Ec2&, const std::vector<IntentId>&)>;
  std::vector<Result<void>> launch(const std::vector<const Launch*>& steps, Deadline deadline,
                                   const Answered& answered = {});

 private:
  using Nothing = Result<void>;
  Nothing act(const Launch&, const Records&, Deadline);
  Nothing act(const Assign&, const Records&, Deadline);
  Nothing act(const Publish&, const Records&, Deadline);
  Nothing act(const Release&, const Records&, Deadline);
  Nothing act(const SetAddresses&, const Records&, Deadline);
  Nothing act(const Register&, const Records&, Deadline);
  Nothing act(const Unregister&, const Records&, Deadline);
  Nothing act(const Sweep&, const Records&, Deadline);
  Nothing act(const WriteTags&, const Records&, Deadline);
  Nothing act(const MarkJoined&, const Records&, Deadline);
  Nothing act(const Withdraw&, const Records&, Deadline);
  Nothing act(const Terminate&, const Records&, Deadline);
  Nothing act(const Close&, const Records&, Deadline);
  Nothing act(const Fail&, const Records&, Deadline);
  Nothing act(const MarkDown&, const Records&, Deadline);
  Nothing act(const GiveBack&, const Records&, Deadline);
  Nothing act(const Rediscover&, const Records&, Deadline);
  Nothing act(const Adopt&, const Records&, Deadline);
  Nothing act(const Abandon&, const Records&, Deadline);
  Nothing act(const Sight&, const Records&, Deadline);
  Nothing act(const PowerDown&, const Records&, Deadline);
  Nothing act(const Drain&, const Records&, Deadline);
  Nothing act(const Undrain&, const Records&, Deadline);
  Nothing act(const Interrupt&, const Records&, Deadline);
  Nothing act(const Requeue&, const Records&, Deadline);
  Nothing act(const RenewLease&, const Records&, Deadline);
  Nothing act(const Connect&, const Records&, Deadline);
  Nothing act(const Forget&, const Records&, Deadline);

  /// The call's answer, into the journal.
  Nothing record(LaunchRecord launch, Result<aws::FleetAnswer> answer);
  /// Whether any node of the launch is still wanted by now.
  Result<bool> is_wanted(const LaunchRecord& launch);
  Nothing record_answer(LaunchRecord launch, const aws::FleetAnswer& answer);
  Nothing record_refusal(LaunchRecord launch, const Error& error);
  /// Journals that the same request is sent again after `wait`; gives the error that caused it.
  Nothing ask_again(LaunchRecord launch, const Error& error, Duration wait);
  /// Journals which offerings rest after this answer, and which gave again.
  Nothing rest_taken(const std::set<std::string>& pools, const std::string& reason);
  Nothing rest_pools(const LaunchRecord& launch, const std::string& cloud, const aws::FleetAnswer& answer);
  /// Journals which of these machines Slurm hears of before they have their name.
  Nothing note_unnamed(const std::vector<MachineRecord>& machines);
  /// Journals that the machine has its name, or whose names are in its way.
  Nothing record_name(const MachineRecord& machine, const std::vector<dns::Foreign>& foreign);
  // Changes are made to what the journal holds now, not to what the plan saw: an earlier step may have
  // changed it since.
  using MachineChange = std::function<void(MachineRecord&)>;
  using NodeChange = std::function<void(NodeRecord&)>;
  /// Changes and saves these machines' records, with an event each when `event` is not empty.
  Nothing update(const std::vector<InstanceId>& instances, std::string_view event, std::string detail,
                 const MachineChange& change);
  Nothing update(const std::vector<NodeName>& nodes, std::string_view event, const NodeChange& change);
  /// Journals that these nodes failed, if they still want a machine of this epoch.
  Nothing fail(const std::vector<LaunchNode>& nodes, const std::string& reason, Time until);
  Result<aws::Ec2*> ec2_of(const GroupName& group) const;
  Result<aws::Ec2*> ec2_of(const MachineRecord& machine) const;
  Nothing note(std::string_view event, const NodeName& node, const InstanceId& instance,
               const IntentId& intent, int64_t job, std::string detail);
  Time now() const { return outside_.clock.now(); }

  Journal& journal_;
  Outside& outside_;
  const Policy& policy_;
};

}  // namespace spillway::fleet
