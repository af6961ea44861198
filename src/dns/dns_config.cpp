#include "dns/dns_config.h"

#include "dns/codes.h"
#include "dns/message.h"

namespace spillway::dns {

Result<void> check(const DnsConfig& config) {
  if (config.zone.empty()) return {};
  if (config.server.empty() || config.tsig.empty())
    return Error{Kind::invalid, kBadSettings,
                 fmt::format("dns.zone is {}, but {} is not set", config.zone,
                             config.server.empty() ? "dns.server" : "dns.tsig")};
  TRY(canonical(config.zone));
  TRY(canonical(config.reverse_zone));
  return {};
}

}  // namespace spillway::dns
