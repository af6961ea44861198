// A slurmctld that is a file: scontrol, squeue and sacct as crash_judge.py needs them. Chosen by the name it
// is called as; the nodes are lines `name|state|address|hostname|reason` of `nodes` beside the file that
// SLURM_CONF names, under a lock.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "base/text.h"
#include "slurm/hostlist.h"

namespace {

using namespace spillway;

struct Line {
  std::string state, address, hostname, reason;
};
using Nodes = std::map<std::string, Line>;

Nodes read_nodes(const std::filesystem::path& file) {
  Nodes nodes;
  std::ifstream in{file};
  for (std::string text; std::getline(in, text);) {
    const auto parts = split(text, '|');
    if (parts.size() == 5)
      nodes[std::string(parts[0])] = {std::string(parts[1]), std::string(parts[2]), std::string(parts[3]),
                                      std::string(parts[4])};
  }
  return nodes;
}

void write_nodes(const std::filesystem::path& file, const Nodes& nodes) {
  const std::filesystem::path fresh = file.string() + ".new";
  {
    std::ofstream out{fresh, std::ios::trunc};
    for (const auto& [name, line] : nodes)
      out << name << '|' << line.state << '|' << line.address << '|' << line.hostname << '|' << line.reason
          << '\n';
  }
  std::filesystem::rename(fresh, file);
}

/// slurmd registers as soon as slurmctld knows where to answer it.
void let_time_pass(Nodes& nodes) {
  for (auto& [name, line] : nodes)
    if (line.state.find("POWERING_UP") != std::string::npos && line.address != name)
      line.state = "ALLOCATED+CLOUD";
}

int show(const Nodes& nodes, const std::set<std::string>& only) {
  for (const auto& [name, line] : nodes)
    if (only.empty() || only.contains(name))
      std::printf(
          "NodeName=%s Arch=x86_64 CPUAlloc=0 CPUTot=4 NodeAddr=%s NodeHostName=%s Version=22.05.8 "
          "RealMemory=7500 AllocMem=0 State=%s Partitions=cloud BootTime=None%s%s\n",
          name.c_str(), line.address.c_str(), line.hostname.c_str(), line.state.c_str(),
          line.reason.empty() ? "" : " Reason=", line.reason.c_str());
  return 0;
}

std::vector<std::string> values(std::string_view text) {
  std::vector<std::string> out;
  for (const NodeName& name : slurm::expand(text).value_or(std::vector<NodeName>{}))
    out.push_back(name.value);
  return out;
}

/// `scontrol update nodename=X key=value...`, for what spillway orders.
int update(Nodes& nodes, const std::map<std::string, std::string>& orders) {
  const auto names = values(orders.at("nodename"));
  for (const std::string& name : names)
    if (!nodes.contains(name)) {
      std::fputs("slurm_update error: Invalid node name specified\n", stderr);
      return 1;
    }
  for (const auto& [key, value] : orders) {
    const auto list = key == "nodeaddr" || key == "nodehostname" ? values(value) : std::vector<std::string>{};
    for (size_t i = 0; i < names.size(); ++i) {
      Line& line = nodes[names[i]];
      if (key == "nodeaddr") line.address = list.at(i);
      if (key == "nodehostname") line.hostname = list.at(i);
      if (key == "reason") line.reason = value;
      if (key == "state" && value == "down") line.state = "DOWN+CLOUD";
      if (key == "state" && value.starts_with("power_down")) line.state = "IDLE+CLOUD+POWERED_DOWN";
    }
  }
  return 0;
}

int scontrol(const std::vector<std::string>& words, const std::filesystem::path& file) {
  if (words.at(0) == "--version") return std::puts("slurm 22.05.8") < 0;
  if (words.size() > 1 && words[0] == "show" && words[1] == "config")
    return std::puts("SuspendTime             = 400 sec\nResumeTimeout           = 300 sec") < 0;
  Nodes nodes = read_nodes(file);
  let_time_pass(nodes);
  int code = 0;
  if (words[0] == "-o") {
    std::set<std::string> only;
    if (words.size() > 3)
      for (std::string& name : values(words[3])) only.insert(std::move(name));
    code = show(nodes, only);
  } else {
    std::map<std::string, std::string> orders;
    for (const std::string& word : words)
      if (const size_t equals = word.find('='); equals != std::string::npos)
        orders[word.substr(0, equals)] = word.substr(equals + 1);
    code = update(nodes, orders);
  }
  if (code == 0) write_nodes(file, nodes);
  return code;
}

/// One job holds every node that is not off.
int squeue(const std::filesystem::path& file) {
  std::vector<NodeName> held;
  bool waits = false;
  for (const auto& [name, line] : read_nodes(file)) {
    if (!line.state.starts_with("ALLOCATED")) continue;
    held.emplace_back(name);
    waits = waits || line.state.find("POWERING_UP") != std::string::npos;
  }
  if (!held.empty())
    std::printf("7;7;N/A;%s;1000;cloud;(null);%zu;4;2026-11-23T08:00:00;2026-11-23T08:00:01;%s\n",
                waits ? "CONFIGURING" : "RUNNING", held.size(), slurm::fold(held).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const char* conf = std::getenv("SLURM_CONF");
  if (!conf || argc < 2) return 2;
  const std::filesystem::path folder = std::filesystem::path(conf).parent_path();
  const int lock = open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) return 2;
  const std::string name = std::filesystem::path(argv[0]).filename();
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (name == "scontrol") return scontrol(words, folder / "nodes");
  if (name == "squeue") return squeue(folder / "nodes");
  return 0;
}
