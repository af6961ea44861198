#include "vpn/monitor.h"

#include <algorithm>

#include "base/log.h"

namespace spillway::vpn {
namespace {

using std::chrono::seconds;

constexpr size_t kWindow = 20;
constexpr int kLossDegrades = 4, kLossHeals = 1;

Deadline soon() {
  return Deadline::after(seconds{5});
}

}  // namespace

std::string_view to_string(TunnelState state) {
  return state == TunnelState::up ? "up" : state == TunnelState::degraded ? "degraded" : "down";
}

TunnelReport Monitor::tick(Time now, bool may_mend) {
  if (!began_) {
    began_ = report_.since = now;
    if (!peers_.empty()) report_.peer = peers_[active_].public_key;
  }
  report_.at = now;
  exchange(now);
  look(now);
  judge(now);
  if (may_mend) mend(now);
  return report_;
}

Result<bool> Monitor::follow(std::vector<Peer> peers) {
  if (peers == configured_) return false;
  std::vector<Peer> wanted;
  for (const Peer& peer : peers) wanted.push_back(reachable(peer));
  TRY(device_.sync(wanted, soon()));
  configured_ = peers;
  peers_ = std::move(peers);
  active_ = 0;
  if (!peers_.empty()) report_.peer = peers_[0].public_key;
  return true;
}

void Monitor::exchange(Time now) {
  for (const uint16_t number : pulse_.answers()) {
    const auto mine =
        std::find_if(sent_.begin(), sent_.end(), [&](const Sent& sent) { return sent.number == number; });
    if (mine == sent_.end() || mine->answered || now - mine->at > settings_.lost_after) continue;
    mine->answered = true;
    ++in_a_row_;
    pulse_works_ = true;
    heard_ = now;
  }
  if (!sent_.empty() && now - sent_.back().at < settings_.pulse_every) return;
  pulse_.send(++number_);  // one that cannot be sent is one that is not answered
  sent_.push_back({number_, now});
  if (sent_.size() > kWindow) sent_.pop_front();
}

/// Reads the interface: always once a second, and while nothing is heard at each pulse.
void Monitor::look(Time now) {
  const bool silent = silence(now) >= settings_.renew_after;
  if (shown_ && now - *shown_ < (silent ? settings_.pulse_every : settings_.show_every)) return;
  shown_ = now;
  const auto shown = device_.show(soon());
  report_.trouble = shown ? "" : shown.error().what;
  if (!shown || peers_.empty()) return;
  const PeerState* peer = shown->find(peers_[active_].public_key);
  report_.handshake_age_s.reset();
  if (!peer) return;
  if (peer->latest_handshake)
    report_.handshake_age_s =
        std::max<int64_t>(0, std::chrono::floor<seconds>(now - *peer->latest_handshake).count());
  // Without answers to our own packets, what comes in by itself is the only sign of life.
  if (!pulse_works_ && peer->rx_bytes > report_.received_bytes && report_.handshake_age_s) heard_ = now;
  report_.received_bytes = peer->rx_bytes;
  report_.sent_bytes = peer->tx_bytes;
  report_.endpoint = peer->endpoint ? peer->endpoint->to_string() : "";
}

int Monitor::lost(Time now) const {
  return static_cast<int>(std::count_if(sent_.begin(), sent_.end(), [&](const Sent& sent) {
    return !sent.answered && now - sent.at > settings_.lost_after;
  }));
}

void Monitor::judge(Time now) {
  TunnelState next = report_.state;
  if (!pulse_works_) {
    // The far side answers no echo: believe the handshakes, which WireGuard renews every two minutes.
    // Not at once: at the start the answers are only on their way.
    const auto age = report_.handshake_age_s;
    if (now - *began_ >= settings_.down_after) next = age && *age < 180 ? TunnelState::up : TunnelState::down;
  } else if (silence(now) >= settings_.down_after) {
    next = TunnelState::down;
  } else if (report_.state == TunnelState::down) {
    if (in_a_row_ >= settings_.answers_to_be_up) next = TunnelState::degraded;
  } else if (silence(now) >= settings_.renew_after || lost(now) >= kLossDegrades) {
    next = TunnelState::degraded;
  } else if (lost(now) <= kLossHeals) {
    next = TunnelState::up;
  }
  if (silence(now) >= settings_.renew_after) in_a_row_ = 0;
  if (next == report_.state) return;
  // Coming back, the losses of the outage say nothing about the tunnel as it is now.
  if (report_.state == TunnelState::down) {
    std::erase_if(sent_, [](const Sent& sent) { return !sent.answered; });
    if (lost(now) == 0 && pulse_works_) next = TunnelState::up;
  }
  report_.state = next;
  report_.since = now;
}

void Monitor::mend(Time now) {
  const Duration quiet = silence(now);
  // What was there before us may be half a session that the far side has forgotten: the first renewal tells.
  const bool silent = pulse_works_
                          ? quiet >= settings_.renew_after
                          : (!ever_renewed_ && quiet >= settings_.renew_after) ||
                                (report_.state == TunnelState::down && quiet >= settings_.down_after);
  const bool overdue =
      report_.handshake_age_s && *report_.handshake_age_s > settings_.stale_handshake / seconds{1};
  if (!silent && !overdue) {
    renewed_.reset();
    return;
  }
  if (peers_.size() > 1 && silent && quiet >= settings_.failover_after &&
      (!silent_since_ || now - *silent_since_ >= settings_.failover_after))
    return fail_over(now);
  const Duration pause = quiet < seconds{15}   ? settings_.renew_every
                         : quiet < seconds{60} ? 4 * settings_.renew_every
                                               : settings_.renew_rarely;
  if (!renewed_ || now - *renewed_ >= pause) renew(now);
}

/// The configured peer with an address in place of its name: the name's newest, or the one in use.
Peer Monitor::reachable(const Peer& configured) const {
  Peer peer = configured;
  if (peer.endpoint && !peer.endpoint->numeric()) peer.endpoint = lookup_(*peer.endpoint);
  if (!peer.endpoint && configured.public_key == report_.peer)
    if (auto in_use = Endpoint::parse(report_.endpoint)) peer.endpoint = *in_use;
  return peer;
}

void Monitor::renew(Time now) {
  if (peers_.empty()) return;
  renewed_ = now;
  ever_renewed_ = true;
  const Peer peer = reachable(peers_[active_]);
  if (!peer.endpoint) return;  // it calls us, and we do not know from where
  log::debug("vpn", "renews the session with {}", peer.endpoint->to_string());
  if (auto done = device_.renew_peer(peer, soon()); !done) report_.trouble = done.error().what;
}

/// Gives the networks to the other gateway, and leaves them there: going back would be a second gap.
void Monitor::fail_over(Time now) {
  silent_since_ = renewed_ = now;
  Peer& old = peers_[active_];
  active_ = (active_ + 1) % peers_.size();
  Peer& next = peers_[active_];
  std::swap(old.allowed_ips, next.allowed_ips);
  log::warning("vpn", "the gateway {} is silent; {} takes over", old.public_key, next.public_key);
  Peer idle = reachable(old);
  report_.peer = next.public_key;
  report_.endpoint.clear();
  report_.received_bytes = report_.sent_bytes = 0;
  auto done = device_.set_peer(idle, soon());
  if (done) done = device_.renew_peer(reachable(next), soon());
  if (!done) report_.trouble = done.error().what;
}

}  // namespace spillway::vpn
