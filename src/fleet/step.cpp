#include "fleet/step.h"

#include <fmt/format.h>

#include "fleet/world.h"

namespace spillway::fleet {
namespace {

template <class T>
std::string some(const std::vector<T>& things) {
  std::string text;
  for (size_t i = 0; i < things.size() && i < 5; ++i) text += fmt::format("{}{}", i ? " " : "", things[i]);
  if (things.size() > 5) text += fmt::format(" and {} more", things.size() - 5);
  return text;
}
std::string some(const std::vector<MachineRecord>& machines) {
  std::vector<std::string> names;
  for (const MachineRecord& machine : machines)
    names.push_back(machine.node.empty() ? machine.id.value : fmt::format("{}={}", machine.node, machine.id));
  return some(names);
}
std::string some(const std::vector<NodeRecord>& nodes) {
  std::vector<NodeName> names;
  for (const NodeRecord& node : nodes) names.push_back(node.name);
  return some(names);
}

struct Line {
  std::string operator()(const Launch& s) const {
    std::vector<NodeName> names;
    for (const LaunchNode& each : s.record.nodes) names.push_back(each.node);
    return fmt::format("launch {} of {} for {} ({})", names.size(), s.record.group, some(names),
                       s.record.intent);
  }
  std::string operator()(const Assign& s) const {
    return fmt::format("assign {}: {}{}{}{}", s.intent, some(s.bound),
                       s.surplus.empty() ? "" : "; surplus " + some(s.surplus),
                       s.again.empty() ? "" : "; elsewhere for " + some(s.again),
                       s.short_of.empty() ? "" : "; none for " + some(s.short_of));
  }
  std::string operator()(const Publish& s) const { return fmt::format("publish {}", s.intent); }
  std::string operator()(const Release& s) const { return "release secrets to " + some(s.instances); }
  std::string operator()(const SetAddresses& s) const { return "set addresses of " + some(s.machines); }
  std::string operator()(const WriteTags& s) const { return "tag " + some(s.machines); }
  std::string operator()(const MarkJoined& s) const { return "joined: " + some(s.instances); }
  std::string operator()(const Withdraw& s) const { return "withdraw secrets of " + some(s.instances); }
  std::string operator()(const Terminate& s) const {
    return fmt::format("terminate {} ({})", some(s.instances), s.reason);
  }
  std::string operator()(const Close& s) const {
    return fmt::format("gone: {} ({})", some(s.instances), s.reason);
  }
  std::string operator()(const Fail& s) const {
    return fmt::format("failed: {} ({})", some(s.nodes), s.nodes.empty() ? "" : s.nodes.front().reason);
  }
  std::string operator()(const MarkDown& s) const {
    return fmt::format("set {} DOWN ({})", some(s.nodes), s.reason);
  }
  std::string operator()(const Interrupt& s) const {
    return fmt::format("about to be taken back: {} ({})", some(s.machines), s.reason);
  }
  std::string operator()(const Requeue& s) const {
    return "requeue jobs " + some(std::vector(s.jobs.begin(), s.jobs.end()));
  }
  std::string operator()(const Connect& s) const {
    std::vector<NodeName> names;
    for (const vpn::NodePeer& each : s.peers) names.push_back(each.node);
    return fmt::format("connect {} nodes to the premises: {}", names.size(), some(names));
  }
  std::string operator()(const Forget& s) const { return "forget keys of " + some(s.objects); }
  std::string operator()(const RenewLease&) const { return "renew the lease"; }
  std::string operator()(const PowerDown& s) const {
    return fmt::format("power down {} ({})", some(s.nodes), s.reason);
  }
  std::string operator()(const Drain& s) const {
    return fmt::format("drain {} ({})", some(s.nodes), s.reason);
  }
  std::string operator()(const Undrain& s) const { return "undrain " + some(s.nodes); }
  std::string operator()(const GiveBack& s) const { return "give back " + some(s.nodes); }
  std::string operator()(const Rediscover& s) const {
    return "wish found in Slurm's state: " + some(s.nodes);
  }
  std::string operator()(const Adopt& s) const { return "adopt " + some(s.machines); }
  std::string operator()(const Register& s) const { return "register " + some(s.machines); }
  std::string operator()(const Unregister& s) const { return "unregister " + some(s.instances); }
  std::string operator()(const Sweep& s) const {
    std::vector<NodeName> names;
    for (const dns::Binding& each : s.stale) names.push_back(each.node);
    return "sweep names of " + some(names);
  }
  std::string operator()(const Abandon& s) const { return fmt::format("abandon {}", s.record.intent); }
  std::string operator()(const Sight& s) const { return "seen anew: " + some(s.machines); }
};

}  // namespace

std::string to_string(const Step& step) {
  return std::visit(Line{}, step);
}

}  // namespace spillway::fleet
