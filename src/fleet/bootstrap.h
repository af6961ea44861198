#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spillway::fleet {

/// What a compute node's user-data must know; none of it is secret.
struct BootstrapValues {
  std::string cluster;                       // the cluster's uuid
  std::string region;                        // us-east-1
  std::string bucket;                        // holds <cluster>/launches and <cluster>/release
  std::string role_id;                       // AROA...: of the instances' role, part of their release prefix
  std::vector<std::string> controllers;      // "host:port" of every slurmctld, the primary first
  std::string dns_suffix = "amazonaws.com";  // of the region's partition
  int join_limit_s = 300;                    // how long an instance tries before it terminates itself
  std::string tunnel = {};                   // shell of vpn::render_node_tunnel(); empty: a gateway ends it
  int64_t alone_s = 600;                     // how long an idle one stays without its controller
};

/// EC2's limit on user-data before base64.
inline constexpr size_t kLongestUserData = 16384;

/// The user-data of compute instances: share/bootstrap/compute.sh with the values filled in. Each value may
/// only have the letters of its kind, so that none can become shell. Errors: invalid (SPW-FLEET-031) names
/// the value.
Result<std::string> render_compute_user_data(const BootstrapValues& values);

}  // namespace spillway::fleet
