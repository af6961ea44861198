#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace spillway::vpn {

/// A network of IPv4 or IPv6 addresses; with all bits in the prefix, one address.
class Cidr {
 public:
  /// Reads "192.168.0.0/16" or a bare address. Bits behind the prefix are refused: they mean that somebody
  /// meant another network. Errors: invalid (SPW-VPN-004).
  static Result<Cidr> parse(std::string_view text);
  static Result<std::vector<Cidr>> parse_all(const std::vector<std::string>& texts);

  bool v6() const { return v6_; }
  int prefix() const { return prefix_; }
  bool contains(const Cidr& other) const;
  bool overlaps(const Cidr& other) const { return contains(other) || other.contains(*this); }
  /// The address `n` after the network's own. Errors: invalid, when the network is smaller.
  Result<IpAddress> nth(uint64_t n) const;
  /// The network's first address.
  IpAddress address() const;
  std::string to_string() const;
  auto operator<=>(const Cidr&) const = default;

 private:
  bool v6_ = false;
  std::array<uint8_t, 16> bytes_{};
  int prefix_ = 0;
};

/// A network with the name that it has in the configuration.
struct NamedCidr {
  std::string name;  // "aws.vpc_cidr"
  Cidr cidr;
};

/// Refuses networks of which one address would stand for two hosts. Errors: invalid (SPW-VPN-005) names the
/// pair.
Result<void> check_disjoint(const std::vector<NamedCidr>& networks);

}  // namespace spillway::vpn
