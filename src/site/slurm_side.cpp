#include "site/slurm_side.h"

#include "base/file.h"
#include "base/text.h"
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

Result<SlurmSide> side_of(const Gathered& gathered) {
  SlurmSide out;
  out.host.slurm_conf = gathered.loaded.site.cluster.slurm_conf;
  out.host.restart = gathered.inputs.own.slurm_restart;
  out.host.restart_nodes = gathered.inputs.own.slurm_restart_nodes;
  out.now = TRY(read_slurm_files(out.host));
  return out;
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
  SlurmSide out = TRY(side_of(gathered));
  SlurmWish wish;
  wish.partitions = gathered.loaded.site.partitions;
  wish.site_prolog = gathered.loaded.fleet.site_prolog;
  wish.part.version = TRY(slurm.version(Deadline::after(std::chrono::seconds{20})));
  wish.part.suspend_time_s = seconds(own.suspend_time);
  wish.part.suspend_timeout_s = seconds(own.suspend_timeout);
  wish.part.resume_timeout_s = seconds(own.resume_timeout);
  wish.part.slurmd_timeout_s = seconds(own.tolerated_outage);
  wish.part.billing_weights = own.billing_weights;
  wish.part.suspend_exc_nodes = TRY(premises(slurm, wish.partitions));
  out.wanted = TRY(slurm_files(out.now.slurm_conf, std::move(wish)));
  return std::optional<SlurmSide>{std::move(out)};
}

Result<std::optional<SlurmSide>> slurm_without_us(const Gathered& gathered) {
  if (gathered.inputs.own.slurm_restart.empty()) return std::optional<SlurmSide>{};
  SlurmSide out = TRY(side_of(gathered));
  out.wanted.slurm_conf = without_spillway(out.now.slurm_conf);
  return std::optional<SlurmSide>{std::move(out)};
}

int64_t slurmd_timeout_s(const Gathered& gathered, const std::optional<SlurmSide>& side) {
  const std::string conf = side ? side->wanted.slurm_conf + side->wanted.spillway_conf
                                : read_file(gathered.loaded.site.cluster.slurm_conf).value_or("");
  return parse_int(setting_in_conf(conf, "SlurmdTimeout", "300")).value_or(300);
}

std::string outage_text(const Gathered& gathered, int64_t slurmd_timeout_s) {
  if (gathered.inputs.vpn.onprem_cidrs.empty()) return "";
  const int64_t wanted = seconds(gathered.inputs.own.tolerated_outage);
  std::string out =
      slurmd_timeout_s == 0
          ? std::string("The tunnel may be down for any time before jobs on cloud nodes are lost")
          : fmt::format("The tunnel may be down for {} s before jobs on cloud nodes are lost",
                        slurmd_timeout_s);
  out += " (SlurmdTimeout";
  if (wanted > 0 && slurmd_timeout_s != 0 && slurmd_timeout_s < wanted)
    out += fmt::format("; you want {} s: SlurmdTimeout={} in slurm.conf", wanted, wanted);
  return out + ").\n";
}

Result<void> bring_about(const SlurmSide& side, slurm::Controller& slurm) {
  PosixRunner runner;
  SystemClock clock;
  TRY(try_slurm_files(side.host, side.wanted, runner));
  return install_slurm_files(side.host, side.wanted, slurm, runner, clock);
}

}  // namespace spillway::site
