#include "lab/mounts.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <filesystem>

#include "base/file.h"
#include "base/user.h"
#include "lab/errors.h"
#include "lab/layout.h"

namespace spillway::lab {
namespace fs = std::filesystem;

Result<void> mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
                      const char* options) {
  if (mount(source, target.c_str(), type, flags, options) != 0)
    return Error{Kind::io, kSandbox,
                 fmt::format("cannot mount {} at {}: {}",
                             type     ? type
                             : source ? source
                                      : "private",
                             target, std::strerror(errno))};
  return {};
}

Result<void> give_to(const std::string& path, const std::string& user) {
  const User owner = TRY(find_user(user));
  if (chown(path.c_str(), owner.uid, owner.gid) != 0) return system_error("give away", path, errno);
  return {};
}

Result<void> make_folder(const std::string& path, unsigned mode, const std::string& owner) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) return system_error("make the folder", path, failed.value());
  if (chmod(path.c_str(), mode) != 0) return system_error("set the mode of", path, errno);
  return give_to(path, owner);
}

Result<void> mount_overlay(const std::string& lower, const std::string& scratch, const std::string& target) {
  TRY(make_folder(scratch + "/upper"));
  TRY(make_folder(scratch + "/work"));
  // The new top folder takes its mode and owner from the upper layer, not from the lower one.
  struct stat old {};
  if (stat(target.c_str(), &old) == 0 && chmod((scratch + "/upper").c_str(), old.st_mode & 07777) == 0)
    (void)!chown((scratch + "/upper").c_str(), old.st_uid, old.st_gid);
  const std::string options =
      fmt::format("lowerdir={},upperdir={}/upper,workdir={}/work", lower, scratch, scratch);
  return mount_at("overlay", target, "overlay", 0, options.c_str());
}

Result<void> mount_empty_cgroups(const std::string& target) {
  return mount_at("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k");
}

namespace {

/// /home in memory, with each existing home bound into it: the caller's own scripts stay where they are, and
/// the lab's users get homes that the host never sees.
Result<void> make_homes() {
  const fs::path kept = fs::path(kRun) / "homes";
  TRY(make_folder(kept));
  TRY(mount_at("/home", kept, nullptr, MS_BIND | MS_REC));
  TRY(mount_at("tmpfs", "/home", "tmpfs", 0, "mode=755,size=1g"));
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(kept, failed)) {
    if (!entry.is_directory()) continue;
    const std::string target = "/home/" + entry.path().filename().string();
    TRY(make_folder(target));
    TRY(mount_at(entry.path().c_str(), target, nullptr, MS_BIND | MS_REC));
  }
  umount2(kept.c_str(), MNT_DETACH);
  return {};
}

}  // namespace

Result<void> make_onprem_view() {
  TRY(mount_at(nullptr, "/", nullptr, MS_REC | MS_PRIVATE));
  TRY(mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  TRY(mount_at("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4g"));
  TRY(make_folder(kRun));
  TRY(mount_empty_cgroups("/sys/fs/cgroup"));
  for (const std::string& shared : {std::string("/etc"), std::string("/var/lib"), std::string("/var/spool"),
                                    std::string("/var/log"), std::string("/usr/libexec")}) {
    std::string scratch = std::string(kRun) + "/layer" + shared;
    TRY(mount_overlay(shared, scratch, shared));
  }
  TRY(make_folder("/home"));
  TRY(make_homes());
  return {};
}

}  // namespace spillway::lab
