#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "slurm/controller.h"

namespace spillway::slurm {

// What Slurm's commands print, read. No function fails on strange input: lines that are not of the form are
// left out.

inline constexpr const char* kJobFormat = "%A;%F;%K;%T;%U;%P;%a;%D;%C;%V;%S;%N";
inline constexpr const char* kRecordFormat =
    "JobID,JobIDRaw,State,ExitCode,Partition,Account,User,AllocCPUS,ElapsedRaw,Submit,Eligible,Start,End,"
    "NodeList";

/// `scontrol -o show node`, sorted by name, each name once. Free texts stand last, so that no reason can pass
/// for a state; a node whose line, or a second line, tells a field twice is `ambiguous` and its state
/// unknown.
std::vector<Node> parse_nodes(std::string_view text);
/// `squeue -h -a -r -o kJobFormat`: fields that no user can put a separator into.
std::vector<Job> parse_jobs(std::string_view text);
/// `sacct -n -P -X -o kRecordFormat`, with times in UTC.
std::vector<JobRecord> parse_records(std::string_view text);
/// `scontrol show config`.
std::map<std::string, std::string> parse_configuration(std::string_view text);
/// `scontrol --version`: "slurm 22.05.8".
Result<Version> parse_version(std::string_view text);

}  // namespace spillway::slurm
