// Whatever a cloud node or a user makes Slurm's commands print is read without harm, and no node is told
// twice.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "slurm/node_state.h"
#include "slurm/output.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  std::set<NodeName> seen;
  for (const slurm::Node& node : slurm::parse_nodes(text)) {
    if (!seen.insert(node.name).second) abort();
    if (node.ambiguous && node.state.base != slurm::NodeState::Base::unknown) abort();
  }
  for (const slurm::Job& job : slurm::parse_jobs(text))
    if (job.id <= 0) abort();
  for (const slurm::JobRecord& record : slurm::parse_records(text))
    if (record.state.find('|') != std::string::npos) abort();
  slurm::parse_configuration(text);
  (void)slurm::parse_version(text);
  if (const auto state = slurm::parse_node_state(text)) {
    const auto again = slurm::parse_node_state(slurm::to_string(*state));
    if (!again || again->flags != state->flags || again->base != state->base) abort();
  }
  return 0;
}
