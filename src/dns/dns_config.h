#pragma once
#include <cstdint>
#include <string>

#include "base/error.h"

namespace spillway::dns {

/// The names of cloud nodes, kept in the premises' own name server.
struct DnsConfig {
  std::string zone, reverse_zone, server, tsig;
  int64_t ttl_s = 60;
};
template <class Visitor>
void describe(Visitor& v, DnsConfig& c) {
  v.field("dns.zone", c.zone, "Zone of the cloud nodes' names; empty: nodes have no names in DNS.");
  v.field("dns.reverse_zone", c.reverse_zone,
          "Zone of the way back, such as 31.172.in-addr.arpa; empty: no PTR records.");
  v.field("dns.server", c.server, "Primary server of the zone, as host or host:port.");
  v.field("dns.tsig", c.tsig, "Key for updates, in BIND's format: file:PATH.");
  v.field("dns.ttl_s", c.ttl_s, "Seconds that others may keep a node's record.").range(1, 86400);
}

/// What the fields must be together. Errors: invalid (SPW-DNS-002, -008).
Result<void> check(const DnsConfig& config);

}  // namespace spillway::dns
