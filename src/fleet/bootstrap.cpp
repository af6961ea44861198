#include "fleet/bootstrap.h"

#include <fmt/ranges.h>

#include <map>

#include "base/script.h"
#include "base/text.h"

namespace spillway::fleet {

extern const std::string kComputeBootstrap;  // share/bootstrap/compute.sh

namespace {

constexpr Code kBadValue{"SPW-FLEET-031",
                         "the value would become part of a script that instances run as root",
                         "spillway config validate, and correct the value"};

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz", kDigits = "0123456789";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct Rule {
  std::string_view name;
  std::string letters;
  size_t least, most;
};

Result<void> check(const Rule& rule, const std::string& value) {
  if (value.size() >= rule.least && value.size() <= rule.most &&
      value.find_first_not_of(rule.letters) == std::string::npos)
    return {};
  return Error{Kind::invalid, kBadValue, fmt::format("{} is not one: '{}'", rule.name, value)};
}

std::string letters(std::initializer_list<std::string_view> sets) {
  return fmt::format("{}", fmt::join(sets, ""));
}

Result<void> check_controller(const std::string& value) {
  const size_t colon = value.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_int(value.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535)
    return Error{Kind::invalid, kBadValue, fmt::format("controller is not host:port: '{}'", value)};
  return check({"controller's host", letters({kLower, kUpper, kDigits, ".-"}), 1, 253},
               value.substr(0, colon));
}

Result<void> check(const BootstrapValues& values) {
  TRY(check({"cluster's uuid", letters({"abcdef-", kDigits}), 36, 36}, values.cluster));
  TRY(check({"region", letters({kLower, kDigits, "-"}), 4, 32}, values.region));
  TRY(check({"bucket", letters({kLower, kDigits, "-."}), 3, 63}, values.bucket));
  TRY(check({"role's id", letters({kUpper, kDigits}), 16, 128}, values.role_id));
  TRY(check({"DNS suffix", letters({kLower, kDigits, "-."}), 3, 63}, values.dns_suffix));
  if (values.controllers.empty()) return Error{Kind::invalid, kBadValue, "no controller is named"};
  for (const std::string& controller : values.controllers) TRY(check_controller(controller));
  if (values.join_limit_s < 10 || values.join_limit_s > 86400)
    return Error{Kind::invalid, kBadValue,
                 fmt::format("join limit is not 10 to 86400 s: {}", values.join_limit_s)};
  if (values.alone_s < 20 || values.alone_s > 86400)
    return Error{Kind::invalid, kBadValue,
                 fmt::format("time without the controller is not 20 to 86400 s: {}", values.alone_s)};
  return {};
}

}  // namespace

Result<std::string> render_compute_user_data(const BootstrapValues& values) {
  TRY(check(values));
  const std::map<std::string, std::string> fields = {
      {"TUNNEL", values.tunnel.empty() ? "" : "\n" + values.tunnel},
      {"CLUSTER", values.cluster},
      {"REGION", values.region},
      {"BUCKET", values.bucket},
      {"ROLE_ID", values.role_id},
      {"DNS_SUFFIX", values.dns_suffix},
      {"CONTROLLERS", fmt::format("{}", fmt::join(values.controllers, ","))},
      {"JOIN_LIMIT_S", std::to_string(values.join_limit_s)},
      {"ALONE_S", std::to_string(values.alone_s)}};
  std::string out = without_comments(filled_script(kComputeBootstrap, fields));
  if (out.size() > kLongestUserData)
    return Error{Kind::invalid, kBadValue,
                 fmt::format("user-data has {} bytes, EC2 takes {}", out.size(), kLongestUserData)};
  return out;
}

}  // namespace spillway::fleet
