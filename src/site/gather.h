#pragma once
#include <filesystem>
#include <memory>

#include "aws/stack.h"
#include "base/command.h"
#include "config/partition_advice.h"
#include "fleet/setup.h"
#include "site/inputs.h"

namespace spillway::site {

/// Everything that plan, apply and destroy work with.
struct Gathered {
  fleet::Loaded loaded;
  Inputs inputs;
  std::unique_ptr<aws::Stack> aws;
  std::filesystem::path intents, outputs;  // files
  std::vector<std::string> warnings;       // for people
  std::vector<config::Derived> derived;    // CPUs and RealMemory that EC2 said, because the groups do not
  std::set<std::string> unmanaged;         // keys that this run can neither make nor judge
};

/// Reads the configuration and slurm.conf, asks AWS who and where we are, and checks what can be checked
/// before anything is made: credentials, the images and their owner, instance types, networks, key files. The
/// groups' CPUs and RealMemory are filled in as EC2 says. Errors: invalid, credentials, not_found
/// (SPW-SITE-011, -020), those of Client::call.
Result<Gathered> gather(const Invocation& asked);
/// A client with the administrator's own credentials: --profile, the environment's, or aws.profile. Errors:
/// those of make_stack.
Result<std::unique_ptr<aws::Stack>> admin_stack(const Invocation& asked, const config::Site& site,
                                                const std::string& region);
/// Only what destroy needs: nothing of the configuration has to be in order but the cluster and the account.
Result<Gathered> gather_for_destroy(const Invocation& asked);

/// "address:port" of each slurmctld that slurm.conf names, the primary first.
std::vector<std::string> controllers_in(std::string_view slurm_conf);
/// First and last port of SrunPortRange; what Slurm would take without one is any, so 60001 to 63000 is said.
std::pair<int, int> srun_ports_in(std::string_view slurm_conf);

}  // namespace spillway::site
