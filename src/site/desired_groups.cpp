#include "site/desired.h"

// Who may talk to whom. Packets that the gateway forwards keep their senders' addresses, so what comes from
// the premises is named by network, and only what starts in the VPC by group.
namespace spillway::site {
namespace {

constexpr int kSlurmctld = 6817, kSlurmd = 6818, kDns = 53, kWireGuard = 51820;

struct Ports {
  std::string_view protocol;
  int first = 0, last = 0;
};

Json rule(const Ports& ports, std::string_view from, Json whom, std::string_view why) {
  return Json::object({{"IpProtocol", ports.protocol},
                       {"FromPort", ports.first},
                       {"ToPort", ports.last},
                       {std::string(from), std::move(whom)},
                       {"Description", why}});
}

Json everything(Json group, std::string_view why) {
  return Json::object(
      {{"IpProtocol", "-1"}, {"SourceSecurityGroupId", std::move(group)}, {"Description", why}});
}

void want_group(const Inputs& in, const std::string& key, std::string_view who, const std::string& about,
                const std::string& existing, Json rules, Resources& out) {
  out.push_back(resource(key, "AWS::EC2::SecurityGroup",
                         Json::object({{"GroupName", fmt::format("spillway-{}-{}", in.name, who)},
                                       {"GroupDescription", about},
                                       {"VpcId", ref_to("Vpc")}}),
                         existing));
  if (!existing.empty() || rules.size() == 0) return;  // a rule that turns up is then taken away
  out.push_back(
      resource(key + "Rules", "Spillway::SecurityGroupRules",
               Json::object({{"GroupId", ref_to(key)}, {"SecurityGroupIngress", std::move(rules)}})));
}

/// Nodes that end the tunnel themselves: they call the premises, and nothing from outside may call them. What
/// comes out of the tunnel the group does not see; the node's own rules let in what the group would.
void want_node_group(const Inputs& in, Resources& out) {
  want_group(in, "ComputeGroup", "compute", "Spillway compute nodes", in.existing.compute_group,
             Json::array({everything(ref_to("ComputeGroup"), "nodes of one job among themselves")}), out);
}

}  // namespace

void want_groups(const Inputs& in, Resources& out) {
  // Image builders fetch packages; nothing comes in to them.
  want_group(in, "ImageGroup", "image", "Spillway image builders", "", Json::array(), out);
  if (vpn::is_node_mode(in.vpn)) return want_node_group(in, out);
  const Ports srun{"tcp", in.srun_first_port, in.srun_last_port};
  const Json compute = ref_to("ComputeGroup");
  Json at_gateway = Json::array(
      {rule({"udp", kWireGuard, kWireGuard}, "CidrIp", "0.0.0.0/0", "WireGuard"),
       rule({"tcp", kSlurmctld, kSlurmctld}, "SourceSecurityGroupId", compute, "nodes to slurmctld"),
       rule(srun, "SourceSecurityGroupId", compute, "nodes to srun"),
       rule({"udp", kDns, kDns}, "SourceSecurityGroupId", compute, "names"),
       rule({"tcp", kDns, kDns}, "SourceSecurityGroupId", compute, "names"),
       rule({"icmp", -1, -1}, "SourceSecurityGroupId", compute, "ping and path MTU")});
  Json at_compute = Json::array({everything(compute, "nodes of one job among themselves"),
                                 rule({"icmp", -1, -1}, "SourceSecurityGroupId", ref_to("GatewayGroup"),
                                      "probes of the gateway itself")});
  std::vector<std::string> networks = in.vpn.onprem_cidrs;
  if (!networks.empty()) networks.push_back(in.vpn.tunnel_cidr);
  for (const std::string& network : networks) {
    at_compute.push(rule({"tcp", kSlurmd, kSlurmd}, "CidrIp", network, "Slurm to slurmd"));
    at_compute.push(rule(srun, "CidrIp", network, "on-premises steps to srun"));
    at_compute.push(rule({"icmp", -1, -1}, "CidrIp", network, "ping and path MTU"));
    at_gateway.push(rule({"icmp", -1, -1}, "CidrIp", network, "ping and path MTU"));
  }
  want_group(in, "GatewayGroup", "gateway", "Spillway gateway: the end of the tunnel",
             in.existing.gateway_group, std::move(at_gateway), out);
  want_group(in, "ComputeGroup", "compute", "Spillway compute nodes", in.existing.compute_group,
             std::move(at_compute), out);
}

}  // namespace spillway::site
