#pragma once
#include <string>
#include <vector>

#include "dns/dns_config.h"
#include "dns/tsig.h"

// Files for the site's name servers: split horizon, so that the cloud sees the cluster's zones and nothing
// else.
namespace spillway::dns {

struct SiteNames {
  DnsConfig dns;
  std::string key_name = "spillway";
  std::string key_file = "/etc/bind/spillway.key";                // on the name server, readable by named
  std::string folder = "/var/lib/bind";                           // of the zones, which named writes
  std::string site_zones = "/etc/bind/named.conf.default-zones";  // the site's other zones; empty: none
  std::vector<std::string> onprem_networks, cloud_networks;
};

/// named.conf's part on the premises: view "cloud", chosen by our key and the cloud's addresses, which owns
/// the zones; view "onprem", which shares them. Errors of all: invalid (SPW-DNS-002, -008).
Result<std::string> render_onprem_views(const SiteNames& site);

struct CloudResolver {
  std::string listen;                        // the AWS gateway's address in the VPC
  std::vector<std::string> clients;          // networks that may ask
  std::string upstream = "169.254.169.253";  // the VPC's own resolver
};
/// named.conf of the resolver on the AWS gateway: the cluster's zones from the premises through the tunnel,
/// all else from the VPC's resolver.
Result<std::string> render_cloud_resolver(const SiteNames& site, const CloudResolver& resolver);

/// A zone without nodes. `host` is the name of the server on which it lies.
Result<std::string> render_zone(const std::string& zone, const std::string& host, int64_t ttl_s);

/// share/dns/register-node.sh.in for this site: registration by the node itself.
Result<std::string> render_register_script(const SiteNames& site, const std::string& cluster);

}  // namespace spillway::dns
