// What wg, ping and the configuration say of the tunnel is read without harm, no peer twice, and what was
// read is written back the same.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "vpn/device.h"
#include "vpn/prober.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto state = vpn::parse_dump(text);
  if (!state && state.error().code.empty()) abort();
  if (state) {
    std::set<vpn::PublicKey> seen;
    for (const vpn::PeerState& peer : state->peers)
      if (!seen.insert(peer.public_key).second || peer.rx_bytes < 0 || peer.tx_bytes < 0) abort();
  }
  if (const auto answer = vpn::parse_ping(text); answer && answer->received > answer->sent) abort();
  if (const auto cidr = vpn::Cidr::parse(text)) {
    const auto again = vpn::Cidr::parse(cidr->to_string());
    if (!again || *again != *cidr || !cidr->contains(*cidr)) abort();
  }
  if (const auto endpoint = vpn::Endpoint::parse(text);
      endpoint && endpoint->host.find('\n') != std::string::npos)
    abort();
  return 0;
}
