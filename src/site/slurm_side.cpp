#include "site/slurm_side.h"

#include "slurm/hostlist.h"

namespace spillway::site {
namespace {

int seconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

/// Nodes that are not of the cloud must never be powered down.
Result<std::string> premises(slurm::Controller& slurm, const config::Partitions& partitions) {
  std::vector<NodeName> names;
  const Deadline soon = Deadline::after(std::chrono::seconds{20});
  for (const slurm::Node& node : TRY(slurm.nodes({}, soon)))
    if (!node.state.has(slurm::NodeState::kCloud) && !partitions.find(node.name)) names.push_back(node.name);
  return names.empty() ? std::string() : slurm::fold(names);
}

}  // namespace

std::string SlurmSide::difference() const {
  std::string out;
  for (const auto& [name, before, after] :
       {std::tuple{host.slurm_conf.string(), now.slurm_conf, wanted.slurm_conf},
        {host.spillway_conf().string(), now.spillway_conf, wanted.spillway_conf}})
    if (before != after) out += fmt::format("   {}\n{}", name, line_difference(before, after));
  return out;
}

Result<std::optional<SlurmSide>> look_at_slurm(const Gathered& gathered, slurm::Controller& slurm) {
  const SiteConfig& own = gathered.inputs.own;
  if (own.slurm_restart.empty()) return std::optional<SlurmSide>{};
  SlurmSide out;
  out.host.slurm_conf = gathered.loaded.site.cluster.slurm_conf;
  out.host.restart = own.slurm_restart;
  out.host.restart_nodes = own.slurm_restart_nodes;
  out.now = TRY(read_slurm_files(out.host));
  SlurmWish wish;
  wish.partitions = gathered.loaded.site.partitions;
  wish.site_prolog = gathered.loaded.fleet.site_prolog;
  wish.part.version = TRY(slurm.version(Deadline::after(std::chrono::seconds{20})));
  wish.part.suspend_time_s = seconds(own.suspend_time);
  wish.part.suspend_timeout_s = seconds(own.suspend_timeout);
  wish.part.resume_timeout_s = seconds(own.resume_timeout);
  wish.part.slurmd_timeout_s = seconds(own.tolerated_outage);
  wish.part.suspend_exc_nodes = TRY(premises(slurm, wish.partitions));
  out.wanted = TRY(slurm_files(out.now.slurm_conf, std::move(wish)));
  return std::optional<SlurmSide>{std::move(out)};
}

Result<void> bring_about(const SlurmSide& side, slurm::Controller& slurm) {
  PosixRunner runner;
  SystemClock clock;
  TRY(try_slurm_files(side.host, side.wanted, runner));
  return install_slurm_files(side.host, side.wanted, slurm, runner, clock);
}

}  // namespace spillway::site
