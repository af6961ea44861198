#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "vpn/keys.h"

namespace spillway::vpn {

/// What AWS tells about the tunnel's other end; what it does not tell is absent.
struct AwsFacts {
  std::string public_address;             // the gateway's elastic address
  std::optional<bool> running;            // the gateway's instance
  std::optional<bool> source_dest_check;  // of its interface; must be false
  std::optional<bool> tunnel_port_open;   // its security group admits our UDP
  std::vector<std::string> unrouted;  // networks of the premises that the nodes' subnets do not send to it
  PublicKey public_key;               // the gateway's own, as published
  std::vector<PublicKey> near_keys;   // ours, as its peers document has it: two while keys are exchanged
};

/// The half of the tunnel's evidence that only AWS has. Implemented where the AWS clients are.
class AwsSide {
 public:
  virtual ~AwsSide() = default;
  /// Errors: credentials, denied, unavailable, timeout.
  virtual Result<AwsFacts> facts(Deadline deadline) = 0;
};

}  // namespace spillway::vpn
