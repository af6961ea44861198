#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/partitions.h"
#include "config/reader.h"

namespace spillway::config {

struct ClusterConfig {
  std::string name, id, slurm_conf = "/etc/slurm/slurm.conf", slurm_bin = "/usr/bin";
};
template <class Visitor>
void describe(Visitor& v, ClusterConfig& c) {
  v.field("cluster.name", c.name, "The cluster's name, for people.").required();
  v.field("cluster.id", c.id,
          "The cluster's uuid, which every resource on AWS is tagged with; made once when it is absent.");
  v.field("cluster.slurm_conf", c.slurm_conf, "slurm.conf that Slurm's commands read.");
  v.field("cluster.slurm_bin", c.slurm_bin, "Folder of scontrol, squeue and sacct.");
}

struct AwsConfig {
  std::string profile, region, vpc_cidr, compute_role_id, ca_bundle;
};
template <class Visitor>
void describe(Visitor& v, AwsConfig& c) {
  v.field("aws.profile", c.profile, "Profile of the shared AWS files; empty: the default chain.");
  v.field("aws.region", c.region, "Region of the bucket and of groups that name none.").required();
  v.field("aws.vpc_cidr", c.vpc_cidr, "Addresses of the VPC.");
  v.field("aws.compute_role_id", c.compute_role_id,
          "Unique id (AROA…) of the compute nodes' role; secrets are released to its sessions only.");
  v.field("aws.ca_bundle", c.ca_bundle, "Certificates to trust instead of the system's.");
}

struct DataConfig {
  std::string bucket;
  int64_t keep_days = 14;
};
template <class Visitor>
void describe(Visitor& v, DataConfig& c) {
  v.field("data.bucket", c.bucket, "Bucket of launch documents, secrets for the nodes, and job data.");
  v.field("data.keep_days", c.keep_days, "Days that job data stays in the bucket.").range(1, 3650);
}

/// spillway.yaml, or plugin v2's config.json in its place.
struct Site {
  ClusterConfig cluster;
  AwsConfig aws;
  DataConfig data;
  Partitions partitions;
  bool plugin_v2 = false;
  std::vector<FieldFacts> fields;  // everything that was described, for `config show` and the schema
};

/// A section that another room describes: `describe` is called with the reader while the file is read.
using Section = std::function<void(Reader&)>;

/// Reads the site's configuration and its partitions. `path` is spillway.yaml, or a folder with config.json
/// and partitions.json. Errors: not_found, denied (SPW-CONFIG-004), invalid (SPW-CONFIG-001 to -003).
Result<Site> load_site(const std::filesystem::path& path, const std::vector<Section>& sections);

}  // namespace spillway::config
