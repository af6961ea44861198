#pragma once
#include "base/error.h"

// Every failure of the tunnel by name. 001 to 019 are of making, configuring and changing it; from 020 on, of
// a tunnel that stands: those that `vpn check` tells apart.
namespace spillway::vpn {

inline constexpr Code kBadKey{"SPW-VPN-001", "a WireGuard key is 32 bytes in base64, as wg genkey prints it",
                              "make one: wg genkey, or spillway vpn config"};
inline constexpr Code kUnsafeKey{
    "SPW-VPN-002", "who can read or exchange the private key can be the gateway",
    "give it to root, chmod 0400, in folders that only root may write; if others could read it, make a new "
    "one: spillway vpn rotate"};
inline constexpr Code kNoReference{"SPW-VPN-003",
                                   "secrets are named by reference, never written into the configuration",
                                   "say vpn.key: file:/etc/spillway/keys/wg"};
inline constexpr Code kBadNetwork{"SPW-VPN-004", "a network is an address and a prefix length",
                                  "write it as 192.168.0.0/16, without bits behind the prefix"};
inline constexpr Code kOverlap{
    "SPW-VPN-005", "an address that is on both sides of the tunnel is reached on one of them only",
    "choose another aws.vpc_cidr or vpn.tunnel_cidr, or name the premises' networks more exactly"};
inline constexpr Code kNoPeerYet{
    "SPW-VPN-006", "each end must know the other's public key and address",
    "on the premises' gateway: spillway vpn config makes its key; spillway apply "
    "makes the gateway on AWS"};
inline constexpr Code kBadValue{"SPW-VPN-007",
                                "the value would become part of a file or script that root runs",
                                "spillway config validate, and correct the value in spillway.yaml"};
inline constexpr Code kBadDump{"SPW-VPN-008", "wg printed something that this version does not know",
                               "compare with: wg show INTERFACE dump"};
inline constexpr Code kNoInterface{
    "SPW-VPN-009", "the tunnel is not up on this host, or this is not the gateway",
    "on the gateway: systemctl start spillway-tunnel, or wg-quick up wg-spillway"};
inline constexpr Code kWgRefused{"SPW-VPN-010", "wg(8) refused it",
                                 "see what it says with: wg show; changes take CAP_NET_ADMIN"};
inline constexpr Code kBadDocument{"SPW-VPN-011", "the gateway on AWS would refuse this peers document",
                                   "publish it anew: spillway apply"};
inline constexpr Code kRolledBack{"SPW-VPN-012",
                                  "no handshake came about with the new key, so the old one is back in use",
                                  "spillway vpn check, then rotate again"};
inline constexpr Code kNotRolledBack{
    "SPW-VPN-013", "neither the new key nor the old one shakes hands",
    "spillway vpn check; the premises' old key stands beside the key file, with the ending .old"};
inline constexpr Code kNoRecord{
    "SPW-VPN-014", "the new key would be unknown where the old one is written down by hand",
    "run it where apply's record site.json lies, without vpn.aws_key in spillway.yaml"};
inline constexpr Code kBusy{"SPW-VPN-015", "another process is exchanging a key of this tunnel",
                            "wait until it has ended"};

inline constexpr Code kHalfDone{"SPW-VPN-016",
                                "the new key works, but AWS's side could not be told so for good",
                                "run the same spillway vpn rotate again, before the next apply"};
inline constexpr Code kKeysDiffer{"SPW-VPN-017", "one of them is out of date, and apply would publish it",
                                  "correct vpn.public_key, or take it out where the private key lies"};
// 018 was the refusal of vpn.mode: node.
inline constexpr Code kNotInNodeMode{"SPW-VPN-019",
                                     "with vpn.mode: node each compute node ends the tunnel by itself; no "
                                     "gateway stands on AWS",
                                     "leave it out, or say vpn.mode: gateway"};

inline constexpr Code kWrongKey{
    "SPW-VPN-020", "the two gateways do not know each other's present keys",
    "spillway vpn config --to /, then wg-quick down and up; our own key at the other "
    "end: spillway apply"};
inline constexpr Code kEndpointMoved{
    "SPW-VPN-021", "the far gateway has another address than the one in use",
    "spillway apply gives it its own address again, and the monitor follows what apply wrote: systemctl "
    "status "
    "spillway-gateway; by hand: spillway vpn config --to /, then wg-quick down and up"};
inline constexpr Code kNoKeepalive{
    "SPW-VPN-022", "NAT and firewalls forget an idle mapping after 30 to 180 s",
    "vpn.keepalive_s: 25, then spillway vpn config --to /, wg-quick down and up"};
inline constexpr Code kGroupClosed{"SPW-VPN-023", "the gateway's security group lets no WireGuard in",
                                   "spillway apply puts the rule back"};
inline constexpr Code kNoHandshake{
    "SPW-VPN-024", "nothing comes back: UDP is dropped on the way, or the far end has another key of ours",
    "check UDP 51820 out and in on the premises' firewall; spillway apply publishes our present key"};
inline constexpr Code kSilent{
    "SPW-VPN-025",
    "the keys agree and packets do not cross: a firewall inside a gateway, or UDP cut just now",
    "check the firewall of both gateways: nft list ruleset"};
inline constexpr Code kBlackHole{
    "SPW-VPN-026", "small packets cross and large ones vanish: the way carries less than the tunnel's MTU",
    "lower vpn.mtu (1380, then 1280), spillway apply, spillway vpn config --to /, wg-quick down and up"};
inline constexpr Code kSourceDestCheck{
    "SPW-VPN-027", "EC2 drops what an instance forwards while its source/destination check is on",
    "spillway apply turns it off"};
inline constexpr Code kUnrouted{"SPW-VPN-028",
                                "packets for the premises' networks do not find the gateway in the VPC",
                                "spillway apply puts the routes back; in subnets of yours, add them"};
inline constexpr Code kNoWayBack{"SPW-VPN-029", "the host hears the cloud and does not know the way back",
                                 "give it, or its router, the routes that spillway vpn config prints"};
inline constexpr Code kStopped{"SPW-VPN-030", "the gateway on AWS does not run",
                               "spillway apply makes it anew"};
inline constexpr Code kNoName{"SPW-VPN-031", "the far gateway's name does not resolve",
                              "see /etc/resolv.conf of this gateway; the tunnel must not need its own DNS"};
inline constexpr Code kDegraded{"SPW-VPN-032", "some packets across the tunnel are lost",
                                "watch it with spillway vpn ping; look at the uplink"};

// Of nodes that are peers themselves.
inline constexpr Code kBadNodes{"SPW-VPN-033",
                                "an address that two peers had would be reached at one of them",
                                "spillwayd writes the document anew every few minutes; see who else may "
                                "write tunnel/nodes.json in the bucket"};
inline constexpr Code kSilentNodes{
    "SPW-VPN-034", "these nodes do not call the premises' gateway any more",
    "spillway status tells whether they live; the premises' firewall must let UDP in from anywhere"};
inline constexpr Code kNodesUnread{
    "SPW-VPN-035", "nodes that come now stay unknown to this gateway, and those that go stay known",
    "give it credentials that may read tunnel/nodes.json: vpn.profile, the role that apply made for it"};

}  // namespace spillway::vpn
