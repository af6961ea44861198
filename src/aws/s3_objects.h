#pragma once
#include <map>
#include <optional>

#include "aws/s3_requests.h"
#include "aws/s3_xml.h"

namespace spillway::aws {

/// What an object is, as far as an answer tells.
struct S3Facts {
  std::string etag;   // without its quotes
  std::string crc64;  // of the whole object, base64; empty where the server keeps none
  int64_t size = 0;   // of the object, also when a range was asked for
  int64_t modified_ns = 0;
};

/// What is known of a body before it is sent. S3 checks both and refuses what does not fit.
struct S3Sums {
  std::string crc64;   // base64; empty: not sent
  std::string sha256;  // hexadecimal; empty: not signed
};

/// Objects of one bucket with much data in them, one request a call. Errors of all: those of
/// S3Requests::call.
class S3Objects {
 public:
  explicit S3Objects(S3Requests& requests) : requests_(&requests) {}

  /// The ETag. Errors: internal (SPW-AWS-011) when the server says that it stored something else.
  Result<std::string> put(std::string_view key, std::string_view body, const S3Sums& sums, Deadline deadline);
  struct Range {
    int64_t first = 0, count = 0;
  };
  /// Puts the object, or a range of it, into `room`, which must be large enough. With `etag`, only of the
  /// object that has it: conflict when it was replaced. A range ends with the object. Errors: unavailable
  /// when fewer bytes came than were promised.
  Result<S3Facts> get(std::string_view key, std::optional<Range> range, std::string_view etag,
                      std::span<char> room, Deadline deadline);
  /// A small object, whole.
  Result<std::string> get_text(std::string_view key, Deadline deadline);
  Result<S3Facts> head(std::string_view key, Deadline deadline);

  /// The next of the keys that begin with `prefix`, a thousand at most, behind the page that gave `token`.
  Result<S3Page> list(std::string_view prefix, std::string_view token, Deadline deadline);
  /// Deletes at most a thousand. Errors: partial, naming the first that stayed.
  Result<void> remove(const std::vector<std::string>& keys, Deadline deadline);

  struct Begun {
    std::string id;
    bool crc64 = false;  // whether the server keeps and checks CRC64NVME
  };
  Result<Begun> create_upload(std::string_view key, Deadline deadline);
  Result<S3Part> upload_part(std::string_view key, std::string_view id, int64_t number, std::string_view body,
                             const S3Sums& sums, Deadline deadline);
  /// All parts that the server has. Errors: not_found when there is no such upload.
  Result<std::vector<S3Part>> list_parts(std::string_view key, std::string_view id, Deadline deadline);
  /// The object's ETag. `crc64` of the whole is sent unless empty. A repeat after a lost answer is success.
  Result<std::string> complete_upload(std::string_view key, std::string_view id,
                                      const std::vector<S3Part>& parts, std::string_view crc64,
                                      Deadline deadline);
  /// Success also when there is no such upload.
  Result<void> abort_upload(std::string_view key, std::string_view id, Deadline deadline);

  S3Requests& requests() { return *requests_; }

 private:
  S3Requests* requests_;
};

}  // namespace spillway::aws
