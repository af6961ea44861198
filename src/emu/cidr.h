#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::emu {

std::optional<uint32_t> parse_ipv4(std::string_view text);
std::string to_ipv4(uint32_t address);

/// An IPv4 network; host bits are zero.
struct Cidr {
  uint32_t base = 0;
  int bits = 0;

  /// Reads ADDRESS/BITS and clears the host bits, as EC2 does.
  static std::optional<Cidr> parse(std::string_view text);
  std::string text() const;
  uint64_t size() const { return uint64_t{1} << (32 - bits); }
  bool contains(uint32_t address) const { return address >= base && address - base < size(); }
  bool contains(const Cidr& other) const { return bits <= other.bits && contains(other.base); }
  bool overlaps(const Cidr& other) const { return contains(other.base) || other.contains(base); }
  bool operator==(const Cidr&) const = default;
};

}  // namespace spillway::emu
