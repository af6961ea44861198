#pragma once
#include "base/json.h"

namespace spillway::aws {

// What `spillway aws-debug` shows: the stages of a call on given input, so that anybody can run test vectors
// of others against them. Pure. Errors of all: invalid, for input that lacks something.

/// Signs. In: `request` (the raw text of an HTTP request, or {method, url, headers, body}), `context` as
/// aws-c-auth's context.json has it (credentials {access_key_id, secret_access_key, token}, region, service,
/// timestamp, normalize, double_encode, sign_body, omit_session_token, expiration_in_seconds) and `mode`,
/// "header" or "query". Out: canonical_request, string_to_sign, signature, request {method, url, headers,
/// body}.
Result<Json> debug_sign(const Json& input);

/// Serializes. In: a suite of botocore's protocol tests (metadata, shapes, clientEndpoint) with one of its
/// cases as `case` ({given, params}), or with all as `cases`, which gives {"cases": [...]}. Out: method, uri
/// (path and query), host, headers (an object), body.
Result<Json> debug_serialize(const Json& input);

/// Parses. In: as debug_serialize, the case having given and response {status_code, headers, body}.
/// Out: {result}, or for a status of 300 and more {errorCode, errorMessage, error}.
Result<Json> debug_parse(const Json& input);

/// Resolves. In: service, region, environment (an object of variables), config and credentials (text of the
/// shared files), profile. Out: url, signing_region, custom.
Result<Json> debug_endpoint(const Json& input);

}  // namespace spillway::aws
