// Stands for scontrol in bench/run launch and answers at once, so that what is timed is not Slurm. Beside it
// lie: `size`, how many nodes cloud-c5-[0-N] there are; `resumed`, once Slurm has asked for them;
// `addresses`, one "address hostname" a node, as they were told; `updates`, to which each update appends
// "CLOCK_MONOTONIC-in-ns nodes".
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "base/text.h"
#include "slurm/hostlist.h"

namespace {

using namespace spillway;
namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Told {
  std::string address, hostname;
};

std::vector<Told> read_told(const fs::path& folder, size_t size) {
  std::vector<Told> told(size);
  std::ifstream in(folder / "addresses");
  for (auto& each : told)
    if (!(in >> each.address >> each.hostname)) break;
  return told;
}

size_t index_of(const NodeName& name) {
  return static_cast<size_t>(parse_int(std::string_view(name.value).substr(9)).value_or(0));
}

std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> out;
  for (const std::string_view word : split(list, ',')) out.emplace_back(word);
  return out;
}

int show(const fs::path& folder, const std::vector<Told>& told, const std::string& names) {
  const char* state = fs::exists(folder / "resumed") ? "IDLE+CLOUD+POWERING_UP" : "IDLE+CLOUD+POWERED_DOWN";
  std::string out;
  const auto print = [&](size_t i) {
    const std::string name = fmt::format("cloud-c5-{}", i);
    const bool known = !told[i].address.empty() && told[i].address != "-";
    out += fmt::format(
        "NodeName={0} Arch=x86_64 CoresPerSocket=1 CPUAlloc=0 CPUTot=2 CPULoad=0.00 AvailableFeatures=(null) "
        "ActiveFeatures=(null) Gres=(null) NodeAddr={1} NodeHostName={2} RealMemory=3600 AllocMem=0 "
        "FreeMem=N/A Sockets=2 Boards=1 State={3} ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A "
        "MCS_label=N/A Partitions=cloud BootTime=None SlurmdStartTime=None LastBusyTime=Unknown "
        "CfgTRES=cpu=2,"
        "mem=3600M,billing=2 AllocTRES= CapWatts=n/a CurrentWatts=0 AveWatts=0 ExtSensorsJoules=n/s "
        "ExtSensorsWatts=0 ExtSensorsTemp=n/s\n",
        name, known ? told[i].address : name, known ? told[i].hostname : name, state);
  };
  const std::vector<NodeName> asked = names.empty() ? std::vector<NodeName>{} : slurm::expand(names).value();
  for (const NodeName& name : asked) print(index_of(name));
  for (size_t i = 0; names.empty() && i < told.size(); ++i) print(i);
  std::cout << out;
  return 0;
}

int update(const fs::path& folder, std::vector<Told> told, const std::vector<std::string>& arguments) {
  std::vector<NodeName> names;
  std::vector<std::string> addresses, hostnames;
  for (const std::string& argument : arguments) {
    const size_t end = argument.find('=');
    const std::string key = to_lower(argument.substr(0, end)), value = argument.substr(end + 1);
    if (key == "nodename") names = *slurm::expand(value);
    if (key == "nodeaddr") addresses = words(value);
    if (key == "nodehostname") hostnames = words(value);
  }
  if (addresses.size() != names.size()) return 1;
  for (size_t i = 0; i < names.size(); ++i)
    told[index_of(names[i])] = {addresses[i], hostnames.empty() ? names[i].value : hostnames[i]};
  std::string text;
  for (const Told& each : told)
    text += each.address.empty() ? "- -\n" : each.address + " " + each.hostname + "\n";
  std::ofstream(folder / "addresses") << text;
  const std::string line =
      fmt::format("{} {}\n", std::chrono::steady_clock::now().time_since_epoch().count(), names.size());
  const int log = open((folder / "updates").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  return log >= 0 && write(log, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.front() == "-o") arguments.erase(arguments.begin());
  if (arguments.empty()) return 2;
  const fs::path folder = fs::path(argv[0]).parent_path();
  const auto size = static_cast<size_t>(parse_int(trim(text_of(folder / "size"))).value_or(0));
  if (arguments.front() == "--version") return std::cout << "slurm 22.05.8\n", 0;
  if (arguments.front() == "update") return update(folder, read_told(folder, size), arguments);
  if (arguments.front() == "show" && arguments.at(1) == "config")
    return std::cout << "SuspendTime = INFINITE\n", 0;
  if (arguments.front() == "show" && arguments.at(1) == "node")
    return show(folder, read_told(folder, size), arguments.size() > 2 ? arguments[2] : "");
  return 2;
}
