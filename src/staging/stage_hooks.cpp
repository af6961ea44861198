#include <fmt/ranges.h>

#include "base/text.h"
#include "staging/codes.h"
#include "staging/stage_commands.h"

namespace spillway::staging {

extern const std::string kBurstBufferLua, kJobSubmitLua, kEpilogSlurmctld, kNodeProlog,
    kNodeEpilog;  // share/slurm

namespace {

struct HookFile {
  const char* name;
  const std::string& text;
};
const HookFile kFiles[] = {{"burst_buffer.lua", kBurstBufferLua},
                           {"job_submit.lua", kJobSubmitLua},
                           {"epilog-slurmctld", kEpilogSlurmctld},
                           {"node-prolog", kNodeProlog},
                           {"node-epilog", kNodeEpilog}};

constexpr const char* kHowTo =
    R"(# Jobs' data and Slurm. Each file is printed by: spillway data stage hooks NAME
#
# Always: the helper that becomes the jobs' users, on slurmctld's host, as root
systemctl enable --now spillway-stage
# PrologSlurmctld is spillway's own already; it brings inputs into the bucket while nodes boot.
spillway data stage hooks epilog-slurmctld > /etc/slurm/epilog-slurmctld; chmod 755 /etc/slurm/epilog-slurmctld
#   slurm.conf:  EpilogSlurmctld=/etc/slurm/epilog-slurmctld
# In the image of cloud nodes, with spillway itself in /usr/sbin:
spillway data stage hooks node-prolog > /etc/spillway/prolog.d/20-data
spillway data stage hooks node-epilog > /etc/spillway/epilog.d/20-data
#   slurm.conf:  Prolog=/etc/spillway/prolog.d/*   Epilog=/etc/spillway/epilog.d/*
#
# With burst_buffer/lua (Slurm 21.08 and newer): inputs are staged before nodes are asked for
spillway data stage hooks burst_buffer.lua > /etc/slurm/burst_buffer.lua
#   slurm.conf:        BurstBufferType=burst_buffer/lua
#   burst_buffer.conf: StageInTimeout=86400, StageOutTimeout=86400; Directive=SPILLWAY where #SPILLWAY shall mean it as well
# Without it: directives are checked at submission by
spillway data stage hooks job_submit.lua    # JobSubmitPlugins=lua; add it to yours
)";

Result<int> run(const Invocation& asked) {
  if (asked.arguments.empty()) return fmt::print("{}", kHowTo), 0;
  std::vector<std::string> known;
  for (const HookFile& file : kFiles) {
    if (asked.arguments[0] == file.name) return fmt::print("{}", file.text), 0;
    known.emplace_back(file.name);
  }
  return Error{Kind::invalid, kBadOption,
               fmt::format("{} is none of {}", in_quotes(asked.arguments[0]), fmt::join(known, ", "))};
}

}  // namespace

Command stage_hooks_command() {
  return {.path = "data stage hooks",
          .summary = "Print how Slurm is told of jobs' data, or one of its hooks.",
          .description =
              "Changes nothing. Names: burst_buffer.lua, job_submit.lua, epilog-slurmctld, node-prolog, "
              "node-epilog.",
          .positionals = {{"NAME", "A hook to print; else what to do.", false}},
          .examples = {{"spillway data stage hooks burst_buffer.lua > /etc/slurm/burst_buffer.lua",
                        "Install the burst buffer."}},
          .run = run};
}

}  // namespace spillway::staging
