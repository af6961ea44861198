#include "dns/tsig.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/crypto.h"
#include "dns/codes.h"
#include "dns/reader.h"

namespace spillway::dns {
namespace {

std::string hmac(const Key& key, std::string_view data) {
  const EVP_MD* const kind = key.algorithm == Algorithm::hmac_sha256   ? EVP_sha256()
                             : key.algorithm == Algorithm::hmac_sha384 ? EVP_sha384()
                                                                       : EVP_sha512();
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned length = 0;
  const std::string& secret = key.secret.reveal();
  HMAC(kind, secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), out.data(), &length);
  return {reinterpret_cast<const char*>(out.data()), length};
}

void put_counted(std::string& out, std::string_view bytes) {
  put16(out, static_cast<uint16_t>(bytes.size()));
  out += bytes;
}

/// What the signature covers beside the question's MAC and the message: RFC 8945, 4.3.3.
Result<std::string> variables(const Tsig& tsig) {
  std::string out;
  TRY(put_name(out, tsig.key));
  put16(out, static_cast<uint16_t>(Class::any));
  put32(out, 0);
  TRY(put_name(out, tsig.algorithm));
  out += tsig_time_bytes(tsig.signed_at);
  put16(out, tsig.fudge);
  put16(out, static_cast<uint16_t>(tsig.error));
  put_counted(out, tsig.other);
  return out;
}

Result<std::string> mac_of(std::string_view message, const Key& key, const Tsig& tsig,
                           std::string_view request_mac) {
  std::string covered;
  if (!request_mac.empty()) put_counted(covered, request_mac);
  covered += message;
  covered += TRY(variables(tsig));
  return hmac(key, covered);
}

/// Sets a message's number of additional records.
void set_additional(std::string& message, size_t count) {
  std::string bytes;
  put16(bytes, static_cast<uint16_t>(count));
  message.replace(10, 2, bytes);
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  constexpr std::string_view kNames[] = {"hmac-sha256", "hmac-sha384", "hmac-sha512"};
  return kNames[static_cast<int>(algorithm)];
}

std::string to_string(TsigError error) {
  switch (error) {
    case TsigError::none:
      return "none";
    case TsigError::bad_signature:
      return "BADSIG";
    case TsigError::bad_key:
      return "BADKEY";
    case TsigError::bad_time:
      return "BADTIME";
    case TsigError::bad_truncation:
      return "BADTRUNC";
  }
  return fmt::format("TSIG error {}", static_cast<int>(error));
}

std::string tsig_time_bytes(uint64_t seconds) {
  std::string out;
  put16(out, static_cast<uint16_t>(seconds >> 32));
  put32(out, static_cast<uint32_t>(seconds));
  return out;
}

uint64_t tsig_seconds(Time time) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

uint64_t other_time(const Tsig& tsig) {
  if (tsig.other.size() != 6) return 0;
  return Reader{tsig.other}.u48().value_or(0);
}

Result<SignedMessage> sign(std::string message, const Key& key, Tsig facts, std::string_view request_mac) {
  facts.key = key.name;
  facts.algorithm = std::string(to_string(key.algorithm));
  facts.original_id = TRY(Reader{message}.u16());
  facts.mac = TRY(mac_of(message, key, facts, request_mac));

  std::string data;
  TRY(put_name(data, facts.algorithm));
  data += tsig_time_bytes(facts.signed_at);
  put16(data, facts.fudge);
  put_counted(data, facts.mac);
  put16(data, facts.original_id);
  put16(data, static_cast<uint16_t>(facts.error));
  put_counted(data, facts.other);

  const size_t additional = TRY(Reader(message, 10).u16());
  set_additional(message, additional + 1);
  TRY(put_name(message, key.name));
  put16(message, static_cast<uint16_t>(Type::tsig));
  put16(message, static_cast<uint16_t>(Class::any));
  put32(message, 0);
  put_counted(message, data);
  return SignedMessage{std::move(message), std::move(facts.mac)};
}

Result<Tsig> read_tsig(const Message& message) {
  if (message.signature_at == 0)
    return Error{Kind::invalid, kBadMessage, "the message has no signature record"};
  const Record& record = message.additional.back();
  Reader reader{record.data};
  Tsig tsig{.key = record.name};
  tsig.algorithm = TRY(reader.name());
  tsig.signed_at = TRY(reader.u48());
  tsig.fudge = TRY(reader.u16());
  tsig.mac = TRY(reader.take(TRY(reader.u16())));
  tsig.original_id = TRY(reader.u16());
  tsig.error = TsigError{TRY(reader.u16())};
  tsig.other = TRY(reader.take(TRY(reader.u16())));
  if (!reader.at_end() || record.cls != Class::any || record.ttl != 0)
    return Error{Kind::invalid, kBadMessage, "the message's signature record is malformed"};
  return tsig;
}

bool verifies(std::string_view bytes, const Message& message, const Tsig& tsig, const Key& key,
              std::string_view request_mac) {
  const auto name = canonical(key.name);
  if (message.signature_at == 0 || !name || tsig.key != *name || tsig.algorithm != to_string(key.algorithm))
    return false;
  std::string bare(bytes.substr(0, message.signature_at));
  std::string id;
  put16(id, tsig.original_id);
  bare.replace(0, 2, id);
  set_additional(bare, message.additional.size() - 1);
  const auto expected = mac_of(bare, key, tsig, request_mac);
  return expected && equal_in_constant_time(*expected, tsig.mac);
}

}  // namespace spillway::dns
