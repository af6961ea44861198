// A peers document or a tunnel's report from outside is read without harm; what is taken is written back as
// one line that means the same, without an escape that the gateway's shell would not understand.
#include <cstdint>
#include <cstdlib>

#include "vpn/monitor.h"
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
  if (const auto report = vpn::parse_tunnel(text)) {
    if (!vpn::parse_tunnel(vpn::to_json(*report).dump())) abort();
  }
  return 0;
}
