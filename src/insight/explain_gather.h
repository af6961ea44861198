#pragma once
#include <map>

#include "insight/explain.h"

namespace spillway::insight {

/// Whom to ask about a job; what is null is not there to be asked, for the reason in `unseen`.
struct Witnesses {
  slurm::Controller* slurm = nullptr;
  fleet::Journal* journal = nullptr;
  std::map<std::string, aws::Ec2*> ec2;
  ClusterId cluster;
  std::map<std::string, std::string> unseen;
};

/// Asks all of them. Who does not answer is noted, and the others are asked all the same.
Evidence gather(const Witnesses& witnesses, const JobName& job, Time now, Deadline deadline);

}  // namespace spillway::insight
