#pragma once
#include <sys/types.h>

#include <string>

#include "base/error.h"

namespace spillway {

/// An entry of the machine's user database.
struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

/// Looks a user up by name; any thread may. Fails with Kind::not_found for an unknown name.
Result<User> find_user(const std::string& name);

/// Looks a user up by id; otherwise as find_user.
Result<User> find_user(uid_t uid);

}  // namespace spillway
