#pragma once
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/site.h"
#include "site/site_config.h"
#include "vpn/vpn_config.h"

namespace spillway::site {

/// Stands in compute_user_data for the unique id of the compute role, which exists only once the role does.
inline constexpr std::string_view kRoleIdPlaceholder = "AROASPILLWAYPLACEHOLDER";

/// Everything that decides what the site wants on AWS; gathered first, so that the decision is a pure
/// function.
struct Inputs {
  ClusterId cluster;
  std::string name;             // of the cluster
  std::string account, region;  // whose and where
  std::vector<std::string> zones;
  std::string vpc_cidr = "172.31.0.0/16";
  std::string image, gateway_image;  // ids
  // The devices of their root volumes: one of another name would be a second volume.
  std::string root_device = "/dev/xvda", gateway_root_device = "/dev/xvda";
  std::string image_owner;
  std::vector<std::string> name_servers;             // of the premises, by address; may be none
  std::string zone;                                  // of the nodes' names
  std::string compute_user_data, gateway_user_data;  // as shell, not encoded
  std::string peers;                                 // document for the gateway
  std::string standby_peers, standby_user_data;      // of the second one, where vpn.gateways is 2
  std::string munge_key_file, munge_key_digest;      // no digest: there is no key to publish
  std::string bucket;
  int64_t keep_days = 14;
  int srun_first_port = 60001, srun_last_port = 63000;
  std::set<std::string> types;              // instance types of the node groups
  std::set<std::string> foreign_templates;  // names or ids of launch templates that node groups name
  std::set<std::string> foreign_subnets;
  std::set<std::string> group_tag_keys;  // keys of the groups' own Tags
  vpn::VpnConfig vpn;
  SiteConfig own;
  ExistingConfig existing;

  std::string arn(std::string_view service, std::string_view rest) const {
    return fmt::format("arn:aws:{}:{}:{}:{}", service, service == "iam" ? "" : region, account, rest);
  }
};

/// Whether a second gateway stands by.
inline bool has_standby(const Inputs& in) {
  return in.vpn.gateways == 2 && !in.vpn.onprem_cidrs.empty();
}

// Names that are fixed by the site's own name.
inline std::string role_name(const Inputs& in, std::string_view who) {
  return fmt::format("spillway-{}-{}", in.name, who);
}
/// IAM's path under which everything of the cluster lies, so that it can be listed.
inline std::string iam_path(const ClusterId& cluster) {
  return fmt::format("/spillway/{}/", cluster);
}
inline std::string parameter_path(const ClusterId& cluster) {
  return fmt::format("/spillway/{}/", cluster);
}

}  // namespace spillway::site
