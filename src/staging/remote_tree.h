#pragma once
#include <functional>
#include <vector>

#include "aws/s3_objects.h"
#include "staging/manifest.h"
#include "staging/walk.h"

namespace spillway::staging {

/// What lies under a prefix: S3's list, page after page, joined with the manifest if there is one. An object
/// that the manifest does not tell of, or that was replaced since, has only its size and time (known ==
/// false); a file of the manifest without its object is told as missing. Keys that can be no path are
/// complained of.
class RemoteTree final : public Tree {
 public:
  /// Fetches the first page and the manifest. Errors: those of the calls; invalid (SPW-STAGE-010).
  static Result<std::unique_ptr<RemoteTree>> open(aws::S3Objects& objects, std::string prefix,
                                                  Complain complain);
  Result<std::optional<Entry>> next() override;
  bool has_manifest() const { return manifest_ != nullptr; }
  /// Whether anything lies under the prefix.
  bool empty() const { return page_.objects.empty(); }

 private:
  RemoteTree(aws::S3Objects& objects, std::string prefix, Complain complain)
      : objects_(objects), prefix_(std::move(prefix)), complain_(std::move(complain)) {}
  Result<void> fetch_manifest();
  Result<std::optional<Entry>> next_object();

  aws::S3Objects& objects_;
  const std::string prefix_;
  const Complain complain_;
  std::unique_ptr<ManifestTree> manifest_;
  aws::S3Page page_;
  size_t position_ = 0;
  bool begun_ = false;
  std::optional<Entry> object_, told_;
};

/// How long one request to S3 may take, repeats included.
Deadline request_patience();

}  // namespace spillway::staging
