#include "site/carve.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace spillway::site {
namespace {

constexpr Code kBadNetwork{"SPW-SITE-002", "subnets are cut from the VPC's addresses",
                           "set aws.vpc_cidr to a network of 16 to 24 bits, such as 172.31.0.0/16"};

struct Network {
  uint32_t base = 0;
  int prefix = 0;
};

Error no_network(const std::string& cidr) {
  return {Kind::invalid, kBadNetwork, fmt::format("{} is no IPv4 network", in_quotes(cidr))};
}

Result<Network> network_of(const std::string& cidr) {
  const size_t slash = cidr.find('/');
  in_addr address{};
  if (slash == std::string::npos || inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1)
    return no_network(cidr);
  const auto bits = parse_int(cidr.substr(slash + 1));
  if (!bits || *bits < 1 || *bits > 32) return no_network(cidr);
  const Network out{ntohl(address.s_addr), static_cast<int>(*bits)};
  const uint32_t host = out.prefix == 32 ? 0 : ~uint32_t{0} >> out.prefix;
  if (out.base & host) return no_network(cidr);
  return out;
}

std::string text_of(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
                     address & 255);
}

}  // namespace

Result<int> prefix_of(const std::string& cidr) {
  return TRY(network_of(cidr)).prefix;
}

Result<std::string> carve(const std::string& cidr, int prefix, unsigned index) {
  const Network network = TRY(network_of(cidr));
  if (prefix < network.prefix || prefix > 32 || uint64_t{index} >> (prefix - network.prefix) != 0)
    return Error{Kind::invalid, kBadNetwork,
                 fmt::format("{} has no network number {} of {} bits", cidr, index, prefix)};
  const uint32_t base = network.base + static_cast<uint32_t>(uint64_t{index} << (32 - prefix));
  return fmt::format("{}/{}", text_of(base), prefix);
}

Result<std::string> address_in(const std::string& cidr, unsigned index) {
  const std::string one = TRY(carve(cidr, 32, index));
  return one.substr(0, one.find('/'));
}

}  // namespace spillway::site
