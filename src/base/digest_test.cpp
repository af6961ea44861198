#include <gtest/gtest.h>

#include "base/crc64.h"
#include "base/crypto.h"
#include "base/digest.h"

namespace spillway {
namespace {

// Source: Catalogue of parametrised CRC algorithms, CRC-64/NVME, check.
constexpr uint64_t kCheck = 0xAE8B14860A799888;

TEST(Crc64, HasThePublishedCheckValue) {
  EXPECT_EQ(crc64nvme("123456789"), kCheck);
  EXPECT_EQ(crc64nvme_by_table("123456789"), kCheck);
  EXPECT_EQ(crc64_text(kCheck), "rosUhgp5mIg=");
  EXPECT_EQ(crc64nvme(""), 0U);
}

TEST(Crc64, FoldsAsItsTablesSay) {
  std::string data;
  for (size_t i = 0; i < 3000; ++i) data += static_cast<char>(i * i % 251 + i / 7);
  for (size_t size = 0; size < data.size(); size += 13)
    for (const size_t from : {0U, 1U, 7U}) {
      const std::string_view piece = std::string_view(data).substr(from, size);
      ASSERT_EQ(crc64nvme(piece), crc64nvme_by_table(piece)) << from << " " << size;
    }
}

TEST(Crc64, GoesOnAndJoins) {
  const std::string a(1000, 'a'), b(777, 'b');
  const uint64_t whole = crc64nvme(a + b);
  EXPECT_EQ(crc64nvme(b, crc64nvme(a)), whole);
  EXPECT_EQ(crc64nvme_joined(crc64nvme(a), crc64nvme(b), b.size()), whole);
  EXPECT_EQ(crc64nvme_joined(crc64nvme(a), crc64nvme(""), 0), crc64nvme(a));
}

TEST(Sha256, OfPiecesIsThatOfTheWhole) {
  Sha256 digest;
  EXPECT_EQ(digest.update("abc").update("def").finish(), sha256("abcdef"));
  EXPECT_EQ(digest.update("again").finish(), sha256("again"));
  EXPECT_EQ(Sha256().finish(), sha256(""));
}

}  // namespace
}  // namespace spillway
