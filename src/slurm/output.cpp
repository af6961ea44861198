#include "slurm/output.h"

#include <algorithm>

#include "base/text.h"
#include "slurm/codes.h"
#include "slurm/hostlist.h"

namespace spillway::slurm {
namespace {

/// The value of `key` in a line of key=value pairs: up to the next blank, or to the end when `to_end`.
std::string_view field(std::string_view line, std::string_view key, bool to_end = false) {
  for (size_t at = 0; (at = line.find(key, at)) != std::string_view::npos; ++at) {
    const bool whole = at == 0 || line[at - 1] == ' ';
    if (!whole || line.substr(at + key.size(), 1) != "=") continue;
    const std::string_view value = line.substr(at + key.size() + 1);
    return to_end ? value : value.substr(0, value.find(' '));
  }
  return {};
}

/// "Not responding [slurm@2026-11-22T10:00:00] Comment=x" without what follows the reason.
std::string_view without_signature(std::string_view reason) {
  for (const std::string_view next : {"] Comment=", "] Extra="})
    if (const size_t end = reason.find(next); end != std::string_view::npos)
      reason = reason.substr(0, end + 1);
  const size_t bracket = reason.rfind(" [");
  return trim(bracket != std::string_view::npos && trim(reason).ends_with(']') ? reason.substr(0, bracket)
                                                                               : reason);
}

/// What Slurm prints for a text that is not there.
std::string text_or_nothing(std::string_view text) {
  return text == "(null)" || text == "N/A" ? std::string() : std::string(text);
}

std::vector<NodeName> node_list(std::string_view text) {
  if (text.empty() || text.starts_with('(') || text == "None assigned") return {};
  return expand(text).value_or(std::vector<NodeName>{});
}

std::optional<Time> moment(std::string_view text) {
  const auto time = parse_iso8601(std::string(text) + "Z");  // TZ=UTC in the command's environment
  return time ? std::optional<Time>{*time} : std::nullopt;
}

}  // namespace

namespace {

size_t times(std::string_view text, std::string_view key) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(key, at)) != std::string_view::npos; at += key.size()) ++count;
  return count;
}

/// Whether the part of a node's line that nobody should be able to write into tells a field twice. Root on a
/// cloud node decides what its slurmd registers as Arch, Version and OS, and these stand before State.
bool is_ambiguous(std::string_view line) {
  std::string_view head = line;
  for (const std::string_view free_text : {" Reason=", " Comment=", " Extra="})
    head = head.substr(0, head.find(free_text));
  for (const std::string_view key :
       {" State=", " NodeAddr=", " NodeHostName=", " BootTime=", " LastBusyTime="})
    if (times(head, key) > 1) return true;
  return times(head, "NodeName=") > 1;
}

Node node_in(std::string_view line) {
  const auto number = [&](std::string_view key) { return parse_int(field(line, key)).value_or(0); };
  Node node{.name = NodeName{std::string(field(line, "NodeName"))},
            .state = parse_node_state(field(line, "State")).value_or(NodeState{}),
            .address = std::string(field(line, "NodeAddr")),
            .hostname = std::string(field(line, "NodeHostName")),
            .reason = std::string(without_signature(field(line, "Reason", true))),
            .cpus = number("CPUTot"),
            .cpus_allocated = number("CPUAlloc"),
            .memory_mib = number("RealMemory"),
            .memory_allocated_mib = number("AllocMem"),
            .boot_time = moment(field(line, "BootTime")),
            .slurmd_start_time = moment(field(line, "SlurmdStartTime")),
            .last_busy = moment(field(line, "LastBusyTime")),
            .ambiguous = is_ambiguous(line),
            .version = std::string(field(line, "Version"))};
  if (node.ambiguous) node.state = {};
  for (const std::string_view partition : split(field(line, "Partitions"), ','))
    if (!partition.empty()) node.partitions.emplace_back(partition);
  return node;
}

}  // namespace

std::vector<Node> parse_nodes(std::string_view text) {
  std::vector<Node> nodes;
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with("NodeName=")) nodes.push_back(node_in(line));
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) { return a.name < b.name; });
  // A line break in a free text can start a line that looks like another node's. Which one is true is not
  // ours to guess: the node stays, its state does not.
  std::vector<Node> out;
  for (Node& node : nodes) {
    if (out.empty() || out.back().name != node.name) {
      out.push_back(std::move(node));
    } else {
      out.back().ambiguous = true;
      out.back().state = {};
    }
  }
  return out;
}

std::vector<Job> parse_jobs(std::string_view text) {
  std::vector<Job> jobs;
  for (const std::string_view line : split(text, '\n')) {
    const auto parts = split(line, ';');
    const auto id = parse_int(parts[0]);
    if (parts.size() != 12 || !id || *id <= 0) continue;
    jobs.push_back({.id = *id,
                    .array_id = parse_int(parts[1]).value_or(*id),
                    .array_index = parse_int(parts[2]),
                    .state = std::string(parts[3]),
                    .nodes = node_list(parts[11]),
                    .user = static_cast<uid_t>(parse_int(parts[4]).value_or(-1)),
                    .partition = std::string(parts[5]),
                    .account = text_or_nothing(parts[6]),
                    .node_count = parse_int(parts[7]).value_or(0),
                    .cpus = parse_int(parts[8]).value_or(0),
                    .submit = moment(parts[9]),
                    .start = moment(parts[10])});
  }
  return jobs;
}

std::vector<JobRecord> parse_records(std::string_view text) {
  std::vector<JobRecord> records;
  for (const std::string_view line : split(text, '\n')) {
    const auto parts = split(line, '|');
    if (parts.size() != 14 || parse_int(parts[1]).value_or(0) <= 0) continue;
    const auto codes = split(parts[3], ':');
    records.push_back({.id = parse_int(parts[1]).value_or(0),
                       .job_id = std::string(parts[0]),
                       .state = std::string(parts[2].substr(0, parts[2].find(' '))),
                       .exit_code = static_cast<int>(parse_int(codes[0]).value_or(0)),
                       .signal = codes.size() > 1 ? static_cast<int>(parse_int(codes[1]).value_or(0)) : 0,
                       .nodes = node_list(parts[13]),
                       .partition = std::string(parts[4]),
                       .account = std::string(parts[5]),
                       .user = std::string(parts[6]),
                       .cpus = parse_int(parts[7]).value_or(0),
                       .elapsed_s = parse_int(parts[8]).value_or(0),
                       .submit = moment(parts[9]),
                       .eligible = moment(parts[10]),
                       .start = moment(parts[11]),
                       .end = moment(parts[12])});
  }
  return records;
}

std::map<std::string, std::string> parse_configuration(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const std::string_view line : split(text, '\n')) {
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    values.emplace(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
  }
  return values;
}

Result<Version> parse_version(std::string_view text) {
  const std::string_view words = trim(text);
  const auto numbers =
      split(words.substr(words.rfind(' ') == std::string_view::npos ? 0 : words.rfind(' ') + 1), '.');
  const auto year = parse_int(numbers[0]);
  const auto month = numbers.size() > 1 ? parse_int(numbers[1]) : std::nullopt;
  if (!year || !month)
    return Error{Kind::internal, kUnreadable,
                 fmt::format("'{}' is no version of Slurm", words.substr(0, 80))};
  return Version{static_cast<int>(*year), static_cast<int>(*month)};
}

}  // namespace spillway::slurm
