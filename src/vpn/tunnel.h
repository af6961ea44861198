#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/secret.h"
#include "vpn/vpn_config.h"

// Both ends of the tunnel as they should be, and the files that make them so. Pure functions.
namespace spillway::vpn {

/// What both ends are made of.
struct Tunnel {
  VpnConfig config;
  std::string vpc_cidr = "172.31.0.0/16";
  std::string onprem_key, aws_key;       // public
  std::string aws_endpoint;              // address:port of the gateway on AWS
  std::vector<std::string> controllers;  // addresses of slurmctld's hosts, for the firewall
  std::vector<std::string> name_servers;
  int srun_first_port = 60001, srun_last_port = 63000;
};

/// The premises' gateway has the first address of the tunnel's network, the one on AWS the second.
Result<std::string> onprem_address(const VpnConfig& config);
Result<std::string> aws_address(const VpnConfig& config);

/// wg-quick's file for the premises' gateway; the private key stays in its own file (PostUp reads it).
Result<std::string> onprem_wg_quick(const Tunnel& tunnel, const std::string& key_file);
/// nftables for the premises' gateway: WireGuard in, MSS clamped both ways, and from the cloud only
/// slurmctld, srun's ports and the name servers. It owns one table, and touches no other.
Result<std::string> onprem_firewall(const Tunnel& tunnel);
/// Commands for other hosts of the premises: the way to the cloud's networks.
Result<std::string> lan_routes(const Tunnel& tunnel, const std::string& gateway_lan_address);

/// What the gateway on AWS fetches and follows: its interface and peers (schema spillway.peers/v1). Nothing
/// in it is secret.
Result<Json> peers_document(const Tunnel& tunnel);

}  // namespace spillway::vpn
