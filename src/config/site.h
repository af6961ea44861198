#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/partitions.h"
#include "config/plugin_v2.h"
#include "config/reader.h"

namespace spillway::config {

struct ClusterConfig {
  std::string name, id, slurm_conf = "/etc/slurm/slurm.conf", slurm_bin = "/usr/bin";
};
template <class Visitor>
void describe(Visitor& v, ClusterConfig& c) {
  v.field("cluster.name", c.name, "The cluster's name, for people.").required().one_line(100);
  v.field("cluster.id", c.id,
          "The cluster's uuid, which every resource on AWS is tagged with; made once when it is absent.");
  v.field("cluster.slurm_conf", c.slurm_conf, "slurm.conf that Slurm's commands read.");
  v.field("cluster.slurm_bin", c.slurm_bin, "Folder of scontrol, squeue and sacct.");
}

struct AwsConfig {
  std::string profile, region, vpc_cidr, compute_role_id, endpoint_url, ca_bundle;
  int64_t launch_burst = 1000, launch_per_s = 2, end_burst = 1000, end_per_s = 20, request_factor = 1;
};
template <class Visitor>
void describe(Visitor& v, AwsConfig& c) {
  v.field("aws.profile", c.profile, "Profile of the shared AWS files; empty: the default chain.");
  v.field("aws.region", c.region, "Region of the bucket and of groups that name none.").required();
  v.field("aws.vpc_cidr", c.vpc_cidr, "Addresses of the VPC.");
  v.field("aws.compute_role_id", c.compute_role_id,
          "Unique id (AROA…) of the compute nodes' role; secrets are released to its sessions only.");
  v.field("aws.endpoint_url", c.endpoint_url,
          "Where the API answers in place of AWS; it wins over the AWS tools' own settings.");
  v.field("aws.ca_bundle", c.ca_bundle, "Certificates to trust instead of the system's.");
  v.field("aws.launch_burst", c.launch_burst, "Instances that EC2 lets this account start at once.")
      .range(1, 1'000'000);
  v.field("aws.launch_per_s", c.launch_per_s, "Instances that it may start each second after that.")
      .range(1, 1'000'000);
  v.field("aws.end_burst", c.end_burst, "Instances that it may end at once.").range(1, 1'000'000);
  v.field("aws.end_per_s", c.end_per_s, "Instances that it may end each second after that.")
      .range(1, 1'000'000);
  v.field("aws.request_factor", c.request_factor,
          "How many times EC2's published request rates this account has.")
      .range(1, 1000);
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

// A section whose format stands and whose use is yet to come.
struct BudgetConfig {
  std::string monthly;
  std::vector<std::string> warn;
  std::string at_limit = "hold_new_jobs";
};
template <class Visitor>
void describe(Visitor& v, BudgetConfig& c) {
  v.field("budget.monthly", c.monthly, "Most to spend in a month: \"5000 USD\".").unused();
  v.field("budget.warn", c.warn, "Shares of it that warn: [50%, 80%].").unused();
  v.field("budget.at_limit", c.at_limit, "What happens there.").one_of({"hold_new_jobs", "warn"}).unused();
}

/// spillway.yaml, or plugin v2's config.json in its place.
struct Site {
  ClusterConfig cluster;
  AwsConfig aws;
  DataConfig data;
  BudgetConfig budget;
  Partitions partitions;
  PluginConfig plugin;  // config.json, when plugin_v2
  bool plugin_v2 = false;
  std::vector<FieldFacts> fields;  // everything that was described, for `config show` and the schema
};

/// A section that another room describes: `describe` is called with the reader while the file is read.
using Section = std::function<void(Reader&)>;

/// Every field that spillway.yaml may have, with its default: for the schema and the reference.
std::vector<FieldFacts> described_fields(const std::vector<Section>& sections);

/// Reads the site's configuration and its partitions. `path` is spillway.yaml, or a folder with config.json
/// and partitions.json. SPILLWAY_<SECTION>_<FIELD> of the environment wins over the file. Errors: not_found,
/// denied (SPW-CONFIG-004), invalid (SPW-CONFIG-001 to -003).
Result<Site> load_site(const std::filesystem::path& path, const std::vector<Section>& sections);

}  // namespace spillway::config
