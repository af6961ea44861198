#include "fleet/gates.h"

#include <algorithm>

#include "base/log.h"

namespace spillway::fleet {

std::string_view to_string(Gate::What what) {
  constexpr std::string_view kWords[] = {"tunnel", "clock", "credentials", "budget"};
  return kWords[static_cast<int>(what)];
}

Json to_json(const std::vector<Gate>& gates) {
  Json list = Json::array();
  for (const Gate& gate : gates)
    list.push(Json::object(
        {{"gate", to_string(gate.what)}, {"reason", gate.reason}, {"since", to_iso8601(gate.since)}}));
  return list;
}

void Gatekeeper::set(Gate::What what, std::optional<std::string> reason, Time now) {
  const auto found =
      std::find_if(closed_.begin(), closed_.end(), [&](const Gate& gate) { return gate.what == what; });
  if (!reason) {
    if (found == closed_.end()) return;
    log::info("fleet", "nothing is held back any more by: {}", to_string(what));
    closed_.erase(found);
  } else if (found != closed_.end()) {
    found->reason = *std::move(reason);
  } else {
    log::warning("fleet", "no launches: {}", *reason);
    closed_.push_back({what, *std::move(reason), now});
  }
}

void Gatekeeper::look_at_tunnel(Tunnel* tunnel, Time now) {
  if (!tunnel) return;
  const bool was_down = std::any_of(closed_.begin(), closed_.end(),
                                    [](const Gate& gate) { return gate.what == Gate::What::tunnel; });
  bool answers = tunnel->answers();
  for (int missed = 1; !answers && !was_down && missed < patience_.misses; ++missed)
    answers = tunnel->answers();
  if (answers && was_down) healed_at_ = now;
  set(Gate::What::tunnel,
      answers ? std::nullopt : std::optional<std::string>("the tunnel is down: its far end does not answer"),
      now);
}

void Gatekeeper::look_at_clock(std::optional<Duration> offset, Time now) {
  if (!offset) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*offset).count();
  set(Gate::What::clock,
      std::chrono::abs(*offset) < patience_.clock_off
          ? std::nullopt
          : std::optional(
                fmt::format("this machine's clock is {} s {} AWS's, and munge would refuse new nodes",
                            std::abs(seconds), seconds > 0 ? "behind" : "ahead of")),
      now);
}

void Gatekeeper::look_at_credentials(std::optional<std::string> refused, Time now) {
  set(Gate::What::credentials, std::move(refused), now);
}

void Gatekeeper::look_at_budget(std::optional<std::string> over, Time now) {
  set(Gate::What::budget, std::move(over), now);
}

bool Gatekeeper::frozen(Time now) const {
  const bool down = std::any_of(closed_.begin(), closed_.end(),
                                [](const Gate& gate) { return gate.what == Gate::What::tunnel; });
  return down || (healed_at_ && now - *healed_at_ < patience_.thaw);
}

}  // namespace spillway::fleet
