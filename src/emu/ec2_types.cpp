#include <algorithm>
#include <array>

#include "emu/ec2.h"

// DescribeInstanceTypes over a small table of AWS's published figures (instance type pages, November 2026).
namespace spillway::emu {
namespace {

constexpr std::string_view kX86 = "x86_64", kArm = "arm64";
constexpr std::string_view kIntel2 = "Intel Xeon Platinum 8124M", kIntel3 = "Intel Xeon 8375C (Ice Lake)",
                           kAmd = "AMD EPYC 9R14 Processor", kGraviton3 = "AWS Graviton3 Processor";

constexpr std::array kTypes = {
    TypeFacts{"t3.micro", 2, 1, 1024, kX86, "Intel Skylake E5 2686 v5", "Up to 5 Gigabit"},
    TypeFacts{"t3.small", 2, 1, 2048, kX86, "Intel Skylake E5 2686 v5", "Up to 5 Gigabit"},
    TypeFacts{"t3.medium", 2, 1, 4096, kX86, "Intel Skylake E5 2686 v5", "Up to 5 Gigabit"},
    TypeFacts{"m1.small", 1, 1, 1740, kX86, "Intel Xeon Family", "Low"},
    TypeFacts{"m5.large", 2, 1, 8192, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"m5.xlarge", 4, 2, 16384, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"m5.2xlarge", 8, 4, 32768, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"m5.4xlarge", 16, 8, 65536, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"m5.24xlarge", 96, 48, 393216, kX86, "Intel Xeon Platinum 8175", "25 Gigabit"},
    TypeFacts{"m6i.large", 2, 1, 8192, kX86, kIntel3, "Up to 12.5 Gigabit"},
    TypeFacts{"m6i.xlarge", 4, 2, 16384, kX86, kIntel3, "Up to 12.5 Gigabit"},
    TypeFacts{"m7g.xlarge", 4, 4, 16384, kArm, kGraviton3, "Up to 12.5 Gigabit"},
    TypeFacts{"c5.large", 2, 1, 4096, kX86, kIntel2, "Up to 10 Gigabit"},
    TypeFacts{"c5.xlarge", 4, 2, 8192, kX86, kIntel2, "Up to 10 Gigabit"},
    TypeFacts{"c5.2xlarge", 8, 4, 16384, kX86, kIntel2, "Up to 10 Gigabit"},
    TypeFacts{"c5.4xlarge", 16, 8, 32768, kX86, kIntel2, "Up to 10 Gigabit"},
    TypeFacts{"c5.9xlarge", 36, 18, 73728, kX86, kIntel2, "12 Gigabit"},
    TypeFacts{"c5.18xlarge", 72, 36, 147456, kX86, kIntel2, "25 Gigabit"},
    TypeFacts{"c5n.18xlarge", 72, 36, 196608, kX86, kIntel2, "100 Gigabit"},
    TypeFacts{"c6i.large", 2, 1, 4096, kX86, kIntel3, "Up to 12.5 Gigabit"},
    TypeFacts{"c6i.xlarge", 4, 2, 8192, kX86, kIntel3, "Up to 12.5 Gigabit"},
    TypeFacts{"c6i.2xlarge", 8, 4, 16384, kX86, kIntel3, "Up to 12.5 Gigabit"},
    TypeFacts{"c6i.32xlarge", 128, 64, 262144, kX86, kIntel3, "50 Gigabit"},
    TypeFacts{"c7g.xlarge", 4, 4, 8192, kArm, kGraviton3, "Up to 12.5 Gigabit"},
    TypeFacts{"r5.large", 2, 1, 16384, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"r5.xlarge", 4, 2, 32768, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"r5.2xlarge", 8, 4, 65536, kX86, "Intel Xeon Platinum 8175", "Up to 10 Gigabit"},
    TypeFacts{"hpc7a.96xlarge", 192, 192, 786432, kX86, kAmd, "300 Gigabit"},
    TypeFacts{"g4dn.xlarge", 4, 2, 16384, kX86, "Intel Xeon Family", "Up to 25 Gigabit", 1},
    TypeFacts{"p3.2xlarge", 8, 4, 62464, kX86, "Intel Xeon E5-2686 v4", "Up to 10 Gigabit", 1},
};

void write_type(Xml& xml, const TypeFacts& type) {
  xml.text("instanceType", type.name).flag("currentGeneration", type.name != "m1.small");
  xml.in("supportedUsageClasses", [&] { xml.text("item", "on-demand").text("item", "spot"); });
  xml.in("supportedRootDeviceTypes", [&] { xml.text("item", "ebs"); });
  xml.in("supportedVirtualizationTypes", [&] { xml.text("item", "hvm"); });
  xml.flag("bareMetal", false).text("hypervisor", "nitro");
  xml.in("processorInfo",
         [&] { xml.in("supportedArchitectures", [&] { xml.text("item", type.architecture); }); });
  xml.in("vCpuInfo", [&] {
    xml.number("defaultVCpus", type.vcpus).number("defaultCores", type.cores);
    xml.number("defaultThreadsPerCore", type.vcpus / type.cores);
  });
  xml.in("memoryInfo", [&] { xml.number("sizeInMiB", type.memory_mib); });
  xml.flag("instanceStorageSupported", false);
  xml.in("networkInfo", [&] { xml.text("networkPerformance", type.network).text("enaSupport", "required"); });
  if (type.gpus)
    xml.in("gpuInfo", [&] {
      xml.in("gpus",
             [&] { xml.in("item", [&] { xml.text("manufacturer", "NVIDIA").number("count", type.gpus); }); });
    });
}

Answer<Xml> describe_instance_types(Account&, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  std::vector<std::string> wanted = call.params.list("InstanceType");
  for (const std::string& name : wanted)
    if (!find_type(name))
      return refusal("InvalidInstanceType",
                     fmt::format("The following supplied instance types do not exist: [{}]", name));
  std::vector<const TypeFacts*> types;
  for (const TypeFacts& type : kTypes) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), type.name) == wanted.end()) continue;
    bool passes = EMU_TRY(passes_filters(
        read_filters(call.params), {}, [&](std::string_view name) -> std::optional<std::vector<std::string>> {
          if (name == "instance-type") return std::vector{std::string(type.name)};
          if (name == "processor-info.supported-architecture")
            return std::vector{std::string(type.architecture)};
          if (name == "vcpu-info.default-vcpus") return std::vector{std::to_string(type.vcpus)};
          if (name == "memory-info.size-in-mib") return std::vector{std::to_string(type.memory_mib)};
          if (name == "current-generation")
            return std::vector<std::string>{type.name == "m1.small" ? "false" : "true"};
          return std::nullopt;
        }));
    if (passes) types.push_back(&type);
  }
  std::sort(types.begin(), types.end(), [](auto a, auto b) { return a->name < b->name; });
  std::vector<std::string> names;
  for (const TypeFacts* type : types) names.emplace_back(type->name);
  Page page = EMU_TRY(page_of(call.params, names, 5, 100));
  Xml xml;
  xml.in("instanceTypeSet", [&] {
    for (size_t i = page.first; i < page.last; ++i) xml.in("item", [&] { write_type(xml, *types[i]); });
  });
  if (!page.next.empty()) xml.text("nextToken", page.next);
  return xml;
}

}  // namespace

const TypeFacts* find_type(std::string_view name) {
  auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeFacts& type) { return type.name == name; });
  return found == kTypes.end() ? nullptr : &*found;
}

const XmlOperations& ec2_type_operations() {
  static const XmlOperations kTable = {{"DescribeInstanceTypes", describe_instance_types}};
  return kTable;
}

}  // namespace spillway::emu
