#include "emu/services.h"

#include "base/text.h"
#include "emu/ec2.h"
#include "emu/iam.h"

namespace spillway::emu {
namespace {

/// How one protocol words the flaws of a signature.
struct Wording {
  ApiError missing, malformed, unknown_key, bad_token, expired_token, skewed, mismatch;
};

const Wording& wording_of(const std::string& service) {
  const std::string not_validated = "AWS was not able to validate the provided access credentials";
  const std::string differs =
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access "
      "Key and signing method. Consult the service documentation for details.";
  const std::string invalid_token = "The security token included in the request is invalid.";
  const std::string expired_token = "The security token included in the request is expired";
  static const Wording kEc2 = {
      {"MissingAuthenticationToken", "Request is missing Authentication Token", 403},
      {"IncompleteSignature", "The request signature does not conform to AWS standards", 400},
      {"AuthFailure", not_validated, 401},
      {"AuthFailure", not_validated, 401},
      {"RequestExpired", "Request has expired.", 400},
      {"RequestExpired", "Request has expired.", 400},
      {"AuthFailure", not_validated, 401}};
  static const Wording kQuery = {
      {"MissingAuthenticationToken", "Request is missing Authentication Token", 403},
      {"IncompleteSignature", "The request signature does not conform to AWS standards", 400},
      {"InvalidClientTokenId", invalid_token, 403},
      {"InvalidClientTokenId", invalid_token, 403},
      {"ExpiredToken", expired_token, 403},
      {"SignatureDoesNotMatch", "Signature expired: the request is too old, or in the future", 403},
      {"SignatureDoesNotMatch", differs, 403}};
  static const Wording kJson = {
      {"MissingAuthenticationTokenException", "Missing Authentication Token", 400},
      {"IncompleteSignatureException", "The request signature does not conform to AWS standards", 400},
      {"UnrecognizedClientException", invalid_token, 400},
      {"UnrecognizedClientException", invalid_token, 400},
      {"ExpiredTokenException", expired_token, 400},
      {"InvalidSignatureException", "Signature expired: the request is too old, or in the future", 400},
      {"InvalidSignatureException", differs, 400}};
  static const Wording kS3 = {
      {"AccessDenied", "Access Denied", 403},
      {"AuthorizationHeaderMalformed", "The authorization header is malformed", 400},
      {"InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403},
      {"InvalidToken", "The provided token is malformed or otherwise invalid.", 400},
      {"ExpiredToken", "The provided token has expired.", 400},
      {"RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
       403},
      {"SignatureDoesNotMatch",
       "The request signature we calculated does not match the signature you provided. Check your key and "
       "signing "
       "method.",
       403}};
  if (service == "s3") return kS3;
  if (service == "ssm") return kJson;
  return service == "ec2" ? kEc2 : kQuery;
}

}  // namespace

namespace {

/// STS, IAM and SSM tell their own time, from which clients learn how far theirs is off.
ApiError skewed(const std::string& service, ApiError error, const Signature& signature) {
  if (service == "ec2" || service == "s3" || !signature.server_time) return error;
  const Time now = *signature.server_time;
  constexpr auto kAllowed = std::chrono::minutes{5};
  const std::string server = stamp_of(now);
  error.message = signature.time < server
                      ? fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                                    signature.time, stamp_of(now - kAllowed), server)
                      : fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                                    signature.time, stamp_of(now + kAllowed), server);
  return error;
}

/// What S3 adds to a refusal.
void write_details(Xml& xml, const ApiError& error, const Signature& signature) {
  if (error.code != "RequestTimeTooSkewed" || !signature.server_time) return;
  xml.text("RequestTime", signature.time).text("ServerTime", to_iso8601_seconds(*signature.server_time));
  xml.number("MaxAllowedSkewMilliseconds", 900'000);
}

}  // namespace

ApiError signature_error(const std::string& service, const Signature& signature) {
  const Wording& wording = wording_of(service);
  switch (signature.flaw) {
    case Flaw::none:
      break;
    case Flaw::missing:
      return wording.missing;
    case Flaw::malformed: {
      ApiError error = wording.malformed;
      if (!signature.detail.empty()) error.message += ": " + signature.detail;
      return error;
    }
    case Flaw::unknown_key:
      return wording.unknown_key;
    case Flaw::bad_token:
      return wording.bad_token;
    case Flaw::expired_token:
      return wording.expired_token;
    case Flaw::skewed:
      return skewed(service, wording.skewed, signature);
    case Flaw::expired_url:
      return {"AccessDenied", "Request has expired", 403};
    case Flaw::mismatch:
      return wording.mismatch;
    case Flaw::body_mismatch:
      return {"XAmzContentSHA256Mismatch",
              "The provided 'x-amz-content-sha256' header does not match what was computed.", 400};
  }
  return {"InternalError", "The signature was judged without a verdict", 500};
}

std::string service_of(const net::Incoming& request) {
  const std::string* authorization = net::find_header(request.headers, "authorization");
  const std::string claim = authorization ? *authorization : percent_decoded(request.target, false);
  // Credential=KEY/DATE/REGION/SERVICE/aws4_request
  if (size_t end = claim.find("/aws4_request"); end != std::string::npos && end > 0) {
    size_t slash = claim.rfind('/', end - 1);
    if (slash != std::string::npos) return claim.substr(slash + 1, end - slash - 1);
  }
  const std::string* host = net::find_header(request.headers, "host");
  std::string first = host ? host->substr(0, host->find('.')) : "";
  for (std::string_view known : {"ec2", "iam", "sts", "ssm"})
    if (first == known) return first;
  return "s3";
}

net::Response refuse(const std::string& service, const ApiError& error, const Arrival& arrival) {
  if (service == "ec2") return ec2_error(error, arrival.request_id);
  Xml xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  if (service == "s3") {
    xml.in("Error", [&] {
      xml.text("Code", error.code).text("Message", error.message);
      write_details(xml, error, arrival.signature);
      xml.text("RequestId", arrival.request_id);
    });
    return {error.status,
            {{"Content-Type", "application/xml"}, {"x-amz-request-id", arrival.request_id}},
            arrival.http.method == "HEAD" ? "" : xml.str()};
  }
  if (service == "ssm")
    return {error.status,
            {{"Content-Type", "application/x-amz-json-1.1"}, {"x-amzn-RequestId", arrival.request_id}},
            Json::object({{"__type", error.code}, {"message", error.message}}).dump()};
  const std::string_view name_space = service == "iam" ? "https://iam.amazonaws.com/doc/2010-05-08/"
                                                       : "https://sts.amazonaws.com/doc/2011-06-15/";
  xml.raw("<ErrorResponse xmlns=\"").raw(name_space).raw("\">").in("Error", [&] {
    xml.text("Type", "Sender").text("Code", error.code).text("Message", error.message);
  });
  xml.text("RequestId", arrival.request_id).raw("</ErrorResponse>");
  return {error.status, {{"Content-Type", "text/xml"}, {"x-amzn-RequestId", arrival.request_id}}, xml.str()};
}

Identity caller_of(const Account& account, const Arrival& arrival) {
  Identity who = identity_of(account, *arrival.signature.key);
  const std::string& peer = arrival.http.peer;
  who.source_ip = peer;
  who.secure = arrival.http.tls ||
               (account.settings.loopback_is_secure && (peer.starts_with("127.") || peer == "::1"));
  return who;
}

Call query_call(const Account& account, const std::string& service, const Arrival& arrival) {
  Call call{service, "", arrival.request_id, {}, {}, caller_of(account, arrival)};
  call.params = arrival.params ? std::move(*arrival.params) : params_of(arrival.http, service);
  call.operation = call.params.get("Action");
  return call;
}

net::Response answer_ec2(Account& account, const Arrival& arrival) {
  return ec2_answer(account, query_call(account, "ec2", arrival));
}

}  // namespace spillway::emu
