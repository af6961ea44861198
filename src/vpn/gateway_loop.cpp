#include "vpn/gateway_loop.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/log.h"

namespace spillway::vpn {
namespace {

void tell(const TunnelReport& report) {
  const std::string detail =
      fmt::format("endpoint {}, handshake {}", report.endpoint.empty() ? "unknown" : report.endpoint,
                  report.handshake_age_s ? fmt::format("{} s ago", *report.handshake_age_s) : "never");
  if (report.state == TunnelState::up)
    log::info("vpn", "the tunnel is up: {}", detail);
  else
    log::warning("vpn", "the tunnel is {}: {}{}{}", to_string(report.state), detail,
                 report.trouble.empty() ? "" : "; ", report.trouble);
}

void follow(Monitor& monitor, std::optional<std::vector<Peer>> peers) {
  if (!peers) return;
  const std::string first =
      peers->empty() ? "gone"
                     : fmt::format("{} at {}", peers->front().public_key,
                                   peers->front().endpoint ? peers->front().endpoint->to_string() : "?");
  const auto changed = monitor.follow(std::move(*peers));
  if (!changed) log::error("vpn", "{}", changed.error().what);
  if (changed && *changed) log::info("vpn", "the gateway on AWS is {} from now on", first);
}

}  // namespace

// Not synced: it lies in /run and is of no use after a crash.
Result<void> publish(const std::filesystem::path& file, const TunnelReport& report) {
  const std::string text = to_json(report).dump() + "\n";
  const std::filesystem::path temporary = file.string() + ".new";
  {
    const Fd fd{open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644)};
    if (!fd.valid() || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return system_error("write", temporary, errno);
  }
  if (rename(temporary.c_str(), file.c_str()) != 0) return system_error("write", file, errno);
  return {};
}

Result<void> run_gateway_monitor(Monitor& monitor, Clock& clock, const Surroundings& around) {
  std::optional<TunnelReport> last;
  Time written{};
  while (!around.stop()) {
    const bool may_mend = around.may_mend();
    const TunnelReport report = monitor.tick(clock.now(), may_mend);
    const bool changed = !last || last->state != report.state || last->peer != report.peer;
    if (changed) tell(report);
    if (changed || report.at - written >= std::chrono::seconds{1}) {
      auto done = publish(around.file, report);
      if (!done && !last) return done;
      if (!done) log::error("vpn", "{}", done.error().what);
      written = report.at;
      if (may_mend) follow(monitor, around.changed());
    }
    last = report;
    clock.sleep_for(std::chrono::milliseconds{25});
  }
  return {};
}

}  // namespace spillway::vpn
