#include "lab/dns_files.h"

#include <fmt/format.h>

#include "dns/site_files.h"
#include "lab/layout.h"

namespace spillway::lab {
namespace {

constexpr const char* kHead = "$TTL 60\n@ IN SOA ns.lab. admin.lab. 1 60 60 3600 5\n@ IN NS ns.lab.\n";

}  // namespace

std::string render_update_key(const std::string& secret) {
  return fmt::format("key \"spillway\" {{ algorithm hmac-sha256; secret \"{}\"; }};\n", secret);
}

Result<std::string> render_onprem_named_conf(const std::string& folder) {
  dns::SiteNames site;
  site.dns.zone = "example.com";
  site.dns.reverse_zone = kReverseZone;
  site.dns.server = kControllerAddress;
  site.dns.tsig = "file:/etc/spillway/keys/ddns";
  site.key_file = folder + "/spillway.key";
  site.folder = folder;
  site.site_zones = folder + "/other-zones.conf";
  site.onprem_networks = {"192.168.10.0/24"};
  site.cloud_networks = {"172.31.0.0/16"};
  return fmt::format(R"(options {{
  directory "{folder}";
  pid-file none;
  session-keyfile none;
  lock-file none;
  listen-on {{ {address}; }};
  listen-on-v6 {{ none; }};
  allow-query {{ any; }};
  dnssec-validation no;
  empty-zones-enable no;
  minimal-responses yes;
}};
controls {{ }};
{views})",
                     fmt::arg("folder", folder), fmt::arg("address", kControllerAddress),
                     fmt::arg("views", TRY(dns::render_onprem_views(site))));
}

std::string render_other_zones() {
  return "zone \".\" { type primary; file \"root.zone\"; };\nzone \"amazonaws.com\" { type primary; file "
         "\"aws.zone\"; };\n";
}

Result<std::string> render_nodes_zone() {
  return TRY(dns::render_zone("example.com", "ns.lab", 60)) +
         fmt::format("ctl IN A {}\nop1 IN A {}\n", kControllerAddress, kOnPremNodeAddress);
}

Result<std::string> render_reverse_zone() {
  return dns::render_zone(kReverseZone, "ns.lab", 60);
}

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
