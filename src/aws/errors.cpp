#include "aws/errors.h"

#include <algorithm>
#include <array>

namespace spillway::aws {
namespace {

struct Known {
  std::string_view code;
  Kind kind;
};

// What the status alone would judge wrongly. EC2 answers most of these with 400, capacity with 500.
constexpr Known kKnown[] = {
    {"InsufficientInstanceCapacity", Kind::no_capacity},
    {"InsufficientHostCapacity", Kind::no_capacity},
    {"InsufficientReservedInstanceCapacity", Kind::no_capacity},
    {"InsufficientCapacity", Kind::no_capacity},
    {"InsufficientFreeAddressesInSubnet", Kind::no_capacity},
    {"ReservationCapacityExceeded", Kind::no_capacity},
    {"UnfulfillableCapacity", Kind::no_capacity},
    {"MaxSpotInstanceCountExceeded", Kind::no_capacity},
    {"MaxFleetCountExceeded", Kind::no_capacity},
    {"SpotMaxPriceTooLow", Kind::no_capacity},
    {"Unsupported", Kind::no_capacity},
    {"VcpuLimitExceeded", Kind::no_capacity},
    {"InstanceLimitExceeded", Kind::no_capacity},
    {"UnauthorizedOperation", Kind::denied},
    {"AccessDenied", Kind::denied},
    {"AccessDeniedException", Kind::denied},
    {"OptInRequired", Kind::denied},
    {"AuthFailure", Kind::credentials},
    {"InvalidClientTokenId", Kind::credentials},
    {"InvalidAccessKeyId", Kind::credentials},
    {"UnrecognizedClientException", Kind::credentials},
    {"SignatureDoesNotMatch", Kind::credentials},
    {"ExpiredToken", Kind::credentials},
    {"ExpiredTokenException", Kind::credentials},
    {"RequestExpired", Kind::credentials},
    {"InvalidToken", Kind::credentials},
    {"MissingAuthenticationToken", Kind::credentials},
    {"IncompleteSignature", Kind::credentials},
    {"RequestTimeTooSkewed", Kind::credentials},
    {"RequestInTheFuture", Kind::credentials},
    {"InvalidSignatureException", Kind::credentials},
    {"NoSuchKey", Kind::not_found},
    {"NoSuchBucket", Kind::not_found},
    {"NoSuchUpload", Kind::not_found},
    {"NotFound", Kind::not_found},
    {"ParameterNotFound", Kind::not_found},
    {"ResourceNotFoundException", Kind::not_found},
    {"PreconditionFailed", Kind::conflict},
    {"BucketAlreadyOwnedByYou", Kind::conflict},
    {"BucketAlreadyExists", Kind::conflict},
    {"ParameterAlreadyExists", Kind::conflict},
    {"ConditionalRequestConflict", Kind::unavailable},  // S3's 409 for a racing conditional write: retry
    {"OperationAborted", Kind::unavailable},
    {"RequestTimeout", Kind::unavailable},
    {"RequestTimeoutException", Kind::unavailable},
    {"IDPCommunicationError", Kind::unavailable},
    {"InternalError", Kind::unavailable},
};

// Source: botocore's data/_retry.json and retries/standard.py.
constexpr std::array<std::string_view, 14> kThrottlingCodes = {"Throttling",
                                                               "ThrottlingException",
                                                               "ThrottledException",
                                                               "RequestThrottled",
                                                               "TooManyRequestsException",
                                                               "ProvisionedThroughputExceededException",
                                                               "TransactionInProgressException",
                                                               "RequestLimitExceeded",
                                                               "BandwidthLimitExceeded",
                                                               "LimitExceededException",
                                                               "RequestThrottledException",
                                                               "SlowDown",
                                                               "PriorRequestNotComplete",
                                                               "EC2ThrottledException"};

bool names_clock_skew(std::string_view aws_code) {
  return aws_code == "RequestTimeTooSkewed" || aws_code == "RequestInTheFuture" ||
         aws_code == "RequestExpired";
}

const Code* known_code(Kind kind, std::string_view aws_code) {
  if (names_clock_skew(aws_code)) return &kClockSkew;
  switch (kind) {
    case Kind::denied:
      return &kDenied;
    case Kind::credentials:
      return &kBadCredentials;
    case Kind::throttled:
      return &kThrottled;
    case Kind::no_capacity:
      return &kNoCapacity;
    case Kind::unavailable:
      return &kUnavailable;
    default:
      return nullptr;
  }
}

}  // namespace

const std::string& error_code(const Error& error) {
  return error.peer_code;
}

bool is_throttling(std::string_view aws_code, int http_status) {
  return http_status == 429 || std::ranges::find(kThrottlingCodes, aws_code) != kThrottlingCodes.end();
}

bool may_be_clock_skew(std::string_view aws_code) {
  return names_clock_skew(aws_code) || aws_code == "InvalidSignatureException" ||
         aws_code == "SignatureDoesNotMatch" || aws_code == "AuthFailure";
}

bool is_expired_credentials(std::string_view aws_code) {
  return aws_code == "ExpiredToken" || aws_code == "ExpiredTokenException" || aws_code == "RequestExpired" ||
         aws_code == "InvalidToken" || aws_code == "TokenRefreshRequired";
}

bool is_refused_key(std::string_view aws_code) {
  return aws_code == "AuthFailure" || aws_code == "InvalidClientTokenId" ||
         aws_code == "InvalidAccessKeyId" || aws_code == "UnrecognizedClientException" ||
         aws_code == "SignatureDoesNotMatch";
}

Kind kind_of(std::string_view aws_code, int http_status) {
  if (is_throttling(aws_code, http_status)) return Kind::throttled;
  for (const Known& known : kKnown)
    if (known.code == aws_code) return known.kind;
  if (aws_code.ends_with(".NotFound")) return Kind::not_found;  // EC2: InvalidInstanceID.NotFound and its kin
  if (http_status >= 500) return Kind::unavailable;
  switch (http_status) {
    case 401:
      return Kind::credentials;
    case 403:
      return Kind::denied;
    case 404:
      return Kind::not_found;
    case 409:
    case 412:
      return Kind::conflict;
    case 408:
      return Kind::unavailable;
    default:
      return Kind::invalid;
  }
}

Error make_error(std::string_view service, std::string_view operation, std::string_view aws_code,
                 std::string_view message, int http_status) {
  const Kind kind = kind_of(aws_code, http_status);
  std::string what = fmt::format("{} {}: {} (HTTP {}){}{}", service, operation,
                                 aws_code.empty() ? "an error without a code" : aws_code, http_status,
                                 message.empty() ? "" : ": ", message);
  const Code* code = known_code(kind, aws_code);
  Error error = code ? Error(kind, *code, std::move(what)) : Error(kind, std::move(what));
  error.peer_code = aws_code;
  return error;
}

}  // namespace spillway::aws
