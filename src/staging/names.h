#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

// Names of files are bytes, keys of S3 are UTF-8. A byte that is not part of UTF-8 is written as %XX in the
// key, and the manifest keeps the name itself; every other name is its own key.
namespace spillway::staging {

/// One file's name as part of a key.
std::string key_of_name(std::string_view name);
/// Whether an object of this key, relative to the prefix, can be put beneath a directory: no empty part, no
/// "." or "..", no zero byte. Errors: invalid (SPW-STAGE-006).
Result<void> check_key(std::string_view key);
/// Whether S3 takes it. Errors: invalid (SPW-STAGE-013).
Result<void> check_length(std::string_view whole_key);
/// Whether a file of this name is one that a copy under way has put there.
bool is_temporary(std::string_view name);
inline constexpr std::string_view kTemporary = ".spillway-part-";
/// The manifest's name under a prefix.
inline constexpr std::string_view kManifestKey = ".spillway-manifest.jsonl";

/// The length of the UTF-8 character at the beginning of `text`; 0 where there is none.
size_t utf8_length(std::string_view text);

}  // namespace spillway::staging
