#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/client.h"

namespace spillway::aws {

/// Whole objects of one bucket. Errors of all: those of Client::call; a missing key is not_found, or denied
/// where the credentials may not list the bucket (S3 then does not say which).
class S3 {
 public:
  S3(Client& client, std::string bucket) : client_(&client), bucket_(std::move(bucket)) {}
  virtual ~S3() = default;

  virtual Result<std::string> get(std::string_view key, Deadline deadline);
  virtual Result<void> put(std::string_view key, std::string body, Deadline deadline);
  /// Errors: conflict when the key exists. After a lost answer the conflict may be with our own object: read
  /// it.
  virtual Result<void> put_if_absent(std::string_view key, std::string body, Deadline deadline);
  /// Server-side, at most 5 GiB.
  virtual Result<void> copy(std::string_view from, std::string_view to, Deadline deadline);
  /// Success also when there is no such key.
  virtual Result<void> remove(std::string_view key, Deadline deadline);
  /// All keys that begin with `prefix`, in order; all pages.
  virtual Result<std::vector<std::string>> list(std::string_view prefix, Deadline deadline);
  /// Uploads in parts that were begun before `before` under `prefix` and neither finished nor given up; all
  /// pages.
  struct Upload {
    std::string key, id;
  };
  virtual Result<std::vector<Upload>> unfinished_uploads(std::string_view prefix, Time before,
                                                         Deadline deadline);
  /// Gives such an upload up, and what was sent of it; one that is gone is success.
  virtual Result<void> abort(const Upload& upload, Deadline deadline);
  /// Copies side by side. Errors: the first; the others were tried all the same.
  virtual Result<void> copy_all(const std::vector<std::pair<std::string, std::string>>& from_to,
                                Deadline deadline);
  /// Removes side by side. Errors: as copy_all.
  virtual Result<void> remove_all(const std::vector<std::string>& keys, Deadline deadline);

 protected:
  S3() = default;

 private:
  Call copy_call(std::string_view from, std::string_view to) const;
  Call remove_call(std::string_view key) const;
  Client* client_ = nullptr;
  std::string bucket_;
};

}  // namespace spillway::aws
