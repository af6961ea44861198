#pragma once
#include <string>
#include "base/error.h"

namespace spillway::lab {

/// Gives the calling process, which must already have a mount namespace of its own, the on-premises view of
/// the file system: private copies (overlays in memory) of /etc, /var/lib, /var/spool, /var/log,
/// /usr/libexec, an empty /run, homes of the lab's users. Nothing that is written there reaches the host.
/// Errors: SPW-LAB-007.
Result<void> make_onprem_view();

/// Mounts an overlay of `lower` at `target`, its writable layer under `scratch` (which must be in memory).
Result<void> mount_overlay(const std::string& lower, const std::string& scratch, const std::string& target);
Result<void> mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
                      const char* options = nullptr);
/// Hides the host's control groups, which are not the lab's; where they are version 2, slurmd would ask
/// systemd for a scope.
Result<void> mount_empty_cgroups(const std::string& target);
/// mkdir -p; owner and mode are those of the last folder.
Result<void> make_folder(const std::string& path, unsigned mode = 0755, const std::string& owner = "root");
/// Gives a file or folder to a user and its main group. Errors: not_found (no such user), io.
Result<void> give_to(const std::string& path, const std::string& user);

}  // namespace spillway::lab
