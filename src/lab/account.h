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

/// The keys of the account, and what an account of a plugin v2 site has by hand.
struct Account {
  std::string image_id = "ami-0spillwaylab00001";
  std::string role_name = "spillway-compute";
  AccessKey daemon, people;
  std::string munge_key;
};

/// An account before `spillway apply`: an image, the daemon's user, who may only become the head role, and
/// the user of people's own clients. A document for emu::Aws::seed.
Json site_seed(const Account& account, const ClusterFacts& cluster);
std::string head_role_arn(const ClusterFacts& cluster);
/// Of the premises' gateway where each node is a peer.
std::string tunnel_role_arn(const ClusterFacts& cluster);
/// The account of a plugin v2 site, which was made by hand: VPC, image, compute role, bucket.
Json plugin_seed(const Account& account, const ClusterFacts& cluster);

/// Creates the launch template of the compute nodes by a real, signed API call to `emulator`. Errors: the
/// API's.
Result<void> create_launch_template(emu::Aws& emulator, Clock& clock, const Account& account,
                                    const std::string& user_data);

/// One signed call of EC2 with the key. Errors: the API's.
Result<Json> call_ec2(emu::Aws& emulator, Clock& clock, const AccessKey& key, const std::string& operation,
                      Json input);

}  // namespace spillway::lab
