#include "dns/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ids.h"

namespace spillway::dns {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMsIGhlcmUhIQ==";

std::string text(const std::string& algorithm = "hmac-sha256") {
  return "key \"ddns.Example\" {\n\talgorithm " + algorithm + ";\n\tsecret \"" + kSecret + "\";\n};\n";
}

TEST(KeyFile, ReadsWhatTsigKeygenWrites) {
  const Key key = parse_key(text("hmac-sha512")).value();
  EXPECT_EQ(key.name, "ddns.example");
  EXPECT_EQ(key.algorithm, Algorithm::hmac_sha512);
  EXPECT_EQ(key.secret.reveal(), "secret of thirty-two bytes, here!!");
  EXPECT_TRUE(parse_key("# a key\n/* of */ key ddns { // ours\n secret " + std::string(kSecret) +
                        "; algorithm \"HMAC-SHA384\"; };"));
}

struct BadCase {
  const char* name;
  std::string text;
  const char* code;
};
const BadCase kBad[] = {
    {"Empty", "", "SPW-DNS-004"},
    {"Md5", text("hmac-md5"), "SPW-DNS-005"},
    {"Sha1", text("hmac-sha1"), "SPW-DNS-005"},
    {"NoSecret", "key a { algorithm hmac-sha256; };", "SPW-DNS-004"},
    {"ShortSecret", "key a { algorithm hmac-sha256; secret \"YWJj\"; };", "SPW-DNS-004"},
    {"NoBase64", "key a { algorithm hmac-sha256; secret \"!!\"; };", "SPW-DNS-004"},
    {"TwoKeys", text() + text(), "SPW-DNS-004"},
    {"QuoteNotClosed", "key \"a", "SPW-DNS-004"},
    {"CommentNotClosed", "/* key", "SPW-DNS-004"},
    {"Unknown", "key a { algorithm hmac-sha256; colour red; };", "SPW-DNS-004"},
    {"BadName", "key \"a..b\" { algorithm hmac-sha256; };", "SPW-DNS-002"},
};
class BadKey : public testing::TestWithParam<BadCase> {};
TEST_P(BadKey, IsRefusedAndItsSecretNotTold) {
  const auto key = parse_key(GetParam().text);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, GetParam().code);
  EXPECT_THAT(to_string(key.error()), Not(HasSubstr(kSecret)));
}
INSTANTIATE_TEST_SUITE_P(KeyFile, BadKey, testing::ValuesIn(kBad),
                         [](const auto& each) { return std::string(each.param.name); });

class KeyFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Result<Key> load(unsigned mode) {
    EXPECT_TRUE(write_file_atomically(file_, text(), mode));
    return load_key("file:" + file_.string());
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::path file_ = folder_ / "ddns";
};

TEST_F(KeyFileTest, IsItsOwnersAlone) {
  for (const unsigned mode : {0400u, 0600u, 0440u, 0640u}) EXPECT_TRUE(load(mode)) << std::oct << mode;
  for (const unsigned mode : {0644u, 0404u, 0660u, 0602u, 0700u, 04400u}) {
    const auto key = load(mode);
    ASSERT_FALSE(key) << std::oct << mode;
    EXPECT_EQ(key.error().code, "SPW-DNS-006");
    EXPECT_EQ(key.error().kind, Kind::denied);
  }
}

TEST_F(KeyFileTest, AnotherGroupMayNotHaveItAndRootTakesTheDaemons) {
  if (geteuid() != 0) return;  // only root can give files away
  ASSERT_TRUE(load(0440));
  ASSERT_EQ(chown(file_.c_str(), 0, 54321), 0);
  EXPECT_EQ(load_key("file:" + file_.string()).error().code, "SPW-DNS-006");
  ASSERT_EQ(chmod(file_.c_str(), 0400), 0);
  EXPECT_TRUE(load_key("file:" + file_.string())) << "the group reads nothing";
  // Root's apply tries the key with which the daemon will work, and that is the daemon's own file.
  ASSERT_EQ(chown(file_.c_str(), 54321, 0), 0);
  EXPECT_TRUE(load_key("file:" + file_.string()));
}

TEST_F(KeyFileTest, IsAPlainFile) {
  ASSERT_TRUE(load(0400));
  std::filesystem::create_symlink(file_, folder_ / "link");
  EXPECT_EQ(load_key("file:" + (folder_ / "link").string()).error().code, "SPW-DNS-006");
  EXPECT_EQ(load_key("file:" + folder_.string()).error().code, "SPW-DNS-006");
  EXPECT_EQ(load_key("file:" + (folder_ / "absent").string()).error().code, "SPW-DNS-007");
  EXPECT_EQ(load_key(file_.string()).error().code, "SPW-DNS-008");
}

}  // namespace
}  // namespace spillway::dns
