#include "vpn/bootstrap.h"

#include "base/script.h"
#include "base/text.h"

namespace spillway::vpn {

extern const std::string kGatewayBootstrap;  // share/bootstrap/gateway.sh

namespace {

constexpr Code kBadValue{"SPW-VPN-007",
                         "the value would become part of a script that the gateway runs as root",
                         "spillway config validate, and correct the value"};
constexpr size_t kLongestUserData = 16384;  // EC2's limit, before base64

Result<void> check(std::string_view what, const std::string& value, size_t least, size_t most) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  if (value.size() >= least && value.size() <= most && value.find_first_not_of(kLetters) == std::string::npos)
    return {};
  return Error{Kind::invalid, kBadValue, fmt::format("{} is not one: {}", what, in_quotes(value))};
}

}  // namespace

Result<std::string> render_gateway_user_data(const GatewayValues& values) {
  TRY(check("cluster's uuid", values.cluster, 36, 36));
  TRY(check("region", values.region, 4, 32));
  TRY(check("bucket", values.bucket, 3, 63));
  TRY(check("interface", values.interface, 1, 15));
  TRY(check("DNS suffix", values.dns_suffix, 3, 63));
  std::string out = filled_script(kGatewayBootstrap, {{"CLUSTER", values.cluster},
                                                      {"REGION", values.region},
                                                      {"BUCKET", values.bucket},
                                                      {"INTERFACE", values.interface},
                                                      {"DNS_SUFFIX", values.dns_suffix}});
  if (out.size() > kLongestUserData)
    return Error{Kind::invalid, kBadValue,
                 fmt::format("user-data has {} bytes, EC2 takes {}", out.size(), kLongestUserData)};
  return out;
}

}  // namespace spillway::vpn
