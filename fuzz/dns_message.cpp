// Whatever a name server, or somebody in its place, sends is read without harm, and what was read can be
// written.
#include <cstdint>
#include <cstdlib>

#include "dns/message.h"
#include "dns/tsig.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway::dns;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto message = parse(bytes);
  if (!message) return 0;
  for (const auto* section : {&message->answers, &message->authorities, &message->additional})
    for (const Record& record : *section) {
      (void)read_name(record.data);
      (void)read_text(record.data);
      (void)read_address(record.data);
      (void)read_soa(record.data);
      if (!name_data(record.name)) abort();
    }
  if (message->signature_at != 0)
    if (const auto tsig = read_tsig(*message)) {
      const spillway::dns::Key key{tsig->key, Algorithm::hmac_sha256, spillway::Secret{"secret"}};
      (void)verifies(bytes, *message, *tsig, key);
    }
  // Names come out uncompressed, so what fitted may not fit any more; what does is the same again.
  if (const auto again = write(*message)) {
    const auto reread = parse(*again);
    if (!reread || reread->questions != message->questions || reread->answers != message->answers ||
        reread->authorities != message->authorities || reread->additional != message->additional)
      abort();
  }
  return 0;
}
