#pragma once
#include <functional>
#include <map>
#include <string>

#include "aws/ec2.h"
#include "aws/s3.h"
#include "base/time.h"
#include "dns/publisher.h"
#include "fleet/gates.h"
#include "fleet/step.h"
#include "slurm/controller.h"

namespace spillway::fleet {

/// Everything outside our process that the fleet acts on, borrowed.
struct Outside {
  Clock& clock;
  slurm::Controller& slurm;
  std::map<std::string, aws::Ec2*> ec2;  // by cloud_of(group): one account and region each
  aws::S3* bucket = nullptr;             // null in plugin v2 mode, where images read their Name tag instead
  dns::Publisher* names = nullptr;       // null where nodes have no names in DNS
  Tunnel* tunnel = nullptr;              // null where the way to the cloud is not ours
  std::function<Inputs()> inputs = {};   // empty: nothing is over budget, nothing staged
  /// Called for each step in place of carrying it out, with the function that does; empty: nobody watches.
  std::function<Result<void>(const Step&, const std::function<Result<void>()>&)> around = {};
};

/// The key of `Outside::ec2` for a group: its profile and region.
std::string cloud_of(const std::string& profile, const std::string& region);

}  // namespace spillway::fleet
