// Instances that EC2 is about to take back.
#include <algorithm>

#include "fleet/planner.h"
#include "fleet/spot.h"

namespace spillway::fleet {

void Planner::interrupt() {
  if (!world_.slurm) return;
  Interrupt step;
  Requeue requeue;
  for (const auto& [name, machines] : holders_) {
    const slurm::Node* in_slurm = slurm_node(name);
    const MachineRecord& machine = *machines.back();
    const auto notice = in_slurm ? notice_on(*in_slurm) : std::nullopt;
    if (!notice || machine.terminate_at != kNever || closing_.contains(machine.id)) continue;
    const auto holders = jobs_on(name);
    // A recommendation may be followed by the interruption itself.
    const bool news =
        machine.signalled_at == kNever || (notice->ends_at && machine.interrupted_at != *notice->ends_at);
    if (news && (holders || !in_slurm->state.is_allocated())) {
      MachineRecord after = machine;
      after.interrupted_at = notice->ends_at.value_or(world_.now);
      step.machines.push_back(std::move(after));
      if (const aws::Instance* seen = instance(machine.id)) step.pools.insert(pool_of(*seen, machine.cloud));
      if (holders && notice->ends_at) step.jobs.insert(holders->begin(), holders->end());
      step.reason = in_slurm->reason;
    } else if (holders && notice->ends_at && world_.now >= *notice->ends_at - policy_.requeue_before) {
      requeue.jobs.insert(holders->begin(), holders->end());
    }
  }
  if (!step.machines.empty()) steps_.emplace_back(std::move(step));
  if (!requeue.jobs.empty()) steps_.emplace_back(std::move(requeue));
}

std::optional<std::set<int64_t>> Planner::jobs_on(const NodeName& node) const {
  if (!world_.jobs) return std::nullopt;
  std::set<int64_t> ids;
  for (const slurm::Job& job : *world_.jobs)
    if (std::find(job.nodes.begin(), job.nodes.end(), node) != job.nodes.end()) ids.insert(job.id);
  return ids;
}

std::string Planner::pool_of(const aws::Instance& instance, const std::string& cloud) {
  return fleet::pool_of(cloud, instance.lifecycle == "spot" ? "spot" : "on-demand", instance.type,
                        instance.subnet);
}

}  // namespace spillway::fleet
