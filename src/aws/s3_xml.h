#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// What S3 answers in XML, read; and what it is asked in XML, written.
namespace spillway::aws {

struct S3Fault {
  std::string code, message, region;  // region: where the bucket is, if that is the trouble
};
/// Empty when the body is no error.
S3Fault read_s3_fault(std::string_view body);

struct S3Listed {
  std::string key, etag;  // the key decoded, the ETag without its quotes
  int64_t size = 0;
  int64_t modified_ns = 0;  // of S3's clock, whole seconds or milliseconds
};
struct S3Page {
  std::vector<S3Listed> objects;
  std::string next;  // the token for the next page; empty: this was the last
};
/// Errors: internal (SPW-AWS-009).
Result<S3Page> read_s3_page(const std::string& body);

struct S3Part {
  int64_t number = 0, size = 0;
  std::string etag, crc64;  // crc64 in base64; empty where the server keeps none
};
struct S3PartsPage {
  std::vector<S3Part> parts;
  std::string next_marker;  // empty: this was the last
};
Result<S3PartsPage> read_s3_parts(const std::string& body);

/// The text of the first element of this name below the root. Errors: internal (SPW-AWS-009).
Result<std::string> read_s3_element(const std::string& body, const char* name);

std::string write_s3_parts(const std::vector<S3Part>& parts);
std::string write_s3_deletions(const std::vector<std::string>& keys);
struct S3NotDeleted {
  std::string key, code, message;
};
Result<std::vector<S3NotDeleted>> read_s3_deletions(const std::string& body);

}  // namespace spillway::aws
