#pragma once
#include <filesystem>

#include "base/file.h"

namespace spillway::vpn {

/// Held while a key is being exchanged: the monitor, another process, would take what it sees for a fault and
/// put the former peer back. The kernel lets go of it with the process, however that ends.
class RotationLock {
 public:
  /// Errors: conflict (SPW-VPN-015), io.
  static Result<RotationLock> take(const std::filesystem::path& run_dir);
  /// Whether some process has it.
  static bool held(const std::filesystem::path& run_dir);

 private:
  explicit RotationLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace spillway::vpn
