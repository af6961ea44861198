#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"

// The only code of Spillway that runs as root with somebody else's data in its hands. It becomes the user,
// for good, and runs one program. Small on purpose: read all of it.
namespace spillway::staging {

/// Who is never become: root, system accounts and SlurmUser. Errors: denied (SPW-STAGE-063), not_found (no
/// such user).
Result<void> may_become(uid_t uid, uid_t slurm_user);

/// Makes this process the user's: supplementary groups, gid and uid (real, effective, saved), no
/// capabilities, no way to gain any (PR_SET_NO_NEW_PRIVS), umask 077, root of the file system as working
/// directory, no file open but 0, 1 and 2. Afterwards it makes sure that root cannot be had back. Errors:
/// denied, internal; the process must then end.
Result<void> become(uid_t uid);

/// Replaces this process by the program with these arguments and an empty environment but for LC_ALL and
/// HOME. Returns on failure.
void execute(const std::string& program, const std::vector<std::string>& arguments, const std::string& home);

}  // namespace spillway::staging
