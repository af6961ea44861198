#include "emu/checksum.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "base/crypto.h"

namespace spillway::emu {
namespace {

/// A reflected CRC whose register starts and ends inverted, as all three of S3's are.
template <class Register>
std::string crc(Register polynomial, std::string_view data) {
  std::array<Register, 256> table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    auto value = static_cast<Register>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) ? (value >> 1) ^ polynomial : value >> 1;
    table[byte] = value;
  }
  Register sum = ~Register{0};
  for (const char c : data) sum = table[(sum ^ static_cast<unsigned char>(c)) & 255] ^ (sum >> 8);
  sum = ~sum;
  std::string bytes;
  for (int shift = static_cast<int>(sizeof sum) * 8 - 8; shift >= 0; shift -= 8)
    bytes += static_cast<char>((sum >> shift) & 255);
  return bytes;
}

std::string sha1(std::string_view data) {
  std::string digest(20, '\0');
  EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha1(),
             nullptr);
  return digest;
}

}  // namespace

std::optional<std::string> checksum(std::string_view name, std::string_view data) {
  constexpr std::string_view kPrefix = "x-amz-checksum-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  if (name == "crc32") return to_base64(crc<uint32_t>(0xEDB88320, data));
  if (name == "crc32c") return to_base64(crc<uint32_t>(0x82F63B78, data));
  if (name == "crc64nvme") return to_base64(crc<uint64_t>(0x9A6C9329AC4BC9B5, data));
  if (name == "sha1") return to_base64(sha1(data));
  if (name == "sha256") return to_base64(sha256(data));
  return std::nullopt;
}

}  // namespace spillway::emu
