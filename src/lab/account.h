#pragma once
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "emu/aws.h"
#include "lab/slurm_files.h"

namespace spillway::lab {

/// A long-term key of the lab's account.
struct AccessKey {
  std::string id, secret;
};

/// The account that an administrator would have prepared: VPC, image, bucket with the cluster's secret, the
/// compute role with its instance profile, the user of the daemon and the one of people's own clients.
struct Account {
  std::string image_id = "ami-0spillwaylab00001";
  std::string role_name = "spillway-compute";
  AccessKey daemon, people;
  std::string munge_key;
};

/// A document for emu::Aws::seed. The compute role may read launch documents and what is released to its own
/// session.
Json seed_document(const Account& account, const ClusterFacts& cluster);

/// Creates the launch template of the compute nodes by a real, signed API call to `emulator`. Errors: the
/// API's.
Result<void> create_launch_template(emu::Aws& emulator, Clock& clock, const Account& account,
                                    const std::string& user_data);

/// Instances that are not terminated, by DescribeInstances: [{"id", "address", "state", "node"}].
Result<Json> describe_instances(emu::Aws& emulator, Clock& clock, const AccessKey& key);

}  // namespace spillway::lab
