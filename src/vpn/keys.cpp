#include "vpn/keys.h"

#include <openssl/evp.h>

#include <memory>

#include "base/crypto.h"
#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

constexpr size_t kKeyBytes = 32, kKeyLetters = 44;

using EvpKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// The 32 bytes behind a key's base64; only the one spelling that wg itself writes is taken, so that keys can
/// be compared as text.
Result<std::string> bytes_of(std::string_view text) {
  const auto bytes = text.size() == kKeyLetters ? from_base64(text) : Error{Kind::invalid, ""};
  if (!bytes || bytes->size() != kKeyBytes || to_base64(*bytes) != text)
    return Error{Kind::invalid, kBadKey, fmt::format("not a WireGuard key: {} bytes of text", text.size())};
  return *bytes;
}

}  // namespace

Secret make_private_key() {
  std::string bytes = random_bytes(kKeyBytes);
  bytes[0] = static_cast<char>(bytes[0] & 0xf8);  // RFC 7748, section 5
  bytes[31] = static_cast<char>((bytes[31] & 0x7f) | 0x40);
  return Secret{to_base64(bytes)};
}

Result<PublicKey> public_key_of(const Secret& private_key) {
  const std::string bytes = TRY(bytes_of(private_key.reveal()));
  const EvpKey key{
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr,
                                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()),
      EVP_PKEY_free};
  std::string out(kKeyBytes, '\0');
  size_t size = out.size();
  if (!key ||
      EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(out.data()), &size) != 1)
    return Error{Kind::internal, "OpenSSL cannot compute an X25519 public key"};
  return PublicKey{to_base64(out)};
}

KeyPair make_key_pair() {
  Secret secret = make_private_key();
  PublicKey open = public_key_of(secret).value();
  return {std::move(secret), std::move(open)};
}

Result<PublicKey> parse_public_key(std::string_view text) {
  TRY(bytes_of(trim(text)));
  return PublicKey{std::string(trim(text))};
}

}  // namespace spillway::vpn
