#include "slurm/command_controller.h"

#include <algorithm>

#include "base/text.h"
#include "slurm/codes.h"
#include "slurm/hostlist.h"
#include "slurm/output.h"

namespace spillway::slurm {
namespace {

constexpr size_t kNodesInOneCall = 2000;  // keeps an argument far below the kernel's limit of 128 KiB

Error failure(const std::string& program, const std::vector<std::string>& arguments,
              const Finished& finished) {
  const std::string_view said = trim(finished.err.empty() ? finished.out : finished.err);
  const auto says = [&](std::string_view words) { return said.find(words) != std::string_view::npos; };
  const std::string what = fmt::format("{} {}: {}", program, fmt::join(arguments, " "), said.substr(0, 500));
  if (says("Unable to contact slurm controller") || says("Connection refused") || says("timed out") ||
      says("Zero Bytes were transmitted") || says("Unable to establish configuration source") ||
      says("Transport endpoint") || says("Unable to establish control machine address"))
    return Error{Kind::unavailable, kSilent, what};
  if (says("permission") || says("Access/permission denied") || says("Invalid user id"))
    return Error{Kind::denied, kDenied, what};
  if (says("not found") || says("Invalid node name") || says("Invalid job id"))
    return Error{Kind::not_found, kNoSuchNode, what};
  return Error{Kind::invalid, kRefused, what};
}

template <class T, class Body>
Result<void> in_chunks(const std::vector<T>& all, const Body& body) {
  for (size_t from = 0; from < all.size(); from += kNodesInOneCall) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = all.begin() + static_cast<std::ptrdiff_t>(std::min(from + kNodesInOneCall, all.size()));
    TRY(body(std::vector<T>(first, last)));
  }
  return {};
}

/// A reason as Slurm stores it: one line, no quotes that scontrol would read as its own.
std::string clean(std::string reason) {
  for (char& c : reason)
    if (static_cast<unsigned char>(c) < ' ' || c == '"' || c == '\'') c = ' ';
  return reason.substr(0, 200);
}

}  // namespace

std::string_view to_string(NodeAction action) {
  switch (action) {
    case NodeAction::down:
      return "down";
    case NodeAction::power_down:
      return "power_down";
    case NodeAction::power_down_force:
      return "power_down_force";
    case NodeAction::power_up:
      return "power_up";
    case NodeAction::resume:
      return "resume";
    case NodeAction::drain:
      return "drain";
    case NodeAction::undrain:
      return "undrain";
  }
  return "?";
}

Result<std::string> CommandController::run(const std::string& program, std::vector<std::string> arguments,
                                           Deadline deadline) {
  Program call{.argv = {commands_.bin + "/" + program}};
  call.argv.insert(call.argv.end(), arguments.begin(), arguments.end());
  if (!commands_.slurm_conf.empty()) call.env.push_back("SLURM_CONF=" + commands_.slurm_conf);
  auto ran = runner_.run(call, deadline);
  if (!ran && ran.error().kind == Kind::timeout) return Error{Kind::timeout, kSlow, ran.error().what};
  if (!ran && ran.error().kind == Kind::not_found)
    return Error{Kind::not_found, kNoProgram, ran.error().what};
  Finished finished = TRY(std::move(ran));
  if (finished.exit_code != 0) return failure(program, arguments, finished);
  return std::move(finished.out);
}

Result<Version> CommandController::version(Deadline deadline) {
  if (!version_) version_ = TRY(parse_version(TRY(run("scontrol", {"--version"}, deadline))));
  return *version_;
}

Result<std::vector<Node>> CommandController::nodes(const std::vector<NodeName>& only, Deadline deadline) {
  std::vector<std::string> arguments = {"-o", "show", "node"};
  if (!only.empty()) arguments.push_back(fold(only));
  return parse_nodes(TRY(run("scontrol", std::move(arguments), deadline)));
}

Result<std::vector<Job>> CommandController::jobs(Deadline deadline) {
  return parse_jobs(TRY(run("squeue", {"-h", "-a", "-r", "-o", kJobFormat}, deadline)));
}

Result<std::vector<JobRecord>> CommandController::records(const RecordQuery& query, Deadline deadline) {
  if (query.ids.empty() && !query.since) return std::vector<JobRecord>{};
  std::vector<std::string> arguments = {"-n", "-P", "-X", "-o", kRecordFormat};
  if (query.every_run) arguments.emplace_back("-D");
  if (!query.ids.empty()) arguments.push_back(fmt::format("--jobs={}", fmt::join(query.ids, ",")));
  if (query.since) {
    std::string since = to_iso8601_seconds(*query.since);
    since.pop_back();  // sacct takes no Z; the command's zone is UTC
    arguments.insert(arguments.end(), {"-a", "--starttime=" + since});
  }
  return parse_records(TRY(run("sacct", std::move(arguments), deadline)));
}

Result<void> CommandController::set_addresses(const std::vector<AddressUpdate>& updates, Deadline deadline) {
  return in_chunks(updates, [&](const std::vector<AddressUpdate>& chunk) -> Result<void> {
    std::map<NodeName, const AddressUpdate*> by_node;
    std::vector<NodeName> names;
    for (const AddressUpdate& update : chunk) {
      if (!by_node.emplace(update.node, &update).second)
        return Error{Kind::invalid, fmt::format("two addresses for {}", update.node)};
      names.push_back(update.node);
    }
    // Slurm pairs the lists by position: the addresses follow the order in which the folded names expand.
    const std::string folded = fold(names);
    const std::vector<NodeName> order = TRY(expand(folded));
    std::vector<std::string> addresses, hostnames;
    for (const NodeName& name : order) {
      addresses.push_back(by_node.at(name)->address.value);
      const std::string& hostname = by_node.at(name)->hostname;
      hostnames.push_back(hostname.empty() ? name.value : hostname);
    }
    TRY(run("scontrol",
            {"update", "nodename=" + folded, fmt::format("nodeaddr={}", fmt::join(addresses, ",")),
             fmt::format("nodehostname={}", fmt::join(hostnames, ","))},
            deadline));
    std::vector<NodeName> wrong;
    for (const Node& node : TRY(nodes(order, deadline))) {
      const auto wanted = by_node.find(node.name);
      if (wanted == by_node.end()) continue;
      const std::string& hostname =
          wanted->second->hostname.empty() ? node.name.value : wanted->second->hostname;
      if (node.address != wanted->second->address.value || node.hostname != hostname)
        wrong.push_back(node.name);
    }
    if (!wrong.empty())
      return Error{Kind::conflict, kNotTaken, fmt::format("addresses of {} were not taken", fold(wrong))};
    return {};
  });
}

Result<void> CommandController::reset_addresses(const std::vector<NodeName>& all, Deadline deadline) {
  return in_chunks(all, [&](const std::vector<NodeName>& names) -> Result<void> {
    const std::string folded = fold(names);
    TRY(run("scontrol", {"update", "nodename=" + folded, "nodeaddr=" + folded, "nodehostname=" + folded},
            deadline));
    return {};
  });
}

Result<void> CommandController::set_state(const std::vector<NodeName>& all, NodeAction action,
                                          const std::string& reason, Deadline deadline) {
  if (action == NodeAction::power_down_force && TRY(version(deadline)) < Version{21, 8})
    action = NodeAction::power_down;
  const bool needs_reason = action == NodeAction::down || action == NodeAction::drain;
  if (needs_reason && trim(clean(reason)).empty())
    return Error{Kind::invalid, kRefused,
                 fmt::format("state={} of {} needs a reason", to_string(action), fold(all))};
  return in_chunks(all, [&](const std::vector<NodeName>& names) -> Result<void> {
    std::vector<std::string> arguments = {"update", "nodename=" + fold(names),
                                          fmt::format("state={}", to_string(action))};
    if (needs_reason) arguments.push_back("reason=" + clean(reason));
    TRY(run("scontrol", std::move(arguments), deadline));
    return {};
  });
}

Result<void> CommandController::signal_job(int64_t job, const std::string& signal, Deadline deadline) {
  TRY(run("scancel", {"--full", "--signal=" + signal, std::to_string(job)}, deadline));
  return {};
}

Result<void> CommandController::requeue(int64_t job, Deadline deadline) {
  TRY(run("scontrol", {"requeue", std::to_string(job)}, deadline));
  return {};
}

Result<std::map<std::string, std::string>> CommandController::configuration(Deadline deadline) {
  return parse_configuration(TRY(run("scontrol", {"show", "config"}, deadline)));
}

}  // namespace spillway::slurm
