#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/ec2.h"
#include "base/json.h"
#include "fleet/journal.h"
#include "slurm/controller.h"

// `job explain`: what happened to a job's nodes, in one order of time, from Slurm, EC2 and the journal; and
// what is next.
namespace spillway::insight {

/// How a user names a job: 4711, or 4711_3 for an element of an array.
struct JobName {
  int64_t id = 0;
  std::optional<int64_t> index;
};
/// Errors: invalid.
Result<JobName> parse_job_name(std::string_view text);

/// Everything that was found out, and what could not be.
struct Evidence {
  JobName job;
  Time now{};
  std::optional<slurm::Job> queued;       // as slurmctld holds it
  std::vector<slurm::JobRecord> runs;     // as slurmdbd holds it, one for each time that it ran
  std::map<NodeName, slurm::Node> nodes;  // of our groups, as slurmctld sees them
  std::vector<fleet::Event> events;       // the journal's, oldest first
  fleet::Records records;                 // the journal's present
  Json gates;                             // closed ones, as fleet::to_json writes them
  std::map<InstanceId, aws::Instance> cloud;
  std::map<std::string, std::string> unseen;  // who could not be asked, and why
};

/// One thing that happened, to one node or to many at the same second.
struct Happening {
  Time at{};
  std::string source;  // slurm, journal, ec2
  std::string what;    // submitted, resume, launch, bound …
  std::vector<NodeName> nodes;
  std::vector<InstanceId> instances;
  std::string detail;
  bool operator==(const Happening&) const = default;
};

/// A node of the job as it is now.
struct Standing {
  NodeName node;
  std::string state;     // the journal's word: launching, booting, up …
  std::string in_slurm;  // ALLOCATED+CLOUD …; empty when not seen
  InstanceId instance;
  std::string in_ec2;  // "running", or "terminated: Server.SpotInstanceTermination …"
  std::string reason;
};

/// What comes next: a sentence, and the command that helps or shows more; empty when nothing is to be done.
struct Next {
  std::string what, run;
};

struct Story {
  std::string state;  // Slurm's word, or "unknown"
  std::vector<Happening> happenings;
  std::vector<Standing> nodes;
  Next next;
};

/// Whether anybody knows the job at all.
bool is_known(const Evidence& evidence);
/// Puts it together. Pure.
Story tell(const Evidence& evidence);
/// What to wait for or to do. Pure; part of tell().
Next next_of(const Evidence& evidence, const std::vector<Standing>& nodes);

Json to_json(const Evidence& evidence, const Story& story);
std::string to_text(const Evidence& evidence, const Story& story);

}  // namespace spillway::insight
