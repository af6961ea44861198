#include "lab/preflight.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/file.h"
#include "lab/errors.h"

namespace spillway::lab {

const std::vector<Requirement>& requirements() {
  static const std::vector<Requirement> all = {
      {"/usr/sbin/slurmctld", "slurmctld"},
      {"/usr/sbin/slurmd", "slurmd"},
      {"/usr/sbin/slurmdbd", "slurmdbd"},
      {"/usr/bin/sbatch", "slurm-client"},
      {"/usr/sbin/munged", "munge"},
      {"/usr/sbin/mariadbd", "mariadb-server"},
      {"/usr/bin/mariadb", "mariadb-client"},
      {"/usr/sbin/named", "bind9"},
      {"/usr/bin/wg", "wireguard-tools"},
      {"/usr/bin/wireguard-go", "wireguard-go"},
      {"/usr/sbin/ip", "iproute2"},
      {"/usr/sbin/nft", "nftables"},
      {"/usr/bin/curl", "curl"},
      {"/usr/bin/openssl", "openssl"},
      {"/etc/ssl/certs/ca-certificates.crt", "ca-certificates"},
      {"/usr/bin/ps", "procps"},
      {"/usr/bin/nsenter", "util-linux"},
  };
  return all;
}

namespace {

/// Absent, empty, or with nothing but what labs made before they left a mark.
bool looks_like_ours(const std::filesystem::path& state) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(state, failed))
    if (const auto name = entry.path().filename(); name != "cache" && name != "log") return false;
  const bool has_log = std::filesystem::exists(state / "log", failed);
  return !has_log || std::filesystem::exists(state / "cache", failed);
}

}  // namespace

Result<void> check_machine(const Settings& settings) {
  if (geteuid() != 0) return Error{Kind::denied, kNotRoot, "the lab needs root"};
  std::set<std::string> missing;
  for (const Requirement& need : requirements())
    if (access(need.program.c_str(), R_OK) != 0) missing.insert(need.package);
  if (!missing.empty())
    return Error{Kind::not_found, kPackagesMissing,
                 fmt::format("packages are missing: {}", fmt::join(missing, " "))}
        .fixed_by(fmt::format("apt-get install --no-install-recommends {}", fmt::join(missing, " ")));
  const Fd tun{open("/dev/net/tun", O_RDWR | O_CLOEXEC)};
  if (!tun.valid()) return Error{Kind::not_found, kNoTun, "cannot open /dev/net/tun"};
  const auto program = settings.programs / "spillway";
  if (access(program.c_str(), X_OK) != 0)
    return Error{Kind::not_found, kProgramMissing, "no such program: " + program.string()};
  std::error_code failed;
  const std::filesystem::path mark = settings.state / ".spillway-lab";
  if (!std::filesystem::exists(mark, failed) && !looks_like_ours(settings.state))
    return Error{Kind::conflict, kNotOurs,
                 fmt::format("{} holds something that no lab made", settings.state.string())};
  for (const char* folder : {"cache", "log"})
    std::filesystem::create_directories(settings.state / folder, failed);
  if (!failed && !write_file_atomically(mark, "")) failed = std::make_error_code(std::errc::io_error);
  if (failed || access(settings.state.c_str(), W_OK) != 0)
    return Error{Kind::io, kStateFolder, "cannot use the folder " + settings.state.string()};
  return {};
}

}  // namespace spillway::lab
