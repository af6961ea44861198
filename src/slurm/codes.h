#pragma once
#include "base/error.h"

namespace spillway::slurm {

// The failures of this room that operators meet by name.
inline constexpr Code kBadHostlist{
    "SPW-SLURM-001", "a hostlist is names with ranges, as in c5-[0-2,5],gpu-a-0",
    "check what follows the named position; `scontrol show hostnames` expands lists"};
inline constexpr Code kHugeHostlist{"SPW-SLURM-002",
                                    "a list of more than 100,000 names is taken for a mistake or an attack",
                                    "give the list in parts"};
inline constexpr Code kBadNodeState{
    "SPW-SLURM-003", "the text is no node state of Slurm 20.02 to 25.05",
    "compare with `scontrol show node`, and report the state if Slurm wrote it"};
inline constexpr Code kBadResumeFile{"SPW-SLURM-004",
                                     "SLURM_RESUME_FILE is JSON with all_nodes_resume and jobs",
                                     "nothing: the nodes are taken from the hook's argument instead"};
inline constexpr Code kSilent{"SPW-SLURM-010", "slurmctld (or slurmdbd, for accounting) does not answer",
                              "scontrol ping; systemctl status slurmctld; journalctl -u slurmctld"};
inline constexpr Code kSlow{"SPW-SLURM-011", "slurmctld is overloaded, or waits for a resolver that is down",
                            "sdiag; check DNS on slurmctld's host: an unreachable resolver stalls it"};
inline constexpr Code kDenied{"SPW-SLURM-012", "only SlurmUser, root and Slurm operators may change nodes",
                              "run it as SlurmUser: sudo -u slurm spillway …"};
inline constexpr Code kNoSuchNode{"SPW-SLURM-013", "slurm.conf and partitions.json name different nodes",
                                  "spillway config slurm, compare, and restart slurmctld after adding nodes"};
inline constexpr Code kNoProgram{
    "SPW-SLURM-014", "Slurm's commands are not where the configuration says",
    "set cluster.slurm_bin (SlurmBinPath in config.json) to the folder of scontrol"};
inline constexpr Code kRefused{"SPW-SLURM-015", "slurmctld does not allow this change in the node's state",
                               "scontrol show node NAME; slurmctld.log tells more"};
inline constexpr Code kUnreadable{"SPW-SLURM-016",
                                  "this version of Slurm prints something that is not known here",
                                  "report the version and the output shown"};
inline constexpr Code kNotTaken{"SPW-SLURM-017", "slurmctld accepted the update, but shows other values",
                                "scontrol show node NAME; another writer may be setting addresses"};
inline constexpr Code kBadGres{"SPW-SLURM-018",
                               "gres.conf can be written for one kind of device a group only",
                               "write it as \"Gres\": \"gpu:4\" or \"gpu:a100:4\""};

}  // namespace spillway::slurm
