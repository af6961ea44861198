#include "dns/site_files.h"

#include <fmt/ranges.h>

#include "base/text.h"
#include "dns/codes.h"
#include "dns/message.h"

namespace spillway::dns {

extern const std::string kRegisterNode;

namespace {

constexpr std::string_view kWords = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:";

/// What stands in a configuration file or a script as it is must be a plain word.
Result<void> plain(std::string_view what, std::string_view value, bool may_be_empty = false) {
  if ((!value.empty() || may_be_empty) && value.size() < 256 &&
      value.find_first_not_of(kWords) == std::string_view::npos)
    return {};
  return Error{Kind::invalid, kBadSettings, fmt::format("{} is no plain word: {}", what, in_quotes(value))};
}

Result<void> check_site(const SiteNames& site) {
  TRY(check(site.dns));
  TRY(plain("dns.zone", site.dns.zone));
  TRY(plain("dns.reverse_zone", site.dns.reverse_zone, true));
  TRY(plain("the key's name", site.key_name));
  TRY(plain("the key's file", site.key_file));
  TRY(plain("the zones' folder", site.folder));
  TRY(plain("the file of other zones", site.site_zones, true));
  for (const auto* networks : {&site.onprem_networks, &site.cloud_networks})
    for (const std::string& network : *networks) TRY(plain("a network", network));
  return {};
}

std::vector<std::string> zones_of(const SiteNames& site) {
  std::vector<std::string> zones = {site.dns.zone};
  if (!site.dns.reverse_zone.empty()) zones.push_back(site.dns.reverse_zone);
  return zones;
}

std::string listed(const std::vector<std::string>& networks) {
  std::string text;
  for (const std::string& network : networks) text += network + "; ";
  return text;
}

/// Host and port of dns.server, as two words.
std::pair<std::string, std::string> server_of(const DnsConfig& dns) {
  const size_t colon = dns.server.rfind(':');
  const bool has_port = colon != std::string::npos && dns.server.find(':') == colon;
  return has_port ? std::pair{dns.server.substr(0, colon), dns.server.substr(colon + 1)}
                  : std::pair{dns.server, std::string{"53"}};
}

}  // namespace

Result<std::string> render_onprem_views(const SiteNames& site) {
  TRY(check_site(site));
  std::string text =
      fmt::format(R"(// Cloud nodes' names on the premises; included by named.conf, outside of any view.
// Once there is a view, every zone must lie in one: the site's own are included in "onprem".
include "{}";

// The cloud, and whoever signs with the key wherever he asks from, sees the cluster's zones and nothing else.
view "cloud" {{
  match-clients {{ key "{}"; {}}};
  recursion no;
  allow-transfer {{ none; }};
)",
                  site.key_file, site.key_name, listed(site.cloud_networks));
  for (const std::string& zone : zones_of(site))
    text += fmt::format(R"(  zone "{0}" {{
    type primary;
    file "{1}/{0}.zone";
    update-policy {{ grant {2} zonesub A AAAA PTR TXT; }};
  }};
)",
                        zone, site.folder, site.key_name);
  text += fmt::format(R"(}};

view "onprem" {{
  match-clients {{ any; }};
  recursion yes;
  allow-recursion {{ localhost; localnets; {}}};
  allow-transfer {{ none; }};
)",
                      listed(site.onprem_networks));
  for (const std::string& zone : zones_of(site))
    text += fmt::format("  zone \"{}\" {{ in-view \"cloud\"; }};\n", zone);
  if (!site.site_zones.empty()) text += fmt::format("  include \"{}\";\n", site.site_zones);
  return text + "};\n";
}

Result<std::string> render_cloud_resolver(const SiteNames& site, const CloudResolver& resolver) {
  TRY(check_site(site));
  TRY(plain("the resolver's address", resolver.listen));
  TRY(plain("the VPC's resolver", resolver.upstream));
  for (const std::string& network : resolver.clients) TRY(plain("a network", network));
  const auto [host, port] = server_of(site.dns);
  TRY(plain("dns.server", host));
  std::string text = fmt::format(R"(// The resolver of the VPC's nodes, on the AWS gateway.
options {{
  directory "/var/cache/bind";
  listen-on {{ 127.0.0.1; {0}; }};
  listen-on-v6 {{ none; }};
  recursion yes;
  allow-query {{ localhost; {1}}};
  allow-recursion {{ localhost; {1}}};
  allow-transfer {{ none; }};
  forwarders {{ {2}; }};
  forward only;
  max-ncache-ttl 5; // a name that is not there yet may be there in a moment
}};
)",
                                 resolver.listen, listed(resolver.clients), resolver.upstream);
  for (const std::string& zone : zones_of(site))
    text += fmt::format(
        "zone \"{}\" {{ type forward; forward only; forwarders {{ {} port {}; }}; }}; // through the "
        "tunnel\n",
        zone, host, port);
  return text;
}

Result<std::string> render_zone(const std::string& zone, const std::string& host, int64_t ttl_s) {
  TRY(plain("the zone", zone));
  TRY(plain("the server's name", host));
  TRY(canonical(zone));
  TRY(canonical(host));
  // The SOA's last number is how long resolvers remember that a name does not exist.
  return fmt::format(
      "$TTL {0}\n"
      "@ IN SOA {1}. hostmaster.{2}. (\n"
      "    1      ; serial, which named counts up\n"
      "    3600   ; refresh\n"
      "    600    ; retry\n"
      "    604800 ; expire\n"
      "    5 )    ; minimum: how long it is remembered that a name does not exist\n"
      "@ IN NS {1}.\n",
      ttl_s, host, zone);
}

Result<std::string> render_register_script(const SiteNames& site, const std::string& cluster) {
  TRY(check_site(site));
  TRY(plain("the cluster's uuid", cluster));
  const auto [host, port] = server_of(site.dns);
  TRY(plain("dns.server", host));
  std::string text = kRegisterNode;
  for (const auto& [name, value] : {std::pair<std::string_view, std::string>{"@ZONE@", site.dns.zone},
                                    {"@REVERSE_ZONE@", site.dns.reverse_zone},
                                    {"@SERVER@", host},
                                    {"@PORT@", port},
                                    {"@KEY_FILE@", site.key_file},
                                    {"@TTL@", std::to_string(site.dns.ttl_s)},
                                    {"@CLUSTER@", cluster}})
    text.replace(text.find(name), name.size(), value);
  return text;
}

}  // namespace spillway::dns
