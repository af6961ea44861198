#pragma once
#include <string>

#include "base/error.h"

namespace spillway::site {

/// The `index`-th network of `prefix` bits inside `cidr` (IPv4). Errors: invalid (SPW-SITE-002: no IPv4
/// network, or it does not fit).
Result<std::string> carve(const std::string& cidr, int prefix, unsigned index);
/// The `index`-th address of `cidr`. Errors: the same.
Result<std::string> address_in(const std::string& cidr, unsigned index);
/// Bits of the prefix. Errors: the same.
Result<int> prefix_of(const std::string& cidr);

}  // namespace spillway::site
