#pragma once
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace spillway::vpn {

/// WireGuard's two halves, base64 as `wg genkey` and `wg pubkey` write them.
struct KeyPair {
  Secret private_key;
  std::string public_key;
};

/// A new pair. Errors: internal (no randomness).
Result<KeyPair> make_key_pair();
/// The public half of a private one (X25519). Errors: invalid (SPW-VPN-001: it is no key).
Result<std::string> public_key_of(const Secret& private_key);
/// Whether the text can be a key: 32 bytes in base64.
bool is_key(std::string_view text);

/// The private key in a file. It must be a file of its own (no link), readable by its owner alone, and belong
/// to root or to us, in a folder that nobody else can write. Errors: not_found, denied (SPW-VPN-002), invalid
/// (SPW-VPN-001).
Result<Secret> read_private_key(const std::filesystem::path& file);
/// Makes a key and keeps it as such a file (0400), unless the file is there already; its public half.
Result<std::string> keep_private_key(const std::filesystem::path& file);

/// "file:PATH" as a path. Errors: invalid (SPW-VPN-003).
Result<std::filesystem::path> key_file(std::string_view reference);

}  // namespace spillway::vpn
