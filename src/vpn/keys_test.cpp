#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/file.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "vpn/key_file.h"

namespace spillway::vpn {
namespace {

using std::filesystem::path;

// RFC 7748, section 6.1, in base64.
constexpr const char* kAlice = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
constexpr const char* kAlicePublic = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

TEST(Keys, DeriveThePublicHalf) {
  EXPECT_EQ(public_key_of(Secret{kAlice})->value, kAlicePublic);
}

TEST(Keys, AreWhatWgMakesOfThem) {
  PosixRunner runner;
  const KeyPair pair = make_key_pair();
  const auto said = runner.run({.argv = {"/usr/bin/wg", "pubkey"}, .input = pair.private_key.reveal() + "\n"},
                               Deadline::after(std::chrono::seconds{10}));
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(trim(said->out), pair.public_key.value);
  const auto made =
      runner.run({.argv = {"/usr/bin/wg", "genkey"}}, Deadline::after(std::chrono::seconds{10}));
  EXPECT_TRUE(public_key_of(Secret{std::string(trim(made->out))}));
}

TEST(Keys, AreClampedAndNeverTwiceTheSame) {
  EXPECT_NE(make_private_key(), make_private_key());
  EXPECT_EQ(fmt::format("{}", make_private_key()), "***");
}

TEST(Keys, RefusesOtherText) {
  for (const char* text : {"", "abc", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
                           "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCp=",  // bits behind the last byte
                           "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC==", "(none)",
                           "!wdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="}) {
    const auto key = parse_public_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, "SPW-VPN-001") << text;
  }
}

/// A folder that only we may write.
class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/spillway-key-XXXXXX";
    folder_ = mkdtemp(name.data());
    file_ = folder_ / "wg";
    ASSERT_TRUE(store_private_key(file_, Secret{kAlice}));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void expect_refused(const path& file, uid_t owner = geteuid()) {
    const auto key = load_private_key(file, owner);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, Kind::denied) << key.error().what;
    EXPECT_EQ(key.error().code, "SPW-VPN-002") << key.error().what;
    EXPECT_EQ(key.error().what.find(kAlice), std::string::npos);
  }
  path folder_, file_;
};

TEST_F(KeyFile, IsWrittenForItsOwnerAloneAndReadBack) {
  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0400u);
  EXPECT_EQ(load_private_key(file_)->reveal(), kAlice);
}

TEST_F(KeyFile, IsMadeOnce) {
  const path made = folder_ / "deeper" / "wg";
  const auto first = keep_private_key(made);
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(*keep_private_key(made), *first);
  EXPECT_EQ(*public_key_of(*load_private_key(made)), *first);
  EXPECT_EQ(keep_private_key(file_)->value, kAlicePublic);
}

TEST_F(KeyFile, RefusesModesThatLetOthersRead) {
  for (const mode_t mode : {0644, 0440, 0604, 0420, 0500}) {
    chmod(file_.c_str(), mode);
    expect_refused(file_);
  }
  chmod(file_.c_str(), 0600);
  EXPECT_TRUE(load_private_key(file_));
}

TEST_F(KeyFile, RefusesLinks) {
  std::filesystem::create_symlink(file_, folder_ / "link");
  expect_refused(folder_ / "link");
  std::filesystem::create_directory_symlink(folder_, folder_.string() + "-link");
  expect_refused(path(folder_.string() + "-link") / "wg");
  std::filesystem::remove(folder_.string() + "-link");
  std::filesystem::create_hard_link(file_, folder_ / "hard");
  expect_refused(file_);
}

TEST_F(KeyFile, RefusesFoldersThatOthersMayWrite) {
  chmod(folder_.c_str(), 0770);
  expect_refused(file_);
  chmod(folder_.c_str(), 0777 | S_ISVTX);
  expect_refused(file_);
  EXPECT_EQ(store_private_key(file_, Secret{kAlice}).error().code, "SPW-VPN-002");
}

TEST_F(KeyFile, RefusesAFifoAndAnotherOwnersFile) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0400), 0);
  expect_refused(folder_ / "fifo");
  if (geteuid() != 0) return;  // only root can give a file away
  ASSERT_EQ(chown(file_.c_str(), 12345, 12345), 0);
  expect_refused(file_);
}

TEST_F(KeyFile, TellsAbsentFromUnsafeFromWrong) {
  EXPECT_EQ(load_private_key(folder_ / "absent").error().kind, Kind::not_found);
  ASSERT_TRUE(write_file_atomically(folder_ / "short", "abc\n", 0400));
  EXPECT_EQ(load_private_key(folder_ / "short").error().code, "SPW-VPN-001");
}

TEST(KeyPath, TakesFilesByAbsolutePath) {
  EXPECT_EQ(key_path("file:/etc/spillway/keys/wg").value(), "/etc/spillway/keys/wg");
  for (const char* text : {"", "/etc/wg", "file:wg", "file:/etc/../wg", "file:/etc/", "file:", "ssm:/a"})
    EXPECT_EQ(key_path(text).error().code, "SPW-VPN-003") << text;
}

}  // namespace
}  // namespace spillway::vpn
