#include "vpn/keys.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"

namespace spillway::vpn {
namespace {

constexpr Code kNoKey{"SPW-VPN-001", "a WireGuard key is 32 bytes in base64, 44 characters",
                      "make one: wg genkey"};
constexpr Code kOpenFile{
    "SPW-VPN-002", "who reads the private key can be the gateway",
    "chown root: FILE; chmod 0400 FILE; if others could read it, make a new key: spillway vpn rotate"};
constexpr Code kNoReference{"SPW-VPN-003",
                            "secrets are named by reference, never written into the configuration",
                            "say vpn.key: file:/etc/spillway/keys/wg"};
constexpr size_t kBytes = 32;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

}  // namespace

bool is_key(std::string_view text) {
  const auto bytes = from_base64(text);
  return bytes && bytes->size() == kBytes && text.size() == 44;
}

Result<std::string> public_key_of(const Secret& private_key) {
  if (!is_key(private_key.reveal()))
    return Error{Kind::invalid, kNoKey, "the private key is none of WireGuard's"};
  const std::string bytes = *from_base64(private_key.reveal());
  const std::unique_ptr<EVP_PKEY, Free> key{EVP_PKEY_new_raw_private_key(
      EVP_PKEY_X25519, nullptr, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())};
  unsigned char out[kBytes];
  size_t size = sizeof out;
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), out, &size) != 1 || size != kBytes)
    return Error{Kind::internal, "OpenSSL cannot compute X25519"};
  return to_base64({reinterpret_cast<const char*>(out), size});
}

Result<KeyPair> make_key_pair() {
  std::string bytes = random_bytes(kBytes);
  // Clamped as curve25519 wants it (RFC 7748, 5), so that the text is the one that `wg` would show.
  bytes[0] = static_cast<char>(static_cast<unsigned char>(bytes[0]) & 248);
  bytes[31] = static_cast<char>((static_cast<unsigned char>(bytes[31]) & 127) | 64);
  KeyPair pair{Secret(to_base64(bytes)), ""};
  pair.public_key = TRY(public_key_of(pair.private_key));
  return pair;
}

Result<std::filesystem::path> key_file(std::string_view reference) {
  constexpr std::string_view kFile = "file:";
  if (!reference.starts_with(kFile) || reference.size() == kFile.size())
    return Error{Kind::invalid, kNoReference,
                 fmt::format("{} is no reference to a key", in_quotes(reference))};
  return std::filesystem::path(reference.substr(kFile.size()));
}

Result<Secret> read_private_key(const std::filesystem::path& file) {
  const auto refuse = [&](std::string_view why) {
    return Error{Kind::denied, kOpenFile, fmt::format("{} {}", file.string(), why)};
  };
  struct stat folder {
  }, own{};
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  if (stat(parent.c_str(), &folder) == 0 && (folder.st_mode & 022) != 0 && !(folder.st_mode & S_ISVTX))
    return refuse("lies in a folder that others can write");
  const Fd fd{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!fd.valid()) return errno == ELOOP ? refuse("is a link") : system_error("read", file, errno);
  if (fstat(fd.get(), &own) != 0 || !S_ISREG(own.st_mode)) return refuse("is no file");
  if ((own.st_mode & 077) != 0) return refuse(fmt::format("has mode {:04o}", own.st_mode & 07777));
  if (own.st_uid != 0 && own.st_uid != geteuid())
    return refuse(fmt::format("belongs to user {}", own.st_uid));
  char buffer[256];
  const ssize_t got = read(fd.get(), buffer, sizeof buffer);
  if (got < 0) return system_error("read", file, errno);
  Secret key{std::string(trim(std::string_view(buffer, static_cast<size_t>(got))))};
  if (!is_key(key.reveal()))
    return Error{Kind::invalid, kNoKey, fmt::format("{} holds no key", file.string())};
  return key;
}

Result<std::string> keep_private_key(const std::filesystem::path& file) {
  const auto there = read_private_key(file);
  if (there) return public_key_of(*there);
  if (there.error().kind != Kind::not_found) return there.error();
  const KeyPair pair = TRY(make_key_pair());
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  TRY(write_file_atomically(file, pair.private_key.reveal() + "\n", 0400));
  return pair.public_key;
}

}  // namespace spillway::vpn
