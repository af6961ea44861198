#pragma once
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace spillway::slurm {

struct ResumedJob {
  int64_t id = 0;
  std::vector<NodeName> nodes;  // that slurmctld resumes for it; all of the job's in 22.05
};
struct ResumeFile {
  std::vector<ResumedJob> jobs;
};

/// Reads SLURM_RESUME_FILE: which job each node is resumed for. 22.05 gives job_id and nodes; 23.02 and later
/// add nodes_resume and more. Errors: invalid. Source: slurm.conf(5), ResumeProgram.
Result<ResumeFile> parse_resume_file(std::string_view text);

}  // namespace spillway::slurm
