#pragma once
#include <sys/types.h>
#include <unistd.h>

#include <filesystem>

#include "vpn/keys.h"

namespace spillway::vpn {

/// The path behind the configuration's "file:PATH". Errors: invalid (SPW-VPN-003) for another scheme or a
/// relative path.
Result<std::filesystem::path> key_path(std::string_view configured);

/// The private key in `path`, if nobody but root and `owner` could have read or exchanged it: a regular file
/// of theirs, mode 0400 or 0600, no symlink on the way, no folder above it that others may write.
/// Errors: not_found, denied (SPW-VPN-002), invalid (SPW-VPN-001).
Result<Secret> load_private_key(const std::filesystem::path& path, uid_t owner = geteuid());

/// Writes a key file with mode 0400, whole or not at all; an old one is replaced. Errors: denied
/// (SPW-VPN-002: the folder is not safe), io.
Result<void> store_private_key(const std::filesystem::path& path, const Secret& key, uid_t owner = geteuid());

/// The public half of the key in `path`, which is made now if there is none yet. Errors: those of both.
Result<PublicKey> keep_private_key(const std::filesystem::path& path);

}  // namespace spillway::vpn
