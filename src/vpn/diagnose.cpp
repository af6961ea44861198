#include "vpn/diagnose.h"

#include <algorithm>

#include "vpn/networks.h"

namespace spillway::vpn {
namespace {

constexpr Code kDown{"SPW-VPN-009", "the tunnel is not up on this host, or this is not the gateway",
                     "on the gateway: wg-quick up /etc/spillway/wg-spillway.conf"};
constexpr Code kWrongKey{"SPW-VPN-020", "the peer that this host knows is not the gateway that apply made",
                         "spillway vpn config --to /etc/spillway, then wg-quick down and up"};
constexpr Code kMoved{"SPW-VPN-021", "the far gateway has another address than the one in use",
                      "spillway vpn config --to /etc/spillway, then wg-quick down and up"};
constexpr Code kNoKeepalive{"SPW-VPN-022", "NAT and firewalls forget an idle mapping after 30 to 180 s",
                            "PersistentKeepalive = 25, as spillway vpn config writes it"};
constexpr Code kClosed{"SPW-VPN-023", "the gateway's security group lets no WireGuard in",
                       "spillway apply puts the rule back"};
constexpr Code kNoHandshake{
    "SPW-VPN-024", "nothing comes back: UDP is dropped on the way, or the far end has another key of ours",
    "check UDP 51820 out and in on the premises' firewall; spillway apply publishes our present key"};
constexpr Code kSilent{"SPW-VPN-025", "the keys agree and packets do not cross",
                       "check the firewall of both gateways: nft list ruleset"};
constexpr Code kBlackHole{
    "SPW-VPN-026", "small packets cross and large ones vanish: the way carries less than the tunnel's MTU",
    "lower vpn.mtu (1380, then 1280), spillway apply, spillway vpn config, wg-quick down and up"};
constexpr Code kChecked{"SPW-VPN-027",
                        "EC2 drops what an instance forwards while its source/destination check is on",
                        "spillway apply turns it off"};
constexpr Code kUnrouted{"SPW-VPN-028",
                         "the nodes' route tables do not send the premises' networks to the gateway",
                         "spillway apply puts the routes back"};
constexpr Code kNoWayBack{"SPW-VPN-029", "the host hears the cloud and does not know the way back",
                          "give it, or its router, the routes that spillway vpn config prints"};
constexpr Code kStopped{"SPW-VPN-030", "the gateway on AWS does not run", "spillway apply makes it anew"};
constexpr Code kOverlapping{
    "SPW-VPN-005", "an address that is on both sides of the tunnel is reached on one of them only",
    "choose another aws.vpc_cidr or vpn.tunnel_cidr, or name the premises' networks more exactly"};

constexpr std::chrono::seconds kStale{180};  // WireGuard makes a new session after 120 s, if anything is sent

void judge_aws(const AwsSide& aws, std::vector<Finding>& out) {
  if (!aws.running) out.push_back(bad(kStopped, "the gateway on AWS is not running"));
  if (!aws.wireguard_open)
    out.push_back(bad(kClosed, "the gateway's security group is closed for UDP 51820"));
  if (aws.source_dest_check) out.push_back(bad(kChecked, "the gateway's source/destination check is on"));
  for (const std::string& network : aws.unrouted)
    out.push_back(bad(kUnrouted, fmt::format("no route to {} in the nodes' subnets", network)));
}

std::string host_of(const std::string& endpoint) {
  return endpoint.substr(0, endpoint.rfind(':'));
}

void judge_peer(const Tunnel& tunnel, const Evidence& evidence, std::vector<Finding>& out) {
  const auto& peers = evidence.device->peers;
  const auto ours =
      std::find_if(peers.begin(), peers.end(), [&](const Peer& p) { return p.public_key == tunnel.aws_key; });
  if (ours == peers.end()) {
    out.push_back(bad(
        kWrongKey, fmt::format("{} has no peer with the key of the gateway on AWS", evidence.device->name)));
    return;
  }
  if (ours->keepalive_s == 0) out.push_back(warning(kNoKeepalive, "the peer has no keepalive"));
  const std::string wanted = evidence.aws && !evidence.aws->gateway_address.empty()
                                 ? evidence.aws->gateway_address
                                 : host_of(tunnel.aws_endpoint);
  if (!ours->endpoint.empty() && !wanted.empty() && host_of(ours->endpoint) != wanted)
    out.push_back(
        bad(kMoved, fmt::format("the endpoint in use is {}, the gateway is at {}", ours->endpoint, wanted)));
}

void judge_crossing(const Evidence& evidence, std::vector<Finding>& out) {
  if (!evidence.handshake_age || *evidence.handshake_age > kStale) {
    const std::string when =
        evidence.handshake_age
            ? fmt::format("the last handshake is {} s old",
                          std::chrono::duration_cast<std::chrono::seconds>(*evidence.handshake_age).count())
            : std::string("there was no handshake");
    // What AWS showed explains it already.
    const bool explained =
        std::any_of(out.begin(), out.end(), [](const Finding& f) { return f.health == Health::bad; });
    if (!explained) out.push_back(bad(kNoHandshake, when));
    return;
  }
  out.push_back(
      good(fmt::format("handshake {} s ago",
                       std::chrono::duration_cast<std::chrono::seconds>(*evidence.handshake_age).count())));
  if (evidence.far_gateway && !evidence.far_gateway->answered) {
    out.push_back(
        bad(kSilent, fmt::format("{} does not answer through the tunnel", evidence.far_gateway->target)));
    return;
  }
  if (evidence.far_gateway_full && !evidence.far_gateway_full->answered)
    out.push_back(
        bad(kBlackHole, fmt::format("{} answers small packets only", evidence.far_gateway_full->target)));
  for (const Probe& host : evidence.near_hosts)
    if (!host.answered)
      out.push_back(bad(kNoWayBack, fmt::format("{} does not answer the tunnel's address", host.target)));
}

}  // namespace

std::vector<Finding> diagnose(const Tunnel& tunnel, const Evidence& evidence) {
  std::vector<Finding> out;
  std::vector<Named> networks{{"aws.vpc_cidr", tunnel.vpc_cidr},
                              {"vpn.tunnel_cidr", tunnel.config.tunnel_cidr}};
  for (const std::string& network : tunnel.config.onprem_cidrs)
    networks.push_back({"vpn.onprem_cidrs", network});
  if (const auto apart = refuse_overlaps(networks); !apart)
    out.push_back(bad(kOverlapping, apart.error().what));
  if (evidence.aws) judge_aws(*evidence.aws, out);
  if (!evidence.device) {
    out.push_back(bad(kDown, fmt::format("there is no interface {}", tunnel.config.interface)));
    return out;
  }
  judge_peer(tunnel, evidence, out);
  judge_crossing(evidence, out);
  return out;
}

Evidence collect(const Tunnel& tunnel, Runner& runner, Clock& clock, std::optional<AwsSide> aws,
                 Deadline deadline) {
  Evidence out;
  out.aws = std::move(aws);
  const auto device = show_interface(tunnel.config.interface, runner, deadline);
  if (!device) return out;
  out.device = *device;
  for (const Peer& peer : device->peers)
    if (peer.public_key == tunnel.aws_key && peer.handshake)
      out.handshake_age = clock.now() - *peer.handshake;
  const auto near = onprem_address(tunnel.config), far = aws_address(tunnel.config);
  if (!near || !far) return out;
  const auto ping = [&](const std::string& target, std::vector<std::string> options) {
    std::vector<std::string> argv{"/usr/bin/ping", "-n", "-q", "-c", "2", "-i", "0.2", "-W", "1"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(target);
    const auto done = runner.run({std::move(argv)}, deadline);
    return Probe{target, done && done->exit_code == 0};
  };
  constexpr int kHeaders = 28;  // of IPv4 and ICMP
  out.far_gateway = ping(*far, {});
  out.far_gateway_full = ping(*far, {"-M", "do", "-s", std::to_string(tunnel.config.mtu - kHeaders)});
  for (const std::string& host : tunnel.controllers) out.near_hosts.push_back(ping(host, {"-I", *near}));
  return out;
}

}  // namespace spillway::vpn
