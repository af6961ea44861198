#pragma once
#include <memory>

#include "aws/stack.h"
#include "dns/exchange.h"
#include "dns/publisher.h"
#include "fleet/journal.h"
#include "fleet/setup.h"
#include "insight/checks.h"
#include "site/site_config.h"
#include "slurm/command_controller.h"

namespace spillway::insight {

/// What the checks of one installation share and keep alive.
struct Installation {
  Invocation asked;
  site::SiteConfig own;
  site::ExistingConfig existing;
  fleet::Loaded loaded;
  Json applied;  // site.json: what the last apply made; null without one
  SystemClock clock;
  PosixRunner runner;
  std::unique_ptr<slurm::Controller> slurm;
  std::unique_ptr<aws::Stack> aws;  // set by the check "identity", when it is good
  std::unique_ptr<dns::TcpExchange> name_server;
  std::vector<std::unique_ptr<dns::TcpExchange>> resolvers;
  std::unique_ptr<dns::Publisher> publisher;

  /// The cluster's uuid; empty before the first apply.
  ClusterId cluster() const;
  /// What the daemon remembers; empty when it has never run.
  Result<fleet::Records> records() const;
  /// The nodes that should have names now.
  Result<std::vector<dns::Binding>> bindings() const;
  /// All nodes that the groups have, and those that the daemon remembers.
  std::vector<NodeName> node_names() const;
};
using Shared = std::shared_ptr<Installation>;

/// A check that holds on to what it looks at.
template <class Run>
Check check(const Shared& here, std::string area, std::string name, Run run) {
  return {std::move(area),
          std::move(name),
          [here, run](Deadline deadline) { return run(here, deadline); },
          {},
          {}};
}

std::vector<Check> aws_checks(const Shared& here);
std::vector<Check> slurm_checks(const Shared& here);
/// What a running cloud node sees: names forward and backward, its clock. Through srun.
std::vector<Check> node_checks(const Shared& here, const NodeName& node);

}  // namespace spillway::insight
