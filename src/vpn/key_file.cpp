#include "vpn/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

Error unsafe(const std::filesystem::path& path, std::string_view what) {
  return Error{Kind::denied, kUnsafeKey, fmt::format("refusing {}: {}", path.string(), what)};
}

bool trusted(uid_t found, uid_t owner) {
  return found == 0 || found == owner;
}

/// Whoever may write a folder may put another file in its place. A sticky folder, as /tmp, lets only owners
/// do so, but anybody may be first there: it does not hold keys itself.
Result<void> check_folders(const std::filesystem::path& file, uid_t owner) {
  for (std::filesystem::path folder = file.parent_path();; folder = folder.parent_path()) {
    struct stat info {};
    if (lstat(folder.c_str(), &info) != 0) return system_error("look at", folder, errno);
    if (S_ISLNK(info.st_mode)) return unsafe(file, fmt::format("{} is a symbolic link", folder.string()));
    if (!trusted(info.st_uid, owner))
      return unsafe(file, fmt::format("{} belongs to user {}", folder.string(), info.st_uid));
    const bool sticky = (info.st_mode & S_ISVTX) != 0 && folder != file.parent_path();
    if ((info.st_mode & 0022) != 0 && !sticky)
      return unsafe(file, fmt::format("{} may be written by others (mode {:04o})", folder.string(),
                                      info.st_mode & 07777));
    if (folder == folder.root_path()) return {};
  }
}

Result<void> check_opened(const std::filesystem::path& path, const Fd& fd, uid_t owner) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return system_error("look at", path, errno);
  if (!S_ISREG(info.st_mode)) return unsafe(path, "it is not a regular file");
  if (!trusted(info.st_uid, owner))
    return unsafe(path, fmt::format("it belongs to user {}, not {}", info.st_uid, owner));
  if ((info.st_mode & 0177) != 0)
    return unsafe(path, fmt::format("its mode is {:04o}, not 0400", info.st_mode & 07777))
        .fixed_by(fmt::format("chmod 0400 {}", path.string()));
  if (info.st_nlink != 1) return unsafe(path, "it has another name, too (a hard link)");
  return {};
}

}  // namespace

Result<std::filesystem::path> key_path(std::string_view configured) {
  constexpr std::string_view kScheme = "file:";
  const std::filesystem::path path{configured.starts_with(kScheme) ? configured.substr(kScheme.size()) : ""};
  if (!path.is_absolute() || path.lexically_normal() != path || !path.has_filename())
    return Error{Kind::invalid, kNoReference,
                 fmt::format("vpn.key is not file: and an absolute path: {}", in_quotes(configured))};
  return path;
}

Result<Secret> load_private_key(const std::filesystem::path& path, uid_t owner) {
  const Fd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!fd.valid() && errno == ELOOP) return unsafe(path, "it is a symbolic link");
  if (!fd.valid()) return system_error("read the key", path, errno);
  TRY(check_opened(path, fd, owner));
  TRY(check_folders(path, owner));
  std::string text(128, '\0');
  const ssize_t got = read(fd.get(), text.data(), text.size());
  if (got < 0) return system_error("read the key", path, errno);
  text.resize(static_cast<size_t>(got));
  Secret key{std::string(trim(text))};
  if (auto derived = public_key_of(key); !derived)
    return std::move(derived).error().during(fmt::format("the key file {}", path.string()));
  return key;
}

Result<void> store_private_key(const std::filesystem::path& path, const Secret& key, uid_t owner) {
  TRY(check_folders(path, owner));
  return write_file_atomically(path, key.reveal() + "\n", 0400);
}

Result<PublicKey> keep_private_key(const std::filesystem::path& path) {
  const auto there = load_private_key(path);
  if (there) return public_key_of(*there);
  if (there.error().kind != Kind::not_found) return there.error();
  const KeyPair fresh = make_key_pair();
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (failed) return system_error("make the folder", path.parent_path(), failed.value());
  TRY(store_private_key(path, fresh.private_key));
  return fresh.public_key;
}

}  // namespace spillway::vpn
