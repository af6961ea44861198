#pragma once
#include <filesystem>
#include <memory>

#include "vpn/aws_side.h"
#include "vpn/cidr.h"
#include "vpn/keys.h"
#include "vpn/rotation.h"
#include "vpn/vpn_config.h"

namespace spillway::vpn {

/// Where the premises' gateway learns which nodes are its peers. Implemented where the AWS clients are.
class NodeDirectory {
 public:
  virtual ~NodeDirectory() = default;
  /// The document of schema spillway.nodes/v1 as it stands. Errors: credentials, denied, not_found,
  /// unavailable.
  virtual Result<std::string> read(Deadline deadline) = 0;
};

/// What the tunnel's commands, its monitor and its checks need to know of the loaded site.
struct VpnSite {
  std::string cluster;     // name
  std::string cluster_id;  // uuid; empty before the first plan
  VpnConfig vpn;
  std::string vpc_cidr = "172.31.0.0/16";
  PublicKey near_key;                 // of the premises' gateway, where it is known
  std::string aws_endpoint;           // host:port of the gateway on AWS; empty until apply
  PublicKey aws_key;                  // its public key; empty until apply
  std::vector<Endpoint> controllers;  // where slurmctld answers
  std::vector<std::string> name_servers;
  int srun_first_port = 60001, srun_last_port = 63000;
  std::filesystem::path run_dir = "/run/spillway";
  std::filesystem::path record;          // apply's site.json, whether it is there or not
  std::shared_ptr<AwsSide> aws;          // null: nothing of EC2 is known here
  std::shared_ptr<NodeDirectory> nodes;  // null: unless vpn.mode is node
  std::shared_ptr<Publisher> publisher;  // null: this host cannot change the gateway on AWS
};

/// The addresses of both sides, read and found disjoint.
struct Networks {
  std::vector<Cidr> onprem;
  Cidr vpc, tunnel;
  IpAddress onprem_end, aws_end;  // of the tunnel
};

/// Errors: invalid: SPW-VPN-004 (not a network), SPW-VPN-005 (two of them overlap).
Result<Networks> networks_of(const VpnConfig& config, const std::string& vpc_cidr);

}  // namespace spillway::vpn
