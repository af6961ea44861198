#pragma once
#include <string>

#include "aws/credentials.h"
#include "base/time.h"
#include "net/http.h"

namespace spillway::aws {

/// What a signature is bound to, and how the service wants its path and body treated.
struct SigningContext {
  std::string region, service;
  Time time;
  // S3 signs the path as it is sent; every other service encodes what is sent once more and resolves dots.
  bool double_encode = true, normalize_path = true;
  bool hash_header = false;          // state the body's hash in x-amz-content-sha256, as S3 demands
  bool unsigned_payload = false;     // leave the body out of the signature
  bool token_after_signing = false;  // add the session token unsigned, as a few services want
};

/// The context with a service's own rules set. Source: "Create a signed AWS API request", AWS IAM user guide.
SigningContext signing_context(std::string service, std::string region, Time time);

/// A signature with the stages that led to it, so that a mismatch names its stage.
struct Signature {
  std::string canonical_request, string_to_sign, signature;
  net::Request request;  // with Authorization or the query parameters added
};

/// Signs with the Authorization header. The host is signed whether or not there is a Host header.
Signature sign(net::Request request, const Credentials& credentials, const SigningContext& context);
/// Signs into the query, for a URL that anybody may use until `lifetime` has passed (AWS allows seven days).
/// For S3 the body is left out of the signature. Source: "Authenticating requests: using query parameters",
/// S3 API reference.
Signature presign(net::Request request, const Credentials& credentials, SigningContext context,
                  std::chrono::seconds lifetime);

}  // namespace spillway::aws
