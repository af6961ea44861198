#include "vpn/bootstrap.h"

#include "base/script.h"
#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {

extern const std::string kGatewayBootstrap;  // share/bootstrap/gateway.sh

namespace {

constexpr size_t kLongestUserData = 16384;  // EC2's limit, before base64

struct Field {
  std::string_view what, letters;
  size_t least, most;
  const std::string& value;
};

Result<void> check(const Field& field) {
  if (field.value.size() >= field.least && field.value.size() <= field.most &&
      field.value.find_first_not_of(field.letters) == std::string::npos)
    return {};
  return Error{Kind::invalid, kBadValue,
               fmt::format("the gateway's {} is not one: {}", field.what, in_quotes(field.value))};
}

}  // namespace

Result<std::string> render_gateway_user_data(const GatewayValues& values) {
  constexpr std::string_view kHost = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";
  TRY(check({"cluster", "abcdef0123456789-", 36, 36, values.cluster}));
  TRY(check({"region", "abcdefghijklmnopqrstuvwxyz0123456789-", 4, 32, values.region}));
  TRY(check({"bucket", kHost, 3, 63, values.bucket}));
  TRY(check({"interface", kName, 1, 15, values.interface}));
  TRY(check({"place", "abcdefghijklmnopqrstuvwxyz", 3, 20, values.place}));
  TRY(check({"DNS suffix", kHost, 3, 63, values.dns_suffix}));
  std::string out = without_comments(filled_script(kGatewayBootstrap, {{"CLUSTER", values.cluster},
                                                                       {"REGION", values.region},
                                                                       {"BUCKET", values.bucket},
                                                                       {"INTERFACE", values.interface},
                                                                       {"PLACE", values.place},
                                                                       {"PAIR", values.pair ? "yes" : ""},
                                                                       {"DNS_SUFFIX", values.dns_suffix}}));
  if (out.size() > kLongestUserData)
    return Error{Kind::invalid, kBadValue,
                 fmt::format("user-data has {} bytes, EC2 takes {}", out.size(), kLongestUserData)};
  return out;
}

}  // namespace spillway::vpn
