#pragma once
#include "staging/means.h"
#include "staging/remote_tree.h"
#include "staging/sync.h"

namespace spillway::staging {

struct VerifyReport {
  int64_t verified = 0, verified_bytes = 0;  // entries that are as the manifest tells
  int64_t wrong = 0;
  std::vector<Failure> failures;  // the first thousand
};

/// Whether the objects under the prefix are those of its manifest: there, of the size, with the CRC64NVME
/// that S3 keeps of them. Reads no content. Errors: not_found (SPW-STAGE-002: no manifest), invalid
/// (SPW-STAGE-010), those of the calls.
Result<VerifyReport> verify_prefix(Means& means, const std::string& prefix, const Tell& tell);
/// Whether the directory is what the prefix's manifest tells: names, types, modes, times, links, and each
/// file's SHA-256, by reading it. Errors: as above; denied, io.
Result<VerifyReport> verify_tree(Means& means, const std::string& prefix, const std::filesystem::path& root,
                                 const Tell& tell);

}  // namespace spillway::staging
