#pragma once
#include "base/subprocess.h"
#include "slurm/controller.h"

namespace spillway::slurm {

/// Where Slurm's commands are and which configuration they read.
struct Commands {
  std::string bin = "/usr/bin";
  std::string slurm_conf;  // empty: the commands' own default
};

/// Runs scontrol, squeue and sacct by absolute path, with arguments as a list and an environment of our own.
class CommandController final : public Controller {
 public:
  CommandController(Runner& runner, Commands commands) : runner_(runner), commands_(std::move(commands)) {}
  Result<Version> version(Deadline deadline) override;
  Result<std::vector<Node>> nodes(const std::vector<NodeName>& only, Deadline deadline) override;
  Result<std::vector<Job>> jobs(Deadline deadline) override;
  Result<std::vector<JobRecord>> records(const RecordQuery& query, Deadline deadline) override;
  Result<void> set_addresses(const std::vector<AddressUpdate>& updates, Deadline deadline) override;
  Result<void> reset_addresses(const std::vector<NodeName>& nodes, Deadline deadline) override;
  Result<void> set_state(const std::vector<NodeName>& nodes, NodeAction action, const std::string& reason,
                         Deadline deadline) override;
  Result<void> signal_job(int64_t job, const std::string& signal, Deadline deadline) override;
  Result<void> requeue(int64_t job, Deadline deadline) override;
  Result<std::map<std::string, std::string>> configuration(Deadline deadline) override;

 private:
  Result<std::string> run(const std::string& program, std::vector<std::string> arguments, Deadline deadline);

  Runner& runner_;
  Commands commands_;
  std::optional<Version> version_;
};

}  // namespace spillway::slurm
