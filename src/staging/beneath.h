#pragma once
#include <string>

#include "base/file.h"

namespace spillway::staging {

/// Opens `path` beneath `root`: no symbolic link is followed on the way, and nothing leads above it. By
/// openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; on kernels before 5.6, part by part with O_NOFOLLOW.
/// Not valid, with errno set, where that fails.
Fd open_beneath(int root, const std::string& path, int flags, unsigned mode = 0);

/// `path` as its folder ("" for the root) and its last part.
struct PathParts {
  std::string folder, leaf;
};
PathParts split_path(const std::string& path);

}  // namespace spillway::staging
