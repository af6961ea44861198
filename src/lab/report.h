#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"

namespace spillway::lab {

/// One job as `sacct -X -P -n --format=JobIDRaw,JobID,JobName,State,NodeList,Submit,Start,End` prints it,
/// times in UTC.
struct AccountedJob {
  int64_t id = 0;
  std::string label;  // "12_3" for the third task of array 12
  std::string name;
  std::string state;  // sacct's own word
  std::vector<NodeName> nodes;
  Time submit{}, start{}, end{};  // the epoch: not yet
  bool operator==(const AccountedJob&) const = default;
};
/// Errors: invalid names the line.
Result<std::vector<AccountedJob>> parse_accounting(const std::string& text);

/// One entry of `spillway status --events -o json`.
struct FleetEvent {
  Time at{};
  std::string event;
  NodeName node;
  InstanceId instance;
  int64_t job = 0;
  std::string detail;
};
Result<std::vector<FleetEvent>> parse_events(const Json& report);

/// What a demo found out.
struct DemoFindings {
  std::vector<AccountedJob> jobs;
  std::vector<FleetEvent> events;
  Json api_calls;
  int64_t instances_left = 0, open_intents = 0;
  double seconds = 0;
  // Seen while nodes were up: the tunnel's end on the premises, {"handshake_age_s", "endpoint"}; the nodes'
  // names,
  // [{"node", "address", "ptr"}]; and what IAM lets the daemon do, {"role", "refused_without_role"}.
  Json tunnel, names, iam;
};

/// "onprem", "cloud" or "both": by the names of the nodes a job ran on.
std::string where(const AccountedJob& job);
/// Schema spillway.demo/v1.
Json demo_report(const DemoFindings& findings);
/// Why the demo did not show what it should, one sentence each; empty: it did.
std::vector<std::string> shortcomings(const DemoFindings& findings);

/// A table of the jobs and one line of figures, for people.
std::string summary(const DemoFindings& findings);

/// Lines of the timeline for events that came in together: "launch cloud-c5-[0-2]".
std::vector<std::string> timeline(const std::vector<FleetEvent>& events, Time began);

}  // namespace spillway::lab
