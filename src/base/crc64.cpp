#include "base/crc64.h"

#include <immintrin.h>

#include <array>
#include <cstring>

#include "base/crypto.h"

// The polynomial is NVM Express's (NVM Command Set Specification 1.0, 5.2.1.3.4), its bits reflected: the
// lowest bit of a byte, and of a word, is the highest power of x.
namespace spillway {
namespace {

constexpr uint64_t kPolynomial = 0x9A6C9329AC4BC9B5;
constexpr uint64_t kOne = uint64_t{1} << 63;  // x^0

constexpr uint64_t times_x(uint64_t a) {
  return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0);
}

using Table = std::array<uint64_t, 256>;
constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = times_x(value);
    tables[0][byte] = value;
  }
  for (size_t byte = 0; byte < 256; ++byte)
    for (size_t i = 1; i < 8; ++i)
      tables[i][byte] = (tables[i - 1][byte] >> 8) ^ tables[0][tables[i - 1][byte] & 255];
  return tables;
}
constexpr std::array<Table, 8> kTables = make_tables();

// The state between bytes, without the complements at both ends.
uint64_t raw_by_table(const char* data, size_t size, uint64_t state) {
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    state ^= word;
    uint64_t next = 0;
    for (size_t i = 0; i < 8; ++i) next ^= kTables[7 - i][(state >> (8 * i)) & 255];
    state = next;
  }
  for (; size > 0; ++data, --size)
    state = (state >> 8) ^ kTables[0][(state ^ static_cast<unsigned char>(*data)) & 255];
  return state;
}

constexpr uint64_t product(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  for (uint64_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) sum ^= b;
    b = times_x(b);
  }
  return sum;
}

constexpr uint64_t power_of_x(uint64_t exponent) {
  uint64_t result = kOne, square = kOne >> 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = product(result, square);
    square = product(square, square);
  }
  return result;
}

// A block of 128 bits moved `bits` on: its halves times these. A product of two reflected words lies one bit
// too low in the block, hence the one less.
struct Fold {
  uint64_t low, high;
};
constexpr Fold fold_by(uint64_t bits) {
  return {power_of_x(bits + 63), power_of_x(bits - 1)};
}
constexpr Fold kByEight = fold_by(1024), kByOne = fold_by(128);

__attribute__((target("pclmul,sse4.1"))) __m128i folded(__m128i block, __m128i by, __m128i next) {
  return _mm_xor_si128(
      next, _mm_xor_si128(_mm_clmulepi64_si128(block, by, 0x00), _mm_clmulepi64_si128(block, by, 0x11)));
}

// Source: "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel, 2009: eight blocks side by
// side, each folded onto the one 128 bytes behind it.
__attribute__((target("pclmul,sse4.1"))) uint64_t raw_by_folding(const char* data, size_t size,
                                                                 uint64_t state) {
  const auto load = [](const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
  const __m128i far = _mm_set_epi64x(static_cast<int64_t>(kByEight.high), static_cast<int64_t>(kByEight.low));
  const __m128i near = _mm_set_epi64x(static_cast<int64_t>(kByOne.high), static_cast<int64_t>(kByOne.low));
  __m128i blocks[8];
  for (int i = 0; i < 8; ++i) blocks[i] = load(data + 16 * i);
  blocks[0] = _mm_xor_si128(blocks[0], _mm_set_epi64x(0, static_cast<int64_t>(state)));
  for (data += 128, size -= 128; size >= 128; data += 128, size -= 128)
    for (int i = 0; i < 8; ++i) blocks[i] = folded(blocks[i], far, load(data + 16 * i));
  __m128i all = blocks[0];
  for (int i = 1; i < 8; ++i) all = folded(all, near, blocks[i]);
  alignas(16) char last[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(last), all);
  return raw_by_table(data, size, raw_by_table(last, sizeof last, 0));
}

}  // namespace

uint64_t crc64nvme_by_table(std::string_view data, uint64_t before) {
  return ~raw_by_table(data.data(), data.size(), ~before);
}

uint64_t crc64nvme(std::string_view data, uint64_t before) {
  static const bool can_fold = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (!can_fold || data.size() < 256) return crc64nvme_by_table(data, before);
  return ~raw_by_folding(data.data(), data.size(), ~before);
}

uint64_t crc64nvme_joined(uint64_t first, uint64_t second, uint64_t second_size) {
  return product(power_of_x(8 * second_size), first) ^ second;
}

std::string crc64_text(uint64_t sum) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(sum >> shift);
  return to_base64(bytes);
}

}  // namespace spillway
