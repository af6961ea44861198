#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace spillway::site {

/// What `plan` and `apply` build on AWS, beyond what the other sections say.
struct SiteConfig {
  std::vector<std::string> zones, controllers, name_servers;
  std::string image = "ssm:/aws/service/debian/release/12/latest/amd64", image_owner = "136693071363";
  std::string gateway_image = "ssm:/aws/service/debian/release/12/latest/amd64";
  std::string gateway_type = "t3.micro", head_principal;
  std::string munge_key = "/etc/munge/munge.key";
  int64_t volume_gib = 20;
  std::vector<std::string> slurm_restart, slurm_restart_nodes;
  Duration suspend_time = std::chrono::seconds{400}, suspend_timeout = std::chrono::seconds{60},
           resume_timeout = std::chrono::seconds{300}, tolerated_outage{};
  std::string billing_weights;
};
template <class Visitor>
void describe(Visitor& v, SiteConfig& c) {
  v.field("site.zones", c.zones, "Availability zones with compute subnets; empty: the region's first two.");
  v.field("site.image", c.image,
          "Image of compute nodes: an id (ami-…), or ssm:NAME of the parameter that holds one.");
  v.field("site.image_owner", c.image_owner, "Account that must own both images; the default is Debian's.");
  v.field("site.gateway_image", c.gateway_image, "Image of the gateway, likewise.");
  v.field("site.gateway_type", c.gateway_type, "Instance type of the gateway.");
  v.field(
      "site.head_principal", c.head_principal,
      "ARN of the user or role that may assume the head role; empty: this account's administrators decide.");
  v.field("site.controllers", c.controllers,
          "Where slurmctld answers, ADDRESS:PORT, the primary first; empty: as slurm.conf says.");
  v.field("site.name_servers", c.name_servers,
          "Addresses of the premises' name servers, which cloud nodes ask first; empty: none.");
  v.field("site.munge_key", c.munge_key, "munge's key, which root's apply publishes to the nodes.");
  v.field("site.volume_gib", c.volume_gib, "Size of a compute node's root volume.").range(4, 16384);
  v.field("site.slurm_restart", c.slurm_restart,
          "Program and arguments that restart slurmctld, such as [/usr/bin/systemctl, restart, slurmctld]: "
          "with it, apply keeps "
          "spillway.conf; empty: `spillway config slurm` prints it for you.");
  v.field("site.slurm_restart_nodes", c.slurm_restart_nodes,
          "Program and arguments that restart the slurmds, whose list of nodes changes too; empty: that is "
          "yours.");
  v.field("site.suspend_time", c.suspend_time, "SuspendTime: how long a cloud node idles before it goes.");
  v.field("site.suspend_timeout", c.suspend_timeout, "SuspendTimeout: how long going may take.");
  v.field("site.resume_timeout", c.resume_timeout, "ResumeTimeout: how long coming may take.");
  v.field("site.tolerated_outage", c.tolerated_outage,
          "SlurmdTimeout: how long the tunnel may be down before jobs on cloud nodes are lost; 0: as "
          "slurm.conf says.");
  v.field("site.billing_weights", c.billing_weights,
          "TRESBillingWeights of cloud partitions that say none, such as CPU=2.0,Mem=0.25G; empty: Slurm "
          "counts CPUs.")
      .one_line(200);
}

/// What stands already and is used: never changed, never destroyed.
struct ExistingConfig {
  std::string vpc, gateway_subnet, compute_group, gateway_group, head_role, compute_role, gateway_role;
  std::vector<std::string> compute_subnets;
  bool bucket = false;
};
template <class Visitor>
void describe(Visitor& v, ExistingConfig& c) {
  v.field("existing.vpc", c.vpc, "Id of a VPC to build in.");
  v.field("existing.gateway_subnet", c.gateway_subnet,
          "Id of a public subnet for the gateway; its route table is yours.");
  v.field(
      "existing.compute_subnets", c.compute_subnets,
      "Ids of subnets for compute nodes; their route tables are yours: send the premises' networks to the "
      "gateway.");
  v.field("existing.compute_group", c.compute_group, "Id of the compute nodes' security group.");
  v.field("existing.gateway_group", c.gateway_group, "Id of the gateway's security group.");
  v.field("existing.head_role", c.head_role, "Name of the role that the daemon uses.");
  v.field("existing.compute_role", c.compute_role,
          "Name of the compute nodes' role; an instance profile of the same name must hold it.");
  v.field("existing.gateway_role", c.gateway_role,
          "Name of the gateway's role; an instance profile of the same name must hold it.");
  v.field("existing.bucket", c.bucket, "data.bucket stands already and is yours.");
}

}  // namespace spillway::site
