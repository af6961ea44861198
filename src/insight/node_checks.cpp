#include <algorithm>

#include "base/text.h"
#include "insight/installation.h"
#include "insight/judge_nodes.h"

namespace spillway::insight {
namespace {

constexpr Code kNotThere{
    "SPW-SLURM-039", "the node must be up, and this user must be one who may run a job of one minute there",
    "run it as root; name a node that sinfo shows idle or mixed; srun -w NODE true says what keeps it"};
constexpr size_t kAskedAtMost = 20;

// What the node is asked: its clock, then each name, then each address.
constexpr const char* kScript = R"sh(echo "time $(date +%s.%N)"
for name in $1; do echo "forward $name $(getent ahostsv4 "$name" | sed -n '1s/ .*//p')"; done
for address in $2; do echo "backward $address $(getent hosts "$address" | sed -n '1s/^[^ ]* *//p')"; done
)sh";

/// One look through srun, for all checks of the node.
struct NodeLook {
  NodeName node;
  std::vector<ExpectedName> expected;
  std::optional<Result<NodeView>> view;
  Time at{};
};

Result<NodeView> look(const Installation& here, NodeLook& what, Deadline deadline) {
  const std::vector<slurm::Node> known = TRY(here.slurm->nodes({what.node}, deadline));
  const dns::DnsConfig& names = here.loaded.dns;
  std::string forward, backward;
  for (const dns::Binding& binding : TRY(here.bindings()))
    for (const IpAddress& address : binding.addresses) {
      const auto name = dns::name_of(binding.node, names.zone);
      const auto back = dns::reverse_name(address);
      if (!name || what.expected.size() >= kAskedAtMost || names.zone.empty()) continue;
      const bool ours = back && !names.reverse_zone.empty() && back->ends_with("." + names.reverse_zone);
      what.expected.push_back({*name, address.value, ours});
      forward += " " + *name;
      if (ours) backward += " " + address.value;
    }
  const config::ClusterConfig& cluster = here.loaded.site.cluster;
  Program program{{cluster.slurm_bin + "/srun", "--nodelist=" + what.node.value, "--ntasks=1", "--time=1",
                   "--immediate=15", "--chdir=/", "--job-name=spillway-doctor", "--quiet"}};
  if (!known.front().partitions.empty())
    program.argv.push_back("--partition=" + known.front().partitions.front());
  for (const char* word : {"/bin/sh", "-c", kScript, "sh"}) program.argv.emplace_back(word);
  program.argv.push_back(forward);
  program.argv.push_back(backward);
  program.env.push_back("PATH=/usr/bin:/bin");
  if (!cluster.slurm_conf.empty()) program.env.push_back("SLURM_CONF=" + cluster.slurm_conf);
  PosixRunner runner;
  const Finished done = TRY(runner.run(program, deadline));
  if (done.exit_code != 0)
    return Error{Kind::unavailable, kNotThere, fmt::format("srun on {}: {}", what.node, trim(done.err))};
  return read_node_view(done.out);
}

const Result<NodeView>& seen(const Installation& here, NodeLook& what, Deadline deadline) {
  if (!what.view) {
    what.view = look(here, what, deadline);
    what.at = here.clock.now();
  }
  return *what.view;
}

}  // namespace

std::vector<Check> node_checks(const Shared& here, const NodeName& node) {
  auto what = std::make_shared<NodeLook>(NodeLook{.node = node, .expected = {}, .view = {}, .at = {}});
  const auto names = [what](const Shared& here, Deadline deadline) -> std::vector<Finding> {
    const auto& view = seen(*here, *what, deadline);
    if (!view) return {finding_of(view.error())};
    return judge_node_names(what->node, *view, what->expected);
  };
  const auto clock = [what](const Shared& here, Deadline deadline) -> std::vector<Finding> {
    const auto& view = seen(*here, *what, deadline);
    if (!view) return {finding_of(view.error())};
    const Time there{std::chrono::duration_cast<Duration>(std::chrono::duration<double>(view->clock_s))};
    return {judge_clock(fmt::format("the clock of {}", what->node), there - what->at)};
  };
  return {check(here, "dns", "resolution from the node", names),
          check(here, "time", "clock of the node", clock)};
}

}  // namespace spillway::insight
