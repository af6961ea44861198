#pragma once
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace spillway::staging {

/// What the root helper is told at its start, by root's own command line.
struct HelperSettings {
  std::filesystem::path socket = "/run/spillway-stage/socket";
  std::string program;   // what is run as the user, by absolute path: this one
  uid_t slurm_user = 0;  // who alone may ask
};

/// The root helper: SlurmUser connects and sends "<uid>\n" and an order; a child becomes that user and runs
/// `PROGRAM data stage move`, the order on its standard input, its standard output the connection. The helper
/// reads nothing of the order. It is a process of its own, not a setuid program, because the daemon and
/// slurmctld's hooks can then do without any way to gain privileges. Returns when `stop` is readable. Errors:
/// denied, io.
Result<void> serve_moves(const HelperSettings& settings, const Fd& stop);

/// Sends text to whoever listens at a socket and gives all that is answered. Errors: unavailable (nobody),
/// timeout.
Result<std::string> converse(const std::filesystem::path& socket, std::string_view text, Deadline deadline);
/// Sends an order to the helper and waits for the whole answer. Errors: unavailable (no helper), timeout.
Result<std::string> ask_helper(const std::filesystem::path& socket, uid_t uid, const std::string& order,
                               Deadline deadline);

}  // namespace spillway::staging
