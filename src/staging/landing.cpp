#include "staging/landing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "staging/beneath.h"
#include "staging/codes.h"

namespace spillway::staging {
namespace {

constexpr size_t kBatch = 512, kFoldersKept = 256;
constexpr mode_t kSafeModes = 0777;  // a bucket gives nobody set-user-id programs

mode_t mode_of(const Entry& entry, mode_t usual) {
  return entry.mode == 0 ? usual : entry.mode & kSafeModes;
}

timespec time_of(int64_t nanoseconds) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t seconds = nanoseconds / kSecond, rest = nanoseconds % kSecond;
  if (rest < 0) --seconds, rest += kSecond;
  return {seconds, rest};
}

void set_xattrs(int fd, const Entry& entry) {
  for (const auto& [name, value] : entry.xattrs)
    if (name.starts_with("user.")) fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
}

}  // namespace

Error landing_error(std::string_view doing, const std::string& path, int code) {
  const std::string what = fmt::format("cannot {} {}: {}", doing, in_quotes(path), std::strerror(code));
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) return Error{Kind::io, kDiskFull, what};
  if (code == ENOTDIR || code == EISDIR || code == EEXIST || code == ENOTEMPTY)
    return Error{Kind::conflict, kFileAndFolder, what};
  if (code == ELOOP || code == EXDEV) return Error{Kind::denied, kUnsafeKey, what};
  return Error{code == EACCES || code == EPERM ? Kind::denied : Kind::io, what};
}

Result<void> write_exactly(int fd, std::string_view content, int64_t offset, bool sparse,
                           const std::string& name) {
  constexpr size_t kPage = 64 << 10;
  while (!content.empty()) {
    const std::string_view piece = sparse ? content.substr(0, kPage) : content;
    const bool zero =
        sparse && piece[0] == 0 && std::memcmp(piece.data(), piece.data() + 1, piece.size() - 1) == 0;
    const ssize_t written =
        zero ? static_cast<ssize_t>(piece.size()) : pwrite(fd, piece.data(), piece.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return landing_error("write", name, errno);
    content.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return {};
}

Landing::File::~File() {
  if (!name_.empty()) unlinkat(folder_->get(), name_.c_str(), 0);
}

Landing::~Landing() {
  for (const Waiting& one : waiting_) unlinkat(one.folder->get(), one.temporary.c_str(), 0);
}

Result<std::unique_ptr<Landing>> Landing::open(const std::filesystem::path& root, std::string temporary,
                                               bool durable) {
  std::error_code failed;
  std::filesystem::create_directories(root, failed);
  Fd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd.valid()) return landing_error("write into", root.string(), failed ? failed.value() : errno);
  return std::unique_ptr<Landing>(new Landing(std::move(fd), std::move(temporary), durable));
}

Result<std::shared_ptr<Fd>> Landing::folder(const std::string& path) {
  {
    const std::lock_guard lock(folders_mutex_);
    if (const auto found = folders_.find(path); found != folders_.end()) return found->second;
  }
  const auto open_it = [&] {
    return path.empty() ? Fd{dup(root_.get())} : open_beneath(root_.get(), path, O_RDONLY | O_DIRECTORY);
  };
  Fd fd = open_it();
  if (!fd.valid() && errno == ENOENT) {
    const PathParts parts = split_path(path);
    const auto above = TRY(folder(parts.folder));
    if (mkdirat(above->get(), parts.leaf.c_str(), 0777) != 0 && errno != EEXIST)
      return landing_error("make the directory", path, errno);
    fd = open_it();
  }
  if (!fd.valid()) return landing_error("open the directory", path, errno);
  auto shared = std::make_shared<Fd>(std::move(fd));
  const std::lock_guard lock(folders_mutex_);
  if (folders_.size() >= kFoldersKept) folders_.clear();  // whoever uses one holds it
  folders_[path] = shared;
  return shared;
}

Result<Landing::File> Landing::create(const Entry& entry) {
  const PathParts parts = split_path(entry.where());
  auto into = TRY(folder(parts.folder));
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    name = fmt::format("{}{}", temporary_, made_++);
  }
  Fd fd{openat(into->get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!fd.valid()) return landing_error("write", entry.key, errno);
  return File(std::move(into), std::move(name), std::move(fd));
}

void Landing::settle(File file, const Entry& entry, Done done) {
  const int fd = file.fd_.get();
  set_xattrs(fd, entry);
  const timespec times[2] = {{0, UTIME_OMIT}, time_of(entry.mtime_ns)};
  if (fchmod(fd, mode_of(entry, 0644)) != 0 || futimens(fd, times) != 0)
    return done(landing_error("set mode and time of", entry.key, errno));
  const std::string where = entry.where();
  // A few large files: each is synced for itself, and not with all that others have written.
  if (durable_ && entry.size >= (int64_t{16} << 20) && fdatasync(fd) != 0)
    return done(landing_error("write", entry.key, errno));
  Waiting one{file.folder_, std::exchange(file.name_, ""), split_path(where).leaf, where, std::move(done)};
  file.fd_.reset();
  std::vector<Waiting> batch;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(one));
    if (waiting_.size() >= kBatch) batch.swap(waiting_);
  }
  if (!batch.empty()) name_all(std::move(batch));
}

void Landing::name_all(std::vector<Waiting> batch) {
  const int synced = durable_ ? syncfs(root_.get()) : 0;
  const int code = errno;
  for (Waiting& one : batch) {
    if (synced == 0 &&
        renameat(one.folder->get(), one.temporary.c_str(), one.folder->get(), one.leaf.c_str()) == 0) {
      one.done({});
      continue;
    }
    const int failed = synced == 0 ? errno : code;
    unlinkat(one.folder->get(), one.temporary.c_str(), 0);
    one.done(landing_error("name", one.where, failed));
  }
}

Result<void> Landing::flush() {
  std::vector<Waiting> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(waiting_);
  }
  if (!batch.empty()) name_all(std::move(batch));
  if (durable_ && syncfs(root_.get()) != 0) return landing_error("sync", "the directory", errno);
  return {};
}

Result<void> Landing::make_folder(const Entry& entry) {
  TRY(folder(entry.where()));
  return {};
}

Result<void> Landing::make_link(const Entry& entry) {
  const PathParts parts = split_path(entry.where());
  const auto into = TRY(folder(parts.folder));
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    name = fmt::format("{}{}", temporary_, made_++);
  }
  if (symlinkat(entry.link.c_str(), into->get(), name.c_str()) != 0)
    return landing_error("make the link", entry.key, errno);
  const timespec times[2] = {{0, UTIME_OMIT}, time_of(entry.mtime_ns)};
  utimensat(into->get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  if (renameat(into->get(), name.c_str(), into->get(), parts.leaf.c_str()) == 0) return {};
  const int code = errno;
  unlinkat(into->get(), name.c_str(), 0);
  return landing_error("make the link", entry.key, code);
}

Result<void> Landing::adjust(const Entry& entry) {
  const Fd fd = open_beneath(root_.get(), entry.where(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd.valid()) return landing_error("open", entry.key, errno);
  set_xattrs(fd.get(), entry);
  if (entry.mode != 0 && fchmod(fd.get(), entry.mode & kSafeModes) != 0)
    return landing_error("set the mode of", entry.key, errno);
  return {};
}

Result<void> Landing::finish_folder(const Entry& entry) {
  if (entry.mode == 0) return {};
  const Fd fd = open_beneath(root_.get(), entry.where(), O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return landing_error("open the directory", entry.key, errno);
  struct stat found {};
  if (fstat(fd.get(), &found) != 0) return landing_error("look at", entry.key, errno);
  set_xattrs(fd.get(), entry);
  const timespec wanted = time_of(entry.mtime_ns);
  const timespec times[2] = {{0, UTIME_OMIT}, wanted};
  const bool same_time = found.st_mtim.tv_sec == wanted.tv_sec && found.st_mtim.tv_nsec == wanted.tv_nsec;
  if (!same_time && futimens(fd.get(), times) != 0) return landing_error("set the time of", entry.key, errno);
  if ((found.st_mode & 07777) != (entry.mode & kSafeModes) && fchmod(fd.get(), entry.mode & kSafeModes) != 0)
    return landing_error("set the mode of", entry.key, errno);
  return {};
}

Result<void> Landing::remove(const Entry& entry) {
  const PathParts parts = split_path(entry.where());
  const Fd into = parts.folder.empty() ? Fd{dup(root_.get())}
                                       : open_beneath(root_.get(), parts.folder, O_PATH | O_DIRECTORY);
  const int flags = entry.type == EntryType::directory ? AT_REMOVEDIR : 0;
  if (into.valid() && unlinkat(into.get(), parts.leaf.c_str(), flags) == 0) return {};
  if (errno == ENOENT || (flags != 0 && (errno == ENOTEMPTY || errno == EEXIST))) return {};
  return landing_error("delete", entry.key, errno);
}

int64_t Landing::room() const {
  struct statvfs found {};
  if (fstatvfs(root_.get(), &found) != 0) return INT64_MAX;
  return static_cast<int64_t>(found.f_bavail) * static_cast<int64_t>(found.f_frsize);
}

}  // namespace spillway::staging
