#include "vpn/gateway_daemon.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "vpn/gateway_files.h"
#include "vpn/gateway_loop.h"
#include "vpn/lookup.h"
#include "vpn/rotation_lock.h"

namespace spillway::vpn {
namespace {

/// SIGTERM and SIGINT as something to ask for.
Fd stop_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return Fd{signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
}

/// Tells a file that was replaced from one that was not; a file that is not there has a face, too.
struct Face {
  ino_t inode = 0;
  int64_t seconds = 0, nanoseconds = 0;
  bool operator==(const Face&) const = default;
};
Face face_of(const std::filesystem::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

}  // namespace

Result<int> run_gateway(const SiteLoader& load, const Invocation& asked) {
  const Fd stop = stop_signal();  // before the lookup's thread, which must not be asked instead
  const VpnSite site = TRY(load(asked));
  Face face = face_of(site.record);
  const std::vector<Peer> peers = TRY(far_peers(site));
  PosixRunner runner;
  SystemClock clock;
  WgDevice device{runner, site.vpn.interface};
  TRY(device.show(Deadline::after(std::chrono::seconds{5})));
  EchoPulse pulse = TRY(EchoPulse::open(TRY(networks_of(site.vpn, site.vpc_cidr)).aws_end));
  BackgroundLookup lookup;
  Monitor monitor{device, pulse, [&](const Endpoint& endpoint) { return lookup(endpoint); }, {}};
  TRY(monitor.follow(peers));
  std::error_code ignored;
  std::filesystem::create_directories(site.run_dir, ignored);
  log::info("vpn", "watches {}", site.vpn.interface);
  const Surroundings around{.file = site.run_dir / "tunnel.json",
                            .stop =
                                [&] {
                                  signalfd_siginfo info;
                                  return read(stop.get(), &info, sizeof info) == sizeof info;
                                },
                            .may_mend = [&] { return !RotationLock::held(site.run_dir); },
                            .changed = [&]() -> std::optional<std::vector<Peer>> {
                              const Face now = face_of(site.record);
                              if (now == face) return std::nullopt;
                              face = now;
                              auto fresh = load(asked);
                              auto changed =
                                  fresh ? far_peers(*fresh) : Result<std::vector<Peer>>{fresh.error()};
                              if (changed) return *std::move(changed);
                              log::error("vpn", "{}", changed.error().what);
                              return std::nullopt;
                            }};
  TRY(run_gateway_monitor(monitor, clock, around));
  return 0;
}

}  // namespace spillway::vpn
