#include "vpn/gateway_daemon.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "vpn/codes.h"
#include "vpn/gateway_files.h"
#include "vpn/gateway_loop.h"
#include "vpn/lookup.h"
#include "vpn/node_gateway.h"
#include "vpn/node_reader.h"
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

/// Whether somebody asked us to end.
std::function<bool()> asked_to_stop(const Fd& stop) {
  return [&stop] {
    signalfd_siginfo info;
    return read(stop.get(), &info, sizeof info) == sizeof info;
  };
}

/// Each node is a peer: what there is to do is to follow the document that names them.
Result<int> follow_nodes(const VpnSite& site, Device& device, const Fd& stop) {
  if (!site.nodes) return Error{Kind::not_found, kNodesUnread, "nothing is known of the cluster's bucket"};
  SystemClock clock;
  NodeReader reader{site.nodes};
  NodeGateway gateway{device, TRY(networks_of(site.vpn, site.vpc_cidr)).vpc};
  TRY(run_node_gateway(gateway, clock,
                       {site.run_dir / "tunnel.json", asked_to_stop(stop), [&] { return reader(); }}));
  return 0;
}

}  // namespace

Result<int> run_gateway(const SiteLoader& load, const Invocation& asked) {
  const Fd stop = stop_signal();  // before the lookup's thread, which must not be asked instead
  const VpnSite site = TRY(load(asked));
  Face face = face_of(site.record);
  PosixRunner runner;
  WgDevice device{runner, site.vpn.interface};
  TRY(device.show(Deadline::after(std::chrono::seconds{5})));
  std::error_code ignored;
  std::filesystem::create_directories(site.run_dir, ignored);
  log::info("vpn", "watches {}", site.vpn.interface);
  if (is_node_mode(site.vpn)) return follow_nodes(site, device, stop);
  const std::vector<Peer> peers = TRY(far_peers(site));
  SystemClock clock;
  EchoPulse pulse = TRY(EchoPulse::open(TRY(networks_of(site.vpn, site.vpc_cidr)).aws_end));
  BackgroundLookup lookup;
  Monitor monitor{device, pulse, [&](const Endpoint& endpoint) { return lookup(endpoint); }, {}};
  TRY(monitor.follow(peers));
  const Surroundings around{.file = site.run_dir / "tunnel.json",
                            .stop = asked_to_stop(stop),
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
