#include "lab/dns_files.h"

#include <fmt/format.h>

#include "lab/layout.h"

namespace spillway::lab {
namespace {

constexpr const char* kHead = "$TTL 60\n@ IN SOA ns.lab. admin.lab. 1 60 60 3600 5\n@ IN NS ns.lab.\n";

}  // namespace

std::string render_named_conf(const std::string& folder, const std::string& address, bool primary) {
  const std::string site =
      primary ? std::string("type primary; file \"site.zone\";")
              : fmt::format("type forward; forward only; forwarders {{ {}; }};", kControllerAddress);
  return fmt::format(R"(options {{
  directory "{folder}";
  pid-file none;
  session-keyfile none;
  lock-file none;
  listen-on {{ {address}; }};
  listen-on-v6 {{ none; }};
  allow-query {{ any; }};
  recursion yes;
  dnssec-validation no;
  empty-zones-enable no;
  minimal-responses yes;
}};
controls {{ }};
zone "." {{ type primary; file "root.zone"; }};
zone "amazonaws.com" {{ type primary; file "aws.zone"; }};
zone "example.com" {{ {site} }};
)",
                     fmt::arg("folder", folder), fmt::arg("address", address), fmt::arg("site", site));
}

std::string render_aws_zone() {
  return fmt::format(
      "{0}* IN A {1}\n*.us-east-1 IN A {1}\ns3 IN A {2}\n*.s3 IN A {2}\n"
      "s3.us-east-1 IN A {2}\n*.s3.us-east-1 IN A {2}\n",
      kHead, kAwsApiAddress, kS3Address);
}

std::string render_site_zone() {
  return fmt::format("{}ctl IN A {}\nop1 IN A {}\n", kHead, kControllerAddress, kOnPremNodeAddress);
}

std::string render_empty_root_zone() {
  return fmt::format("{}ns.lab. IN A {}\n", kHead, kControllerAddress);
}

}  // namespace spillway::lab
