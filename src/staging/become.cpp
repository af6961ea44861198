#include "staging/become.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/user.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

constexpr uid_t kFirstUser = 1000;  // below are the system's own accounts; Debian and Red Hat agree
constexpr uid_t kNobody = 65534;

Error refused(std::string what) {
  return Error{Kind::denied, kMayNotBecome, std::move(what)};
}

}  // namespace

Result<void> may_become(uid_t uid, uid_t slurm_user) {
  if (uid < kFirstUser || uid == kNobody) return refused(fmt::format("user {} is no ordinary user", uid));
  if (uid == slurm_user) return refused(fmt::format("user {} is SlurmUser", uid));
  TRY(find_user(uid));
  return {};
}

Result<void> become(uid_t uid) {
  const User user = TRY(find_user(uid));
  if (user.uid != uid || uid == 0 || user.gid == 0)
    return refused(fmt::format("user {} is not to be become", uid));
  // Groups first: afterwards nobody may set them.
  if (initgroups(user.name.c_str(), user.gid) != 0)
    return system_error("set the groups of", user.name, errno);
  if (setresgid(user.gid, user.gid, user.gid) != 0)
    return system_error("become the group of", user.name, errno);
  if (setresuid(uid, uid, uid) != 0) return system_error("become", user.name, errno);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  if (syscall(SYS_capset, &header, none) != 0) return system_error("drop capabilities as", user.name, errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return system_error("give up privileges as", user.name, errno);
  if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
    return Error{Kind::internal, "root could be had back"};
  uid_t real = 0, effective = 0, saved = 0;
  if (getresuid(&real, &effective, &saved) != 0 || real != uid || effective != uid || saved != uid)
    return Error{Kind::internal, "the user did not change"};
  umask(077);
  if (chdir("/") != 0) return system_error("go to", "/", errno);
  if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0)
    for (int fd = 3; fd < 65536; ++fd) close(fd);  // a kernel before 5.9
  return {};
}

void execute(const std::string& program, const std::vector<std::string>& arguments, const std::string& home) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  const std::string home_text = "HOME=" + home;
  char* const environment[] = {const_cast<char*>("LC_ALL=C"), const_cast<char*>(home_text.c_str()), nullptr};
  execve(program.c_str(), argv.data(), environment);
}

}  // namespace spillway::staging
