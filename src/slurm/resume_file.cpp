#include "slurm/resume_file.h"

#include "base/json.h"
#include "slurm/hostlist.h"

namespace spillway::slurm {

Result<ResumeFile> parse_resume_file(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json || !(*json)["jobs"].is_array())
    return Error{Kind::invalid, fmt::format("SLURM_RESUME_FILE is not as slurm.conf(5) says: {}",
                                            json ? "no list of jobs" : json.error().what)};
  ResumeFile file;
  for (const Json& job : (*json)["jobs"].items()) {
    const std::string& resumed = job["nodes_resume"].as_string();
    auto nodes = TRY(expand(resumed.empty() ? job["nodes_alloc"].is_string() ? job["nodes_alloc"].as_string()
                                                                             : job["nodes"].as_string()
                                            : resumed));
    file.jobs.push_back({job["job_id"].as_int(), std::move(nodes)});
  }
  return file;
}

}  // namespace spillway::slurm
