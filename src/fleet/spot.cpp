#include "fleet/spot.h"

namespace spillway::fleet {

std::optional<Notice> notice_on(const slurm::Node& node) {
  constexpr std::string_view kInterruption = "spillway: spot interruption at ";
  if (!node.state.is_draining()) return std::nullopt;
  if (node.reason.starts_with("spillway: rebalance recommended")) return Notice{};
  if (!node.reason.starts_with(kInterruption)) return std::nullopt;
  const auto at = parse_iso8601(std::string_view(node.reason).substr(kInterruption.size()));
  return Notice{at ? std::optional(*at) : std::nullopt};
}

}  // namespace spillway::fleet
