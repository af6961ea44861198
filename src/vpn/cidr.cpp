#include "vpn/cidr.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

Error bad(std::string_view text, std::string_view why) {
  return Error{Kind::invalid, kBadNetwork, fmt::format("not a network: {}: {}", in_quotes(text), why)};
}

/// Whether all bits of `bytes` from `from` on are zero.
bool zero_behind(const std::array<uint8_t, 16>& bytes, int from, int bits) {
  for (int bit = from; bit < bits; ++bit)
    if (bytes[static_cast<size_t>(bit / 8)] & (0x80 >> (bit % 8))) return false;
  return true;
}

bool equal_up_to(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    if ((a[static_cast<size_t>(bit / 8)] ^ b[static_cast<size_t>(bit / 8)]) & mask) return false;
  }
  return true;
}

std::string text_of(bool v6, const std::array<uint8_t, 16>& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Cidr out;
  out.v6_ = address.find(':') != std::string::npos;
  const int bits = out.v6_ ? 128 : 32;
  if (address.find('\0') != std::string::npos ||
      inet_pton(out.v6_ ? AF_INET6 : AF_INET, address.c_str(), out.bytes_.data()) != 1)
    return bad(text, "the address cannot be read");
  out.prefix_ = bits;
  if (slash != std::string_view::npos) {
    const std::string_view length = text.substr(slash + 1);
    const bool digits = !length.empty() && length.find_first_not_of("0123456789") == std::string_view::npos;
    const auto prefix = digits ? parse_int(length) : std::nullopt;
    if (!prefix || *prefix > bits) return bad(text, fmt::format("the prefix is 0 to {}", bits));
    out.prefix_ = static_cast<int>(*prefix);
  }
  if (!zero_behind(out.bytes_, out.prefix_, bits)) return bad(text, "it has bits behind its prefix");
  return out;
}

Result<std::vector<Cidr>> Cidr::parse_all(const std::vector<std::string>& texts) {
  std::vector<Cidr> out;
  for (const std::string& text : texts) out.push_back(TRY(parse(text)));
  return out;
}

bool Cidr::contains(const Cidr& other) const {
  return v6_ == other.v6_ && prefix_ <= other.prefix_ && equal_up_to(bytes_, other.bytes_, prefix_);
}

Result<IpAddress> Cidr::nth(uint64_t n) const {
  const int bits = (v6_ ? 128 : 32) - prefix_;
  if (bits < 64 && n >= uint64_t{1} << bits)
    return Error{Kind::invalid, kBadNetwork, fmt::format("{} has no address {}", to_string(), n)};
  auto bytes = bytes_;
  for (int at = v6_ ? 15 : 3; n != 0 && at >= 0; --at, n >>= 8)  // no carry: the bits behind the prefix are 0
    bytes[static_cast<size_t>(at)] |= static_cast<uint8_t>(n & 0xff);
  return IpAddress{text_of(v6_, bytes)};
}

IpAddress Cidr::address() const {
  return IpAddress{text_of(v6_, bytes_)};
}

std::string Cidr::to_string() const {
  return fmt::format("{}/{}", text_of(v6_, bytes_), prefix_);
}

Result<void> check_disjoint(const std::vector<NamedCidr>& networks) {
  for (size_t i = 0; i < networks.size(); ++i)
    for (size_t j = i + 1; j < networks.size(); ++j)
      if (networks[i].cidr.overlaps(networks[j].cidr))
        return Error{Kind::invalid, kOverlap,
                     fmt::format("{} {} overlaps {} {}", networks[i].name, networks[i].cidr.to_string(),
                                 networks[j].name, networks[j].cidr.to_string())};
  return {};
}

}  // namespace spillway::vpn
