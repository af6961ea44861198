#pragma once
#include <string>

namespace spillway::lab {

/// What the files of a lab depend on.
struct ClusterFacts {
  std::string uuid;
  int nodes = 50;
  // Of a plugin v2 site, whose AWS side was made by hand; otherwise empty.
  std::string compute_role_id, subnet_id;
  bool node_tunnel = false;  // vpn.mode: node
  int gateways = 1;          // otherwise
};

/// slurm.conf without anything of the cloud.
std::string render_site_conf();
/// What Spillway adds to it: power saving, hooks, cloud nodes and their partition.
std::string render_cloud_conf(const ClusterFacts& cluster);
std::string render_slurmdbd_conf();
/// Plugin v2's format, one group: cloud-c5.
std::string render_partitions_json(const ClusterFacts& cluster);
std::string render_spillway_yaml(const ClusterFacts& cluster);

}  // namespace spillway::lab
