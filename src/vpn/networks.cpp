#include "vpn/networks.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace spillway::vpn {
namespace {

constexpr Code kNoNetwork{"SPW-VPN-004", "networks are written as ADDRESS/BITS, host bits zero",
                          "write it like 192.168.0.0/16"};
constexpr Code kOverlap{
    "SPW-VPN-005", "an address that is on both sides of the tunnel is reached on one of them only",
    "choose another aws.vpc_cidr or vpn.tunnel_cidr, or name the premises' networks more exactly"};

uint32_t mask(int prefix) {
  return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix);
}

}  // namespace

bool Network::contains(const Network& other) const {
  return prefix <= other.prefix && (other.base & mask(prefix)) == base;
}

std::string Network::address(uint32_t n) const {
  const uint32_t at = base + n;
  return fmt::format("{}.{}.{}.{}", at >> 24, (at >> 16) & 255, (at >> 8) & 255, at & 255);
}

std::string to_string(const Network& network) {
  return fmt::format("{}/{}", network.address(0), network.prefix);
}

Result<Network> parse_network(std::string_view text) {
  const Error wrong{Kind::invalid, kNoNetwork, fmt::format("{} is no network", in_quotes(text))};
  const size_t slash = std::min(text.find('/'), text.size());
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text.substr(0, slash)).c_str(), &address) != 1) return wrong;
  const auto bits = slash == text.size() ? std::optional<int64_t>(32) : parse_int(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > 32) return wrong;
  const Network out{ntohl(address.s_addr), static_cast<int>(*bits)};
  if ((out.base & ~mask(out.prefix)) != 0) return wrong;
  return out;
}

Result<void> refuse_overlaps(const std::vector<Named>& networks) {
  std::vector<Network> parsed;
  for (const Named& each : networks) parsed.push_back(TRY(parse_network(each.cidr)));
  for (size_t i = 0; i < parsed.size(); ++i)
    for (size_t j = i + 1; j < parsed.size(); ++j)
      if (parsed[i].overlaps(parsed[j]))
        return Error{Kind::invalid, kOverlap,
                     fmt::format("{} ({}) and {} ({}) overlap", networks[i].cidr, networks[i].what,
                                 networks[j].cidr, networks[j].what)};
  return {};
}

}  // namespace spillway::vpn
