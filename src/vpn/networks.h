#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace spillway::vpn {

/// An IPv4 network.
struct Network {
  uint32_t base = 0;
  int prefix = 32;
  auto operator<=>(const Network&) const = default;

  bool contains(const Network& other) const;
  bool overlaps(const Network& other) const { return contains(other) || other.contains(*this); }
  /// Its n-th address, as text.
  std::string address(uint32_t n) const;
};
std::string to_string(const Network& network);
/// "192.168.0.0/16"; a bare address is a network of one. Errors: invalid (SPW-VPN-004).
Result<Network> parse_network(std::string_view text);

/// A network and what it is, for messages.
struct Named {
  std::string what, cidr;
};
/// Every pair must be apart, or packets would take the wrong way. Errors: invalid (SPW-VPN-004, -005).
Result<void> refuse_overlaps(const std::vector<Named>& networks);

}  // namespace spillway::vpn
