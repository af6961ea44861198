// A key file is read without harm, and a key that is taken can sign.
#include <cstdint>
#include <cstdlib>

#include "dns/key_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway::dns;
  const auto key = parse_key({reinterpret_cast<const char*>(data), size});
  if (!key) return 0;
  const auto made = sign(*write_question({"example.com", Type::soa}), *key, Tsig{.signed_at = 1});
  if (!made) abort();
  const auto message = parse(made->bytes);
  if (!message || !verifies(made->bytes, *message, *read_tsig(*message), *key)) abort();
  return 0;
}
