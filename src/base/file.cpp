#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/crypto.h"

namespace spillway {

void Fd::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Error system_error(std::string_view doing, const std::filesystem::path& path, int code) {
  const Kind kind = code == ENOENT || code == ENOTDIR ? Kind::not_found
                    : code == EACCES || code == EPERM ? Kind::denied
                    : code == EEXIST                  ? Kind::conflict
                                                      : Kind::io;
  return Error{kind, fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(code))};
}

Result<std::string> read_file(const std::filesystem::path& path, size_t max_bytes) {
  const Fd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd.valid()) return system_error("read", path, errno);
  std::string content;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path, errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<size_t>(got));
    if (content.size() > max_bytes)
      return Error{Kind::invalid, fmt::format("{} is larger than {} bytes", path.string(), max_bytes)};
  }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   unsigned mode) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const std::filesystem::path temporary =
      folder / fmt::format(".{}.{}", path.filename().string(), to_hex(random_bytes(6)));
  Fd fd{open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
  if (!fd.valid()) return system_error("write", path, errno);
  const auto give_up = [&](int code) {
    unlink(temporary.c_str());
    return system_error("write", path, code);
  };
  while (!content.empty()) {
    const ssize_t written = write(fd.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return give_up(errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fchmod(fd.get(), mode) != 0 || fsync(fd.get()) != 0) return give_up(errno);
  fd.reset();
  if (rename(temporary.c_str(), path.c_str()) != 0) return give_up(errno);
  const Fd directory{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory.valid() || fsync(directory.get()) != 0) return system_error("sync", folder, errno);
  return {};
}

}  // namespace spillway
