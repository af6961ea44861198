#pragma once
#include <filesystem>

#include "dns/tsig.h"

namespace spillway::dns {

/// Reads a key as BIND writes it: key "name" { algorithm hmac-sha256; secret "…"; };. Comments are those of
/// named.conf. Errors: invalid (SPW-DNS-004, -005).
Result<Key> parse_key(std::string_view text);

/// The key of `dns.tsig`, file:PATH. The file must be a plain one of root's or our own user's that only its
/// owner, and at most our own group, may read. Errors: invalid (SPW-DNS-004, -005, -008), not_found
/// (SPW-DNS-007), denied (SPW-DNS-006).
Result<Key> load_key(std::string_view setting);

}  // namespace spillway::dns
