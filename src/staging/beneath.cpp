#include "staging/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "base/text.h"

namespace spillway::staging {
namespace {

Fd open_by_parts(int root, const std::string& path, int flags, unsigned mode) {
  const auto parts = split(path, '/');
  Fd at{dup(root)};
  for (size_t i = 0; i < parts.size() && at.valid(); ++i) {
    const std::string part(parts[i]);
    if (part.empty() || part == "." || part == "..") {
      errno = EXDEV;
      return Fd{};
    }
    const bool last = i + 1 == parts.size();
    at = Fd{last ? openat(at.get(), part.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode)
                 : openat(at.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  }
  return at;
}

}  // namespace

Fd open_beneath(int root, const std::string& path, int flags, unsigned mode) {
  static std::atomic<bool> has_openat2 = true;
  if (has_openat2) {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    Fd fd{static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how))};
    if (fd.valid() || errno != ENOSYS) return fd;
    has_openat2 = false;
  }
  return open_by_parts(root, path, flags, mode);
}

PathParts split_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace spillway::staging
