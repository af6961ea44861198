#include "vpn/keys.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace spillway::vpn {
namespace {

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    chmod(folder_.c_str(), 0755);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::path file_ = folder_ / "wg";
};

// Of RFC 7748, 6.1: Alice's and Bob's keys.
TEST(Keys, ThePublicHalfIsX25519s) {
  const struct {
    const char *private_key, *public_key;
  } kCases[] = {
      {"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="},
      {"XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=", "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="}};
  for (const auto& c : kCases) EXPECT_EQ(*public_key_of(Secret(c.private_key)), c.public_key);
}

TEST(Keys, ANewPairIsOneThatWgAgreesWith) {
  const KeyPair pair = *make_key_pair();
  EXPECT_TRUE(is_key(pair.private_key.reveal()));
  PosixRunner runner;
  const auto wg = runner.run({{"/usr/bin/wg", "pubkey"}, {"PATH=/usr/bin"}, pair.private_key.reveal() + "\n"},
                             Deadline::after(std::chrono::seconds{10}));
  ASSERT_TRUE(wg);
  EXPECT_EQ(trim(wg->out), pair.public_key);
  EXPECT_NE(make_key_pair()->public_key, pair.public_key);
}

TEST(Keys, WhatIsNoKeyIsRefused) {
  for (const char* text : {"", "x", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC==",
                           "!!!!CnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="})
    EXPECT_EQ(public_key_of(Secret(text)).error().code, "SPW-VPN-001") << text;
  EXPECT_EQ(key_file("/etc/spillway/keys/wg").error().code, "SPW-VPN-003");
  EXPECT_EQ(*key_file("file:/etc/spillway/keys/wg"), "/etc/spillway/keys/wg");
}

TEST_F(KeyFile, IsMadeOnceForItsOwnerAlone) {
  const std::string made = *keep_private_key(file_);
  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0400u);
  EXPECT_EQ(*keep_private_key(file_), made);
  EXPECT_EQ(*public_key_of(*read_private_key(file_)), made);
}

TEST_F(KeyFile, ThatOthersCanReadOrPutThereIsRefused) {
  ASSERT_TRUE(keep_private_key(file_));
  const auto code = [&](const std::filesystem::path& file) {
    const auto key = read_private_key(file);
    return key ? "" : key.error().code;
  };
  EXPECT_EQ(code(file_), "");
  for (const mode_t mode : {0644, 0440, 0404, 0600 | 010}) {
    chmod(file_.c_str(), mode);
    EXPECT_EQ(code(file_), "SPW-VPN-002") << mode;
  }
  chmod(file_.c_str(), 0400);
  std::filesystem::create_symlink(file_, folder_ / "link");
  EXPECT_EQ(code(folder_ / "link"), "SPW-VPN-002");
  chmod(folder_.c_str(), 0777);
  EXPECT_EQ(code(file_), "SPW-VPN-002");
  chmod(folder_.c_str(), 0755);
  ASSERT_TRUE(write_file_atomically(folder_ / "empty", "", 0400));
  EXPECT_EQ(code(folder_ / "empty"), "SPW-VPN-001");
  EXPECT_EQ(read_private_key(folder_ / "absent").error().kind, Kind::not_found);
}

}  // namespace
}  // namespace spillway::vpn
