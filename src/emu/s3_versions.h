#pragma once
#include <string>

#include "emu/account.h"

// How a bucket keeps the versions of its objects. Source: S3 User Guide, "Using versioning in S3 buckets".
namespace spillway::emu {

/// Makes `object` the current version under `key`; what was current stays where the bucket is versioned.
/// Returns the version id.
std::string put_version(Account& account, Bucket& bucket, const std::string& key, Object object);

/// What a delete did.
struct Deletion {
  std::string version;  // that was deleted, or of the delete marker that was made; "" in a plain bucket
  bool marker = false;  // it is about a delete marker
};
/// Deletes without a version id: in a versioned bucket, a delete marker becomes the current version.
Deletion delete_current(Account& account, Bucket& bucket, const std::string& key);
/// Deletes one version for good; the youngest of the others becomes current.
Deletion delete_version(Bucket& bucket, const std::string& key, const std::string& version);

/// The version, current or not, or a delete marker; nullptr when there is none.
const Object* find_version(const Bucket& bucket, const std::string& key, const std::string& version);

}  // namespace spillway::emu
