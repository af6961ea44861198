#include "emu/checksum.h"

#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

struct ChecksumCase {
  const char* name;
  const char* of_check;  // of "123456789", the check value of every CRC catalogue
};
const ChecksumCase kCases[] = {
    {"x-amz-checksum-crc32", "y/Q5Jg=="},          // CBF43926
    {"x-amz-checksum-crc32c", "4waSgw=="},         // E3069283
    {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},  // AE8B14860A799888
    {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
    {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
};

TEST(Checksum, OfTheCheckString) {
  for (const auto& [name, value] : kCases) EXPECT_EQ(checksum(name, "123456789"), value) << name;
  EXPECT_EQ(checksum("x-amz-checksum-crc32", ""), "AAAAAA==");
  EXPECT_EQ(checksum("x-amz-checksum-mode", "x"), std::nullopt);
  EXPECT_EQ(checksum("content-md5", "x"), std::nullopt);
}

}  // namespace
}  // namespace spillway::emu
