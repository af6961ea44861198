#pragma once
#include <filesystem>
#include <string>

#include "base/error.h"

namespace spillway::staging {

/// One side of a copy, as the user names it.
struct Location {
  bool remote = false;
  std::string bucket, prefix;   // of s3://BUCKET/PREFIX; a prefix ends with a slash unless it is empty
  std::string object;           // the key as it was written, for a single object
  std::filesystem::path local;  // absolute
  std::string text;             // as it was written
};

/// Errors: invalid (SPW-STAGE-001).
Result<Location> parse_location(const std::string& text);

}  // namespace spillway::staging
