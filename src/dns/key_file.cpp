#include "dns/key_file.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"
#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr size_t kLongestFile = 16384;
constexpr size_t kLongestSecret = 1024;

Error malformed(std::string_view what) {
  return Error{Kind::invalid, kBadKeyFile, fmt::format("the key cannot be read: {}", what)};
}

/// The words and signs of named.conf; a quoted text is one word.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  /// The next word or sign; empty at the end.
  Result<std::string> next() {
    TRY(skip());
    if (rest_.empty()) return std::string{};
    if (std::string_view("{};").find(rest_.front()) != std::string_view::npos) return cut(1);
    if (rest_.front() != '"') return cut(std::min(rest_.find_first_of(" \t\r\n{};\"#"), rest_.size()));
    const size_t end = rest_.find_first_of("\"\n", 1);
    if (end == std::string_view::npos || rest_[end] == '\n') return malformed("a quote is not closed");
    std::string word = cut(end + 1);
    return word.substr(1, word.size() - 2);
  }
  Result<void> expect(std::string_view sign) {
    if (const std::string found = TRY(next()); found != sign)
      return malformed(fmt::format("'{}' is missing", sign));  // never what was found: it may be the secret
    return {};
  }

 private:
  Result<void> skip() {
    for (;;) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
      if (rest_.starts_with("#") || rest_.starts_with("//")) {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        const size_t end = rest_.find("*/", 2);
        if (end == std::string_view::npos) return malformed("a comment is not closed");
        rest_.remove_prefix(end + 2);
      } else {
        return {};
      }
    }
  }
  std::string cut(size_t length) {
    std::string word(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return word;
  }
  std::string_view rest_;
};

Result<Algorithm> algorithm_of(std::string_view name) {
  for (const Algorithm each : {Algorithm::hmac_sha256, Algorithm::hmac_sha384, Algorithm::hmac_sha512})
    if (equal_ignoring_case(name, to_string(each))) return each;
  return Error{Kind::invalid, kWeakKey, fmt::format("the key's algorithm is {}", in_quotes(name, 40))};
}

/// Whether a group is one of this process's.
bool is_own_group(gid_t group) {
  std::vector<gid_t> groups(static_cast<size_t>(std::max(0, getgroups(0, nullptr))));
  if (!groups.empty() && getgroups(static_cast<int>(groups.size()), groups.data()) < 0) groups.clear();
  return group == getegid() || std::find(groups.begin(), groups.end(), group) != groups.end();
}

Result<void> check_facts(const std::filesystem::path& path, const struct stat& facts) {
  const auto refuse = [&](std::string_view why) {
    return Error{Kind::denied, kOpenKeyFile, fmt::format("the key file {} {}", path.string(), why)};
  };
  const unsigned mode = facts.st_mode & 07777;
  if (!S_ISREG(facts.st_mode)) return refuse("is no plain file");
  // Root's apply tries the key that belongs to the daemon.
  if (facts.st_uid != 0 && facts.st_uid != geteuid() && geteuid() != 0)
    return refuse(fmt::format("belongs to user {}", facts.st_uid));
  if ((mode & 07137) != 0 || ((mode & 0040) != 0 && !is_own_group(facts.st_gid)))
    return refuse(fmt::format("has mode {:04o}", mode));
  return {};
}

}  // namespace

Result<Key> parse_key(std::string_view text) {
  if (text.size() > kLongestFile) return malformed("it is too long");
  Words words{text};
  TRY(words.expect("key"));
  Key key{.name = TRY(canonical(TRY(words.next())))};
  if (key.name.empty()) return malformed("it has no name");
  TRY(words.expect("{"));
  std::string algorithm, secret;
  for (std::string word = TRY(words.next()); word != "}"; word = TRY(words.next())) {
    std::string& value = word == "algorithm" ? algorithm : secret;
    if ((word != "algorithm" && word != "secret") || !value.empty())
      return malformed("it has an algorithm and a secret, once each");
    value = TRY(words.next());
    TRY(words.expect(";"));
  }
  TRY(words.expect(";"));
  if (!TRY(words.next()).empty()) return malformed("something follows after the key");
  key.algorithm = TRY(algorithm_of(algorithm));
  const auto bytes = from_base64(secret);
  if (!bytes || bytes->size() < 16 || bytes->size() > kLongestSecret)
    return malformed("the secret is no base64 of 16 to 1024 bytes");
  key.secret = Secret{*bytes};
  return key;
}

Result<Key> load_key(std::string_view setting) {
  constexpr std::string_view kFile = "file:";
  if (!setting.starts_with(kFile))
    return Error{Kind::invalid, kBadSettings,
                 fmt::format("dns.tsig is not file:PATH: {}", in_quotes(setting))};
  const std::filesystem::path path = setting.substr(kFile.size());
  const Fd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!fd.valid()) {
    const Error error = system_error("read the key file", path, errno);
    if (errno == ELOOP)
      return Error{Kind::denied, kOpenKeyFile,
                   fmt::format("the key file {} is a symbolic link", path.string())};
    return error.kind == Kind::not_found ? Error{Kind::not_found, kNoKeyFile, error.what}
                                         : Error{Kind::denied, kOpenKeyFile, error.what};
  }
  struct stat facts {};
  if (fstat(fd.get(), &facts) != 0) return system_error("read the key file", path, errno);
  TRY(check_facts(path, facts));
  std::string text(kLongestFile + 1, '\0');
  const ssize_t got = read(fd.get(), text.data(), text.size());
  if (got < 0) return system_error("read the key file", path, errno);
  text.resize(static_cast<size_t>(got));
  auto key = parse_key(text);
  if (!key) return std::move(key).error().during(path.string());
  return key;
}

}  // namespace spillway::dns
