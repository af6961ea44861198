#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace spillway {

/// CRC-64/NVME of what `before` is the sum of, followed by `data`; `before` is 0 at the beginning. Made with
/// the processor's carry-less multiplication where it has one (some 10 GB/s), else with tables.
uint64_t crc64nvme(std::string_view data, uint64_t before = 0);
/// The sum of two pieces put together, from the sum of each.
uint64_t crc64nvme_joined(uint64_t first, uint64_t second, uint64_t second_size);
/// As S3 writes it in x-amz-checksum-crc64nvme: base64 of the eight bytes, the highest first.
std::string crc64_text(uint64_t sum);

/// The same by tables alone; the other's tail, and what tests hold it against.
uint64_t crc64nvme_by_table(std::string_view data, uint64_t before = 0);

}  // namespace spillway
