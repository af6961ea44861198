#pragma once
#include <functional>

#include "vpn/device.h"

namespace spillway::vpn {

/// A model of a WireGuard interface that keeps state: peers, sessions and counters, and of a session's life
/// only what the monitor and the rotation build on: a new peer with an endpoint initiates at once and then
/// every 5 s, a session is doubted by itself only after 15 s.
class FakeDevice final : public Device {
 public:
  explicit FakeDevice(Clock& clock) : clock_(clock) {}

  /// Whether the far side answers an initiation of ours to `peer` now; nobody answers by default.
  std::function<bool(const PublicKey& own, const Peer& peer)> far_answers;
  /// A packet of ours reaches the peer that has the networks, and an answer comes back, if there is a session
  /// that the far side still knows.
  bool exchange();
  /// The far side lost its sessions: packets of the present ones are dropped there.
  void far_forgets();

  int renewals = 0;
  std::optional<Error> failing;  // what every call answers instead

  Result<InterfaceState> show(Deadline) override;
  Result<void> set_peer(const Peer& peer, Deadline) override;
  Result<void> remove_peer(const PublicKey& key, Deadline) override;
  Result<void> renew_peer(const Peer& peer, Deadline) override;
  Result<void> set_private_key(const Secret& key, Deadline) override;
  Result<void> sync(const std::vector<Peer>& peers, Deadline) override;

 private:
  struct Entry {
    Peer peer;
    PeerState state;
    std::optional<Time> initiated;  // the last time
    bool session = false;           // the far side knows it
  };
  Result<void> guard() const;
  void put(const Peer& peer);
  void initiate();

  Clock& clock_;
  PublicKey own_;
  std::map<PublicKey, Entry> entries_;
};

}  // namespace spillway::vpn
