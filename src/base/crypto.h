#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

namespace spillway {

/// SHA-256 of `data`, 32 raw bytes.
std::string sha256(std::string_view data);
/// HMAC-SHA256 of `data` under `key`, 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view data);
/// MD5 of `data`, 16 raw bytes; only because S3's ETag and Content-MD5 are defined by it.
std::string md5(std::string_view data);
/// SHA-1 of `data`, 20 raw bytes; only because AWS's tools name their token files by it.
std::string sha1(std::string_view data);
/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
/// Errors: invalid.
Result<std::string> from_base64(std::string_view text);
/// `count` bytes from the kernel's random source.
std::string random_bytes(size_t count);
/// Whether two secrets are equal, in time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace spillway
