#pragma once
#include <filesystem>
#include <map>
#include <optional>

#include "base/subprocess.h"
#include "vpn/peers.h"

namespace spillway::vpn {

/// A peer as the running interface has it.
struct PeerState {
  PublicKey public_key;
  std::vector<Cidr> allowed_ips;
  std::optional<Endpoint> endpoint;      // in use now
  std::optional<Time> latest_handshake;  // whole seconds
  int64_t rx_bytes = 0, tx_bytes = 0;    // since the peer was added
  int64_t keepalive_s = 0;               // 0: off
};

struct InterfaceState {
  PublicKey public_key;  // ours; empty while no private key is set
  int listen_port = 0;
  std::vector<PeerState> peers;
  const PeerState* find(const PublicKey& key) const;
};

/// What `wg show INTERFACE dump` prints; the private key and preshared keys in it are not kept. Errors:
/// internal (SPW-VPN-008).
Result<InterfaceState> parse_dump(std::string_view text);

/// A WireGuard interface of this host. Endpoints given to it are addresses: a name that does not resolve
/// would hold wg(8) up. Errors of all: not_found (SPW-VPN-009: no such interface), denied, invalid
/// (SPW-VPN-010).
class Device {
 public:
  virtual ~Device() = default;
  virtual Result<InterfaceState> show(Deadline deadline) = 0;
  /// Adds the peer, or makes it so: exactly these allowed_ips. An absent endpoint leaves the one in use.
  virtual Result<void> set_peer(const Peer& peer, Deadline deadline) = 0;
  /// Safe to repeat.
  virtual Result<void> remove_peer(const PublicKey& key, Deadline deadline) = 0;
  /// Forgets the peer's session and begins a new one at once. WireGuard by itself takes 15 s to doubt a
  /// session and sends one initiation in 5 s; setting the endpoint or the keepalive again changes nothing of
  /// that, removing and adding the peer in one message does (measured with wireguard-go).
  virtual Result<void> renew_peer(const Peer& peer, Deadline deadline) = 0;
  virtual Result<void> set_private_key(const Secret& key, Deadline deadline) = 0;
  /// These peers and no others; those that are as they should be keep their sessions.
  virtual Result<void> sync(const std::vector<Peer>& peers, Deadline deadline) = 0;
};

/// Drives kernel WireGuard and wireguard-go alike through wg(8).
class WgDevice final : public Device {
 public:
  WgDevice(Runner& runner, std::string interface, std::string wg = "/usr/bin/wg")
      : runner_(runner), interface_(std::move(interface)), wg_(std::move(wg)) {}
  Result<InterfaceState> show(Deadline deadline) override;
  Result<void> set_peer(const Peer& peer, Deadline deadline) override;
  Result<void> remove_peer(const PublicKey& key, Deadline deadline) override;
  Result<void> renew_peer(const Peer& peer, Deadline deadline) override;
  Result<void> set_private_key(const Secret& key, Deadline deadline) override;
  Result<void> sync(const std::vector<Peer>& peers, Deadline deadline) override;

 private:
  Result<std::string> run(std::vector<std::string> arguments, std::string input, Deadline deadline);
  Result<void> set(const std::vector<std::string>& arguments, Deadline deadline, std::string input = "");

  Runner& runner_;
  std::string interface_, wg_;
};

/// Whether the interface's peer is as `wanted` says.
bool matches(const PeerState& found, const Peer& wanted);

}  // namespace spillway::vpn
