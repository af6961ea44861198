#include "config/instance_shape.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace spillway::config {
namespace {

/// Memory for each vCPU by the family's letter, in generations 5 to 8.
std::optional<int64_t> mib_per_vcpu(std::string_view family) {
  if (family == "c5n") return std::nullopt;  // 2.625 GiB a vCPU
  if (family.size() < 2 || family[1] < '5' || family[1] > '8') return std::nullopt;
  switch (family[0]) {
    case 'c':
      return 2 * 1024;
    case 'm':
      return 4 * 1024;
    case 'r':
      return 8 * 1024;
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> vcpus_of(std::string_view size) {
  if (size == "medium") return 1;
  if (size == "large") return 2;
  if (size == "xlarge") return 4;
  if (!size.ends_with("xlarge")) return std::nullopt;
  const auto times = parse_int(size.substr(0, size.size() - 6));
  if (!times || *times < 2 || *times > 128) return std::nullopt;
  return 4 * *times;
}

struct Burstable {
  std::string_view size;
  InstanceShape shape;
};
constexpr auto kT3 = std::to_array<Burstable>({{"nano", {2, 512}},
                                               {"micro", {2, 1024}},
                                               {"small", {2, 2048}},
                                               {"medium", {2, 4096}},
                                               {"large", {2, 8192}},
                                               {"xlarge", {4, 16384}},
                                               {"2xlarge", {8, 32768}}});

}  // namespace

int64_t safe_real_memory(const InstanceShape& shape) {
  return std::max(shape.memory_mib - shape.memory_mib / 20 - 256, shape.memory_mib / 2);
}

int64_t most_real_memory(const InstanceShape& shape) {
  return shape.memory_mib - shape.memory_mib / 64;
}

std::optional<InstanceShape> shape_of(std::string_view instance_type) {
  const size_t dot = instance_type.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view family = instance_type.substr(0, dot), size = instance_type.substr(dot + 1);
  if (family == "t3" || family == "t3a" || family == "t4g") {
    for (const Burstable& known : kT3)
      if (known.size == size) return known.shape;
    return std::nullopt;
  }
  const auto memory = mib_per_vcpu(family);
  const auto vcpus = vcpus_of(size);
  if (!memory || !vcpus) return std::nullopt;
  return InstanceShape{*vcpus, *vcpus * *memory};
}

}  // namespace spillway::config
