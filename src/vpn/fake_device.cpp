#include "vpn/fake_device.h"

#include <algorithm>

namespace spillway::vpn {

using std::chrono::seconds;

Result<void> FakeDevice::guard() const {
  if (failing) return *failing;
  return {};
}

/// Sends the initiations that are due, and takes their answers.
void FakeDevice::initiate() {
  const Time now = clock_.now();
  for (auto& [key, entry] : entries_) {
    const bool due = !entry.initiated || now - *entry.initiated >= seconds{5};
    if (entry.session || !entry.state.endpoint || own_.empty() || !due) continue;
    // An old session is doubted only when nothing came back for 15 s; a new peer has none to doubt.
    const auto& last = entry.state.latest_handshake;
    if (last && now - *last < seconds{15}) continue;
    entry.initiated = now;
    entry.state.tx_bytes += 148;
    Peer as_seen = entry.peer;
    as_seen.endpoint = entry.state.endpoint;
    if (!far_answers || !far_answers(own_, as_seen)) continue;
    entry.session = true;
    entry.state.latest_handshake = std::chrono::floor<seconds>(now);
    entry.state.rx_bytes += 92;
  }
}

bool FakeDevice::exchange() {
  initiate();
  for (auto& [key, entry] : entries_) {
    if (entry.state.allowed_ips.empty()) continue;
    entry.state.tx_bytes += 128;
    if (entry.session) entry.state.rx_bytes += 128;
    return entry.session;
  }
  return false;
}

void FakeDevice::far_forgets() {
  for (auto& [key, entry] : entries_) entry.session = false;
}

Result<InterfaceState> FakeDevice::show(Deadline) {
  TRY(guard());
  initiate();
  InterfaceState out{.public_key = own_, .listen_port = 51820};
  for (const auto& [key, entry] : entries_) out.peers.push_back(entry.state);
  return out;
}

void FakeDevice::put(const Peer& peer) {
  Entry& entry = entries_[peer.public_key];
  entry.peer = peer;
  entry.state.public_key = peer.public_key;
  entry.state.keepalive_s = peer.keepalive_s;
  if (peer.endpoint) entry.state.endpoint = peer.endpoint;
  entry.state.allowed_ips = peer.allowed_ips;
  // A network belongs to one peer: whoever was given it last.
  for (auto& [key, other] : entries_)
    if (key != peer.public_key)
      std::erase_if(other.state.allowed_ips, [&](const Cidr& cidr) {
        return std::find(peer.allowed_ips.begin(), peer.allowed_ips.end(), cidr) != peer.allowed_ips.end();
      });
}

Result<void> FakeDevice::set_peer(const Peer& peer, Deadline) {
  TRY(guard());
  put(peer);
  return {};
}

Result<void> FakeDevice::remove_peer(const PublicKey& key, Deadline) {
  TRY(guard());
  entries_.erase(key);
  return {};
}

Result<void> FakeDevice::renew_peer(const Peer& peer, Deadline) {
  TRY(guard());
  ++renewals;
  entries_.erase(peer.public_key);
  put(peer);
  initiate();
  return {};
}

Result<void> FakeDevice::set_private_key(const Secret& key, Deadline) {
  TRY(guard());
  own_ = TRY(public_key_of(key));
  far_forgets();
  return {};
}

Result<void> FakeDevice::sync(const std::vector<Peer>& peers, Deadline) {
  TRY(guard());
  std::erase_if(entries_, [&](const auto& entry) {
    return std::none_of(peers.begin(), peers.end(),
                        [&](const Peer& peer) { return peer.public_key == entry.first; });
  });
  for (const Peer& peer : peers) put(peer);
  return {};
}

}  // namespace spillway::vpn
