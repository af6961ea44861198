#include "vpn/rotation_lock.h"

#include <fcntl.h>

#include <cerrno>

#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

std::filesystem::path file_in(const std::filesystem::path& run_dir) {
  return run_dir / "vpn-rotation.lock";
}

struct flock of(short type) {
  struct flock out {};
  out.l_type = type;
  out.l_whence = SEEK_SET;
  return out;
}

}  // namespace

Result<RotationLock> RotationLock::take(const std::filesystem::path& run_dir) {
  std::error_code ignored;
  std::filesystem::create_directories(run_dir, ignored);
  const auto path = file_in(run_dir);
  Fd file{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.valid()) return system_error("open", path, errno);
  auto whole = of(F_WRLCK);
  if (fcntl(file.get(), F_OFD_SETLK, &whole) == 0) return RotationLock{std::move(file)};
  if (errno != EAGAIN && errno != EACCES) return system_error("lock", path, errno);
  return Error{Kind::conflict, kBusy, fmt::format("{} is locked", path.string())};
}

bool RotationLock::held(const std::filesystem::path& run_dir) {
  const Fd file{open(file_in(run_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file.valid()) return false;
  auto whole = of(F_RDLCK);
  return fcntl(file.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

}  // namespace spillway::vpn
