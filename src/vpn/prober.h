#pragma once
#include <optional>

#include "base/error.h"
#include "base/ids.h"
#include "base/subprocess.h"

namespace spillway::vpn {

struct PingOrder {
  IpAddress to;
  int count = 3;
  int payload = 56;    // bytes behind the ICMP header
  bool whole = false;  // must not be fragmented
  std::string from;    // source address; empty: the kernel chooses
  Duration each = std::chrono::milliseconds{200};
};
struct PingAnswer {
  int sent = 0, received = 0;
  std::optional<double> average_ms;
  bool answered() const { return received > 0; }
};

/// A TCP port to knock at.
struct Knock {
  IpAddress to;
  int port = 0;
  IpAddress from;  // source address; empty: the kernel chooses
};

/// Asks the network whether packets cross it.
class Prober {
 public:
  virtual ~Prober() = default;
  /// Silence is an answer. Errors: not_found (no ping here), invalid, timeout.
  virtual Result<PingAnswer> ping(const PingOrder& order, Deadline deadline) = 0;
  /// Whether somebody is there at a TCP port; a refusal means that somebody is.
  virtual bool connect(const Knock& at, Deadline deadline) = 0;
};

/// What iputils' ping prints at its end. Errors: invalid.
Result<PingAnswer> parse_ping(std::string_view text);

class NetProber final : public Prober {
 public:
  explicit NetProber(Runner& runner, std::string ping = "/usr/bin/ping")
      : runner_(runner), ping_(std::move(ping)) {}
  Result<PingAnswer> ping(const PingOrder& order, Deadline deadline) override;
  bool connect(const Knock& at, Deadline deadline) override;

 private:
  Runner& runner_;
  std::string ping_;
};

}  // namespace spillway::vpn
