#pragma once
#include <optional>

#include "base/time.h"
#include "slurm/controller.h"

namespace spillway::fleet {

/// What a node said of its own end, in the reason with which its agent (share/bootstrap/agent.sh) drained it.
struct Notice {
  std::optional<Time> ends_at;  // EC2 takes it then; nothing: it is only at risk (a rebalance recommendation)
};
/// Source: EC2 User Guide, "Spot Instance interruption notices": two minutes before, in the metadata.
std::optional<Notice> notice_on(const slurm::Node& node);

/// How the reasons begin that are ours, and that we take back when the machine is gone.
inline constexpr std::string_view kOurReason = "spillway: ";

}  // namespace spillway::fleet
