#include "base/user.h"

#include <pwd.h>

#include <cerrno>
#include <vector>

#include "base/file.h"

namespace spillway {
namespace {

// getpwnam's answer lies in one place for all threads, so only the reentrant calls are used.
template <typename Look>
Result<User> look_up(const std::string& who, const Look& look) {
  std::vector<char> space(4096);
  for (;;) {
    passwd entry{};
    passwd* found = nullptr;
    const int failed = look(&entry, space.data(), space.size(), &found);
    if (failed == ERANGE && space.size() < (1u << 20)) {
      space.resize(space.size() * 4);
      continue;
    }
    if (failed != 0) return system_error("look up the user", who, failed);
    if (!found) return Error{Kind::not_found, "no such user: " + who};
    return User{entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir};
  }
}

}  // namespace

Result<User> find_user(const std::string& name) {
  return look_up(name, [&](passwd* entry, char* space, size_t size, passwd** found) {
    return getpwnam_r(name.c_str(), entry, space, size, found);
  });
}

Result<User> find_user(uid_t uid) {
  return look_up(std::to_string(uid), [&](passwd* entry, char* space, size_t size, passwd** found) {
    return getpwuid_r(uid, entry, space, size, found);
  });
}

}  // namespace spillway
