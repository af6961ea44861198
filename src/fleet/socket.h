#pragma once
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace spillway::fleet {

// Local sockets between the hooks, the commands and the daemon.

/// Wakes whoever listens on `wake`; false when nobody does. Never blocks.
bool poke(const std::filesystem::path& wake);
/// The daemon's end of `wake`. Errors: denied, io (SPW-FLEET-003).
Result<Fd> listen_for_pokes(const std::filesystem::path& wake);
/// The daemon's stream socket. Errors: denied, io (SPW-FLEET-003).
Result<Fd> listen_for_questions(const std::filesystem::path& control);
/// Sends one line to the daemon and waits for its one line of answer. Errors: unavailable (no daemon, or it
/// went away), timeout.
Result<std::string> ask(const std::filesystem::path& control, const std::string& line, Deadline deadline);

/// Held by the one reconciler of a cluster; the kernel lets go of it when the process ends, however it ends.
class Lock {
 public:
  /// Errors: conflict (SPW-FLEET-004: another process holds it), denied, io.
  static Result<Lock> take(const std::filesystem::path& path);

 private:
  explicit Lock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace spillway::fleet
