#pragma once
#include <deque>

#include "base/json.h"
#include "vpn/device.h"
#include "vpn/pulse.h"

// Keeps the tunnel up, and knows whether it is: packets that cross it decide, not the interface's existence.
//
//            two packets lost in a row, or 4 of 20          nothing for down_after
//      up ─────────────────────────────────────▶ degraded ─────────────────────────▶ down
//       ▲                                          │ ▲                                │
//       └──── at most 1 of the last 20 lost ───────┘ └──── 3 answers in a row ────────┘
//
// Silence is answered at once: the peer is renewed at its endpoint's newest address, then again with growing
// pauses. WireGuard alone notices a restart of the far gateway after 15 s.
namespace spillway::vpn {

enum class TunnelState { up, degraded, down };
std::string_view to_string(TunnelState state);

struct MonitorSettings {
  Duration pulse_every = std::chrono::milliseconds{200};
  Duration lost_after = std::chrono::milliseconds{1000};  // an answer later than this does not count
  Duration renew_after = std::chrono::milliseconds{550};  // of silence: two packets in a row and a little
  Duration renew_every = std::chrono::milliseconds{500};  // at first
  Duration renew_rarely = std::chrono::seconds{5};        // after a minute
  Duration down_after = std::chrono::seconds{3};
  Duration stale_handshake = std::chrono::seconds{135};  // WireGuard renews after 120 s; this one is overdue
  Duration failover_after = std::chrono::seconds{10};    // of being down, when there is a standby
  Duration show_every = std::chrono::seconds{1};
  int answers_to_be_up = 3;
};

/// What the monitor believes, and what it rests on.
struct TunnelReport {
  TunnelState state = TunnelState::down;
  Time since{}, at{};
  std::optional<int64_t> handshake_age_s;
  std::string endpoint;  // in use
  int64_t received_bytes = 0, sent_bytes = 0;
  PublicKey peer;                       // that has the networks: the first, or the standby
  int64_t nodes = 0, silent_nodes = 0;  // where each node is a peer
  std::string trouble;                  // why nothing is known, when the device does not answer
};

/// Where the far gateway's name points now; nothing while nobody knows. Does not wait.
using Lookup = std::function<std::optional<Endpoint>(const Endpoint&)>;

class Monitor {
 public:
  /// `peers`: the gateways on AWS, the first with the networks. Their endpoints are as configured, by name.
  Monitor(Device& device, Pulse& pulse, Lookup lookup, std::vector<Peer> peers, MonitorSettings settings = {})
      : device_(device),
        pulse_(pulse),
        lookup_(std::move(lookup)),
        configured_(peers),
        peers_(std::move(peers)),
        settings_(settings) {}

  /// Sends what is due, takes what came, and mends what is silent unless somebody else is changing the peers.
  /// Call it a few times in pulse_every.
  TunnelReport tick(Time now, bool may_mend = true);
  /// The gateways on AWS are these from now on: the interface gets exactly them, and those that stay as they
  /// are keep their sessions. Whether anything changed. Errors: those of Device::sync.
  Result<bool> follow(std::vector<Peer> peers);

 private:
  struct Sent {
    uint16_t number = 0;
    Time at{};
    bool answered = false;
  };
  void exchange(Time now);
  void look(Time now);
  void judge(Time now);
  void mend(Time now);
  void renew(Time now);
  void fail_over(Time now);
  Peer reachable(const Peer& configured) const;
  int lost(Time now) const;
  Duration silence(Time now) const { return now - heard_.value_or(began_.value_or(now)); }

  Device& device_;
  Pulse& pulse_;
  Lookup lookup_;
  std::vector<Peer> configured_;
  std::vector<Peer> peers_;  // the same, with the networks where they are now
  MonitorSettings settings_;
  size_t active_ = 0;
  std::deque<Sent> sent_;  // the last twenty
  uint16_t number_ = 0;
  int in_a_row_ = 0;
  bool pulse_works_ = false;  // some answer came since the start; a far side may refuse echo requests
  bool ever_renewed_ = false;
  std::optional<Time> began_, heard_, shown_, renewed_, silent_since_;
  TunnelReport report_;
};

/// /run/spillway/tunnel.json, schema spillway.tunnel/v1.
Json to_json(const TunnelReport& report);
/// What such a file tells. Errors: invalid.
Result<TunnelReport> parse_tunnel(std::string_view text);

}  // namespace spillway::vpn
