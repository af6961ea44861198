// partitions.json and config.json: whatever is accepted can be written as slurm.conf, line by line, and every
// name of a node leads back to it.
#include <cstdint>
#include <cstdlib>

#include "config/partitions.h"
#include "config/plugin_v2.h"
#include "slurm/conf_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const auto json = Json::parse({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  if (const auto plugin = config::parse_plugin_config(*json, "/", "f");
      !plugin && plugin.error().code.empty())
    abort();
  const auto partitions = config::parse_partitions(*json, "f");
  if (!partitions) {
    if (partitions.error().code.empty() || partitions.error().kind != Kind::invalid) abort();
    return 0;
  }
  size_t lines = 0;
  for (const config::Partition& partition : partitions->partitions) {
    lines += 2 + partition.groups.size();
    for (const config::NodeGroup& group : partition.groups)
      for (const int i : {0, group.max_nodes - 1}) {
        const auto place = partitions->find(group.node(i));
        if (!place || place->group != &group || place->index != i) abort();
      }
  }
  size_t written = 0;
  for (const char c : slurm::node_lines(*partitions)) written += c == '\n' ? 1 : 0;
  if (written != lines) abort();
  (void)slurm::gres_conf_aws(*partitions);
  return 0;
}
