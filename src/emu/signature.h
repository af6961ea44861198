#pragma once
#include <string>

#include "emu/account.h"
#include "net/http.h"

namespace spillway::emu {

/// What can be wrong with a Signature Version 4.
enum class Flaw {
  none,
  missing,        // not signed at all
  malformed,      // parts are absent or cannot be read
  unknown_key,    // no such access key
  bad_token,      // the session token is not that of the key
  expired_token,  // temporary credentials past their end
  skewed,         // signed too long ago, or in the future
  expired_url,    // a presigned URL past X-Amz-Expires
  mismatch,       // another secret, or the request was changed
  body_mismatch,  // x-amz-content-sha256 is not that of the body
};

/// The verdict on one request's signature.
struct Signature {
  Flaw flaw = Flaw::missing;
  std::string detail;  // of malformed
  std::string key_id, date, region, service;
  std::string scope, time, value;                 // as they stand in it; chunk signatures continue from these
  std::optional<Time> server_time;                // of skewed: what the service takes for now
  const AccessKey* key = nullptr;                 // whenever the key is known
  std::string string_to_sign, canonical_request;  // S3 shows them to whom it refuses
};

/// Checks the signature of a request, in the Authorization header or presigned in the query, with S3's rules
/// for the path and the body when it is for S3. Source: AWS Signature Version 4 in the IAM User Guide.
Signature verify(const Account& account, const net::Incoming& request);

/// 20261122T215403Z
std::string stamp_of(Time time);
/// HMAC key of one day, region and service.
std::string signing_key(const std::string& secret, const std::string& date, const std::string& region,
                        const std::string& service);

}  // namespace spillway::emu
