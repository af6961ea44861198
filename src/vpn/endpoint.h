#pragma once
#include <functional>
#include <string>

#include "base/error.h"
#include "base/ids.h"

namespace spillway::vpn {

/// Where a gateway answers: a name or address, and a UDP port; "[2001:db8::1]:51820" for IPv6.
struct Endpoint {
  std::string host;  // without brackets
  int port = 0;

  /// Errors: invalid (SPW-VPN-007).
  static Result<Endpoint> parse(std::string_view text);
  bool numeric() const;
  std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

/// Turns an endpoint's name into the address to use now. Errors: not_found, unavailable (SPW-VPN-031).
using Resolver = std::function<Result<Endpoint>(const Endpoint&)>;
/// By getaddrinfo, the first address that it prefers.
Result<Endpoint> resolve(const Endpoint& endpoint);

}  // namespace spillway::vpn
