#include "vpn/examine.h"

namespace spillway::vpn {
namespace {

constexpr int kHeadersV4 = 28, kHeadersV6 = 48;  // of IP and ICMP

int full_payload(int64_t mtu, const IpAddress& to) {
  return static_cast<int>(mtu) - (to.value.find(':') == std::string::npos ? kHeadersV4 : kHeadersV6);
}

/// The networks as configured; those that cannot be read are another check's business.
std::vector<NamedCidr> named_networks(const VpnSite& site) {
  std::vector<NamedCidr> out;
  const auto add = [&](const char* name, const std::string& text) {
    if (auto cidr = Cidr::parse(text)) out.push_back({name, *cidr});
  };
  for (const std::string& text : site.vpn.onprem_cidrs) add("vpn.onprem_cidrs", text);
  add("aws.vpc_cidr", site.vpc_cidr);
  add("vpn.tunnel_cidr", site.vpn.tunnel_cidr);
  return out;
}

void look_at_interface(const InterfaceState& state, Evidence& e, std::optional<PeerState>& into) {
  e.near_key = state.public_key;
  if (const PeerState* peer = state.find(e.far_key)) into = *peer;
  // With one peer there is no doubt which is meant, even under a wrong key.
  if (!into && state.peers.size() == 1) {
    into = state.peers[0];
    if (e.far_key.empty()) e.far_key = into->public_key;
  }
}

void resolve_endpoint(const VpnSite& site, const Resolver& resolver, Evidence& e) {
  e.endpoint = site.aws_endpoint;
  const auto endpoint = Endpoint::parse(site.aws_endpoint);
  if (!endpoint) return;
  auto resolved = resolver(*endpoint);
  if (resolved)
    e.resolved = *resolved;
  else
    e.resolving_failed = resolved.error().what;
}

std::optional<PingAnswer> asked(Prober& prober, const PingOrder& order, Deadline deadline) {
  auto answer = prober.ping(order, deadline);
  return answer ? std::optional{*answer} : std::nullopt;
}

/// A host of the premises, from the LAN and as the cloud would come: it takes a TCP port that is there.
NearHost ask_near_host(Prober& prober, const Endpoint& host, const IpAddress& onprem_end, Deadline deadline) {
  const auto asked = [&](const IpAddress& from) {
    return prober.connect({IpAddress{host.host}, host.port, from}, deadline.sooner(std::chrono::seconds{1}));
  };
  return {host, asked(IpAddress{}), asked(onprem_end)};
}

}  // namespace

Evidence examine(const VpnSite& site, Device& device, Prober& prober, const Resolver& resolver, Clock& clock,
                 const IpAddress& far_host, Deadline deadline) {
  Evidence e{.networks = named_networks(site), .far_key = site.aws_key};
  e.listen_port = site.vpn.listen_port;
  e.mtu = site.vpn.mtu;
  const Time began = clock.now();
  const auto first = device.show(deadline);
  e.interface_there = first.has_value();
  if (!first) e.interface_trouble = first.error().what;
  if (first) look_at_interface(*first, e, e.first);
  resolve_endpoint(site, resolver, e);

  if (const auto networks = networks_of(site.vpn, site.vpc_cidr); first && networks) {
    const IpAddress& far = networks->aws_end;
    e.far_small = asked(prober, {.to = far, .count = 5}, deadline);
    if (e.far_small && e.far_small->answered())
      e.far_large = asked(prober, {.to = far, .count = 2, .payload = full_payload(e.mtu, far), .whole = true},
                          deadline);
    if (!far_host.empty() && e.far_small && e.far_small->answered()) {
      e.far_host = far_host;
      // From the LAN's address: that is how the hosts of the premises come to the cloud.
      e.far_host_answers =
          asked(prober, {.to = far_host, .count = 3, .from = site.vpn.lan_address}, deadline);
    }
    for (const Endpoint& controller : site.controllers)
      if (controller.numeric())
        e.near_hosts.push_back(ask_near_host(prober, controller, networks->onprem_end, deadline));
  }
  if (site.aws) {
    auto facts = site.aws->facts(deadline);
    if (facts)
      e.aws = *facts;
    else
      e.aws_trouble = facts.error().what;
  }
  const auto last = device.show(deadline);
  if (last) look_at_interface(*last, e, e.last);
  e.at = clock.now();
  e.between = e.at - began;
  return e;
}

}  // namespace spillway::vpn
