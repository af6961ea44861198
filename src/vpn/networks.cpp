#include "vpn/codes.h"
#include "vpn/vpn_site.h"

namespace spillway::vpn {

Result<Networks> networks_of(const VpnConfig& config, const std::string& vpc_cidr) {
  std::vector<NamedCidr> named;
  const auto read = [&](std::string name, const std::string& text) -> Result<Cidr> {
    auto cidr = Cidr::parse(text);
    if (!cidr) return std::move(cidr).error().during(name);
    // Exact AllowedIPs are the tunnel's packet filter; this network would be no filter at all.
    if (cidr->prefix() == 0)
      return Error{Kind::invalid, kBadNetwork, fmt::format("{} {} is everything", name, text)};
    named.push_back({std::move(name), *cidr});
    return cidr;
  };
  if (config.onprem_cidrs.empty())
    return Error{Kind::invalid, kBadNetwork, "vpn.onprem_cidrs names no network"};
  Networks out;
  for (const std::string& text : config.onprem_cidrs)
    out.onprem.push_back(TRY(read("vpn.onprem_cidrs", text)));
  out.vpc = TRY(read("aws.vpc_cidr", vpc_cidr));
  out.tunnel = TRY(read("vpn.tunnel_cidr", config.tunnel_cidr));
  TRY(check_disjoint(named));
  out.onprem_end = TRY(out.tunnel.nth(1));
  out.aws_end = TRY(out.tunnel.nth(2));
  return out;
}

}  // namespace spillway::vpn
