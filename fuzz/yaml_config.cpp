// Any bytes are a tree or a coded refusal; a tree describes the site or names what is wrong with it.
#include <cstdint>
#include <cstdlib>

#include "config/site.h"
#include "dns/dns_config.h"
#include "vpn/vpn_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const auto tree = config::parse_yaml({reinterpret_cast<const char*>(data), size}, "f");
  if (!tree) {
    if (tree.error().code.empty() || tree.error().kind != Kind::invalid) abort();
    return 0;
  }
  config::Reader reader{*tree, "f"};
  config::Site site;
  describe(reader, site.cluster);
  describe(reader, site.aws);
  describe(reader, site.data);
  vpn::VpnConfig vpn;
  dns::DnsConfig dns;
  vpn::describe(reader, vpn);
  dns::describe(reader, dns);
  describe(reader, site.budget);
  reader.opaque("Partitions", "");
  if (const auto read = reader.finish(); !read && read.error().code.empty()) abort();
  const Json json = tree->to_json();
  if (!Json::parse(json.dump())) abort();
  return 0;
}
