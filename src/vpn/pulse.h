#pragma once
#include <cstdint>
#include <vector>

#include "base/file.h"
#include "base/ids.h"

namespace spillway::vpn {

/// Small packets to the tunnel's other end, and their answers. The seam behind which tests lose packets.
class Pulse {
 public:
  virtual ~Pulse() = default;
  virtual void send(uint16_t number) = 0;
  /// The numbers that were answered since the last call; does not wait.
  virtual std::vector<uint16_t> answers() = 0;
};

/// ICMP echo requests from a socket of this process: five a second would be too many programs to start.
class EchoPulse final : public Pulse {
 public:
  /// Errors: denied (neither CAP_NET_RAW nor net.ipv4.ping_group_range allows it), invalid.
  static Result<EchoPulse> open(const IpAddress& to);
  void send(uint16_t number) override;
  std::vector<uint16_t> answers() override;

 private:
  EchoPulse(Fd socket, bool raw, bool v6, uint16_t id)
      : socket_(std::move(socket)), raw_(raw), v6_(v6), id_(id) {}
  Fd socket_;
  bool raw_, v6_;
  uint16_t id_;
};

}  // namespace spillway::vpn
