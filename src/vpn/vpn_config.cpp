#include "vpn/vpn_config.h"

#include "base/text.h"
#include "vpn/cidr.h"
#include "vpn/codes.h"
#include "vpn/endpoint.h"
#include "vpn/key_file.h"

namespace spillway::vpn {
namespace {

Error bad(std::string_view field, std::string_view value, std::string_view wanted) {
  return Error{Kind::invalid, kBadValue, fmt::format("{} {} is not {}", field, in_quotes(value), wanted)};
}

/// What the kernel takes for an interface and wg-quick for a file name.
bool is_interface(std::string_view name) {
  return !name.empty() && name.size() <= 15 && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-") ==
             std::string_view::npos;
}

Result<void> check_hosts(std::string_view field, const std::vector<std::string>& hosts) {
  for (const std::string& host : hosts)
    if (host.find('/') != std::string::npos || !Cidr::parse(host)) return bad(field, host, "an address");
  return {};
}

/// Words that would be silently without effect.
Result<void> check_node_mode(const VpnConfig& c) {
  if (c.gateways != 1)
    return Error{Kind::invalid, kNotInNodeMode,
                 fmt::format("vpn.mode is node, and vpn.gateways is {}", c.gateways)};
  for (const auto& [field, value] : {std::pair{"vpn.aws_endpoint", c.aws_endpoint},
                                     {"vpn.aws_key", c.aws_key},
                                     {"vpn.standby_endpoint", c.standby_endpoint},
                                     {"vpn.standby_key", c.standby_key}})
    if (!value.empty())
      return Error{Kind::invalid, kNotInNodeMode, fmt::format("vpn.mode is node, and {} is set", field)};
  return {};
}

}  // namespace

Result<void> check(const VpnConfig& c) {
  if (is_node_mode(c)) TRY(check_node_mode(c));
  if (!is_interface(c.interface)) return bad("vpn.interface", c.interface, "an interface's name");
  for (const auto& [field, value] : {std::pair{"vpn.endpoint", c.endpoint},
                                     {"vpn.aws_endpoint", c.aws_endpoint},
                                     {"vpn.standby_endpoint", c.standby_endpoint}})
    if (!value.empty() && !Endpoint::parse(value)) return bad(field, value, "host:port");
  for (const auto& [field, value] : {std::pair{"vpn.public_key", c.public_key},
                                     {"vpn.aws_key", c.aws_key},
                                     {"vpn.standby_key", c.standby_key}})
    if (!value.empty())
      if (auto key = parse_public_key(value); !key) return std::move(key).error().during(field);
  if (!c.key.empty()) TRY(key_path(c.key));
  if (!c.lan_address.empty()) TRY(check_hosts("vpn.lan_address", {c.lan_address}));
  return check_hosts("vpn.login_hosts", c.login_hosts);
}

}  // namespace spillway::vpn
