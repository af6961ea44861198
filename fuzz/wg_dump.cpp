// Any bytes are an interface with its peers, or a coded refusal; the private key is never kept.
#include <cstdint>
#include <cstdlib>

#include "vpn/device.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const auto seen = vpn::parse_dump("wg0", {reinterpret_cast<const char*>(data), size});
  if (!seen && seen.error().code.empty()) abort();
  if (seen && seen->name != "wg0") abort();
  return 0;
}
