// A peers document or a tunnel's report from outside is read without harm; what is taken is written back as
// one line that means the same, without an escape that the gateway's shell would not understand.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "vpn/monitor.h"
#include "vpn/node_peers.h"
#include "vpn/peers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto document = vpn::parse_peers(text)) {
    const std::string written = vpn::to_text(*document);
    if (written.find_first_of("\\\n'`$") != std::string::npos) abort();
    const auto again = vpn::parse_peers(written);
    if (!again || !(*again == *document)) abort();
  }
  if (const auto nodes = vpn::parse_nodes(text)) {
    const auto again = vpn::parse_nodes(vpn::nodes_text(*nodes));
    if (!again || *again != *nodes) abort();
    // Whatever they say, no two peers overlap, and each lies in the VPC.
    const vpn::Cidr vpc = vpn::Cidr::parse("172.31.0.0/16").value();
    const auto accepted = vpn::peers_of(*nodes, vpc);
    std::set<vpn::Cidr> addresses;
    for (const vpn::Peer& peer : accepted.peers)
      if (peer.allowed_ips.size() != 1 || !vpc.contains(peer.allowed_ips[0]) ||
          !addresses.insert(peer.allowed_ips[0]).second)
        abort();
  }
  if (const auto key = vpn::parse_named_key("", std::string(text)))
    if (!vpn::parse_public_key(key->public_key.value)) abort();
  if (const auto report = vpn::parse_tunnel(text)) {
    if (!vpn::parse_tunnel(vpn::to_json(*report).dump())) abort();
  }
  return 0;
}
