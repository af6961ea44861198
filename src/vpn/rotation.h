#pragma once
#include <filesystem>

#include "base/time.h"
#include "vpn/device.h"

// Exchanging a gateway's key while packets cross the tunnel:
//
//   prepare ──▶ overlap ──▶ switch ──▶ verify ──▶ commit
//                             ▲           │ no handshake in time
//                             └─ go back ◀┘
//
// In the overlap the other side knows both keys, and gives the networks to the one that shook hands last. So
// neither side must switch at the same moment as the other, and going back is the same step the other way.
namespace spillway::vpn {

/// Changes what the gateway on AWS is told. Implemented where the AWS clients are.
class Publisher {
 public:
  virtual ~Publisher() = default;
  /// The document that stands now. Errors: not_found, denied, unavailable.
  virtual Result<PeersDocument> peers(Deadline deadline) = 0;
  virtual Result<void> publish(const PeersDocument& document, Deadline deadline) = 0;
  /// Keeps a private key as a SecureString parameter of this name.
  virtual Result<void> store_key(const std::string& parameter, const Secret& key, Deadline deadline) = 0;
  /// Safe to repeat.
  virtual Result<void> remove_key(const std::string& parameter, Deadline deadline) = 0;
  /// The gateway on AWS has this key from now on: in apply's record on this host, which the monitor follows.
  virtual Result<void> record_far_key(const PublicKey& key) = 0;
  /// The same on AWS: the pair under its usual names, where apply looks for it. Safe to repeat.
  virtual Result<void> keep_far_key(const KeyPair& pair, Deadline deadline) = 0;
};

struct RotationSettings {
  Duration settle =
      std::chrono::seconds{12};  // the gateway reads its document every 5 s: twice, and a little
  Duration verify_near = std::chrono::seconds{10};  // meanwhile nothing crosses, if it fails
  Duration verify_far = std::chrono::seconds{30};   // meanwhile the old key works
  Duration look_every = std::chrono::milliseconds{250};
  Duration renew_every = std::chrono::seconds{1};
};

/// What a rotation works on. `far` is the gateway on AWS as it is configured now, its endpoint an address.
struct RotationTools {
  Device& device;
  Publisher& publisher;
  Clock& clock;
  std::function<void(const std::string&)> say;  // each step, for people
  RotationSettings settings = {};
};

/// A new key for the premises' gateway, in `key_file`; the old one stands beside it as .old until it is known
/// which of them works. Returns the new public key. Errors: SPW-VPN-012 (rolled back), SPW-VPN-013 (the old
/// key does not work any more either), SPW-VPN-016, and those of the seams, with everything put back as it
/// was.
Result<PublicKey> rotate_near(const RotationTools& tools, const Peer& far,
                              const std::filesystem::path& key_file);
/// A new key for the gateway on AWS. It is tried under the parameter `trial`, and kept under `usual` once it
/// works, so that apply finds everything as it left it. A rotation that was cut is ended by another one.
struct FarRotation {
  Peer far;                  // as it is now
  std::string usual, trial;  // names of parameters; `trial` is not in use yet
};
Result<PublicKey> rotate_far(const RotationTools& tools, const FarRotation& order);

}  // namespace spillway::vpn
