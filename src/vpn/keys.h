#pragma once
#include "base/error.h"
#include "base/ids.h"
#include "base/secret.h"

namespace spillway::vpn {

using PublicKey = Id<struct PublicKeyTag>;  // 32 bytes in base64, as `wg pubkey` prints it

struct KeyPair {
  Secret private_key;  // in base64, as `wg genkey` prints it
  PublicKey public_key;
};

/// A new X25519 private key, clamped as WireGuard's tools write it.
Secret make_private_key();
/// What `wg pubkey` makes of it. Errors: invalid (SPW-VPN-001).
Result<PublicKey> public_key_of(const Secret& private_key);
/// Both halves of a new key.
KeyPair make_key_pair();
/// Takes a public key from outside; blanks around it are dropped. Errors: invalid (SPW-VPN-001).
Result<PublicKey> parse_public_key(std::string_view text);

}  // namespace spillway::vpn
