#include "emu/cidr.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/text.h"

namespace spillway::emu {

std::optional<uint32_t> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::string to_ipv4(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_ipv4(text.substr(0, slash));
  auto bits = parse_int(text.substr(slash + 1));
  if (!address || !bits || *bits < 0 || *bits > 32) return std::nullopt;
  Cidr cidr{0, static_cast<int>(*bits)};
  cidr.base = *address & ~static_cast<uint32_t>(cidr.size() - 1);
  return cidr;
}

std::string Cidr::text() const {
  return fmt::format("{}/{}", to_ipv4(base), bits);
}

}  // namespace spillway::emu
