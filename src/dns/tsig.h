#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "dns/message.h"

// Signed messages, RFC 8945: a last record of type TSIG, over a secret that both sides have.
namespace spillway::dns {

enum class Algorithm { hmac_sha256, hmac_sha384, hmac_sha512 };
/// "hmac-sha256", as BIND and the wire spell it.
std::string_view to_string(Algorithm algorithm);

struct Key {
  std::string name;
  Algorithm algorithm = Algorithm::hmac_sha256;
  Secret secret;  // raw bytes
};

/// What a signature may complain about; the numbers are those of the wire.
enum class TsigError : uint16_t {
  none = 0,
  bad_signature = 16,
  bad_key = 17,
  bad_time = 18,
  bad_truncation = 22
};
std::string to_string(TsigError error);

/// The data of a TSIG record.
struct Tsig {
  std::string key;         // the owner
  std::string algorithm;   // "hmac-sha256"
  uint64_t signed_at = 0;  // seconds since 1970
  uint16_t fudge = 300;
  std::string mac;
  uint16_t original_id = 0;
  TsigError error = TsigError::none;
  std::string other;  // with bad_time: the server's own time, six bytes
};

struct SignedMessage {
  std::string bytes;
  std::string mac;  // what the answer's signature starts from
};

/// `message` (whole, without a signature) with one under `key`. `request_mac` is the question's when this is
/// an answer. Errors: invalid (the key's name).
Result<SignedMessage> sign(std::string message, const Key& key, Tsig facts,
                           std::string_view request_mac = {});

/// The signature record of a message that has one (`signature_at`). Errors: invalid (SPW-DNS-001).
Result<Tsig> read_tsig(const Message& message);

/// Whether `bytes`, which read as `message` with the signature `tsig`, were signed by `key`, whole and in
/// answer to `request_mac`. Says nothing of the time.
bool verifies(std::string_view bytes, const Message& message, const Tsig& tsig, const Key& key,
              std::string_view request_mac = {});

/// `time` as a signature has it, and back.
uint64_t tsig_seconds(Time time);
/// The server's time of a bad_time answer, or nothing usable: 0.
uint64_t other_time(const Tsig& tsig);
/// `seconds` as six bytes.
std::string tsig_time_bytes(uint64_t seconds);

}  // namespace spillway::dns
