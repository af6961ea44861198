#include "emu/signature.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/faults.h"
#include "emu/params.h"

namespace spillway::emu {
namespace {

using Pair = std::pair<std::string, std::string>;

std::vector<Pair> query_of(std::string_view target) {
  std::vector<Pair> pairs;
  size_t mark = target.find('?');
  if (mark == std::string_view::npos) return pairs;
  for (std::string_view part : split(target.substr(mark + 1), '&')) {
    if (part.empty()) continue;
    size_t equals = part.find('=');
    std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    pairs.emplace_back(percent_decoded(part.substr(0, equals), false), percent_decoded(value, false));
  }
  return pairs;
}

std::string value_of(const std::vector<Pair>& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (equal_ignoring_case(key, name)) return value;
  return "";
}

std::string canonical_query(const std::vector<Pair>& pairs) {
  std::vector<Pair> encoded;
  for (const auto& [key, value] : pairs)
    if (key != "X-Amz-Signature") encoded.emplace_back(percent_encoded(key), percent_encoded(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [key, value] : encoded) out += (out.empty() ? "" : "&") + key + "=" + value;
  return out;
}

/// S3 encodes the path once and leaves its shape; the others encode what was sent once more.
std::string canonical_path(std::string_view target, bool s3) {
  std::string_view path = target.substr(0, target.find('?'));
  if (path.empty()) return "/";
  if (s3) return percent_encoded(percent_decoded(path, false), true);
  std::vector<std::string_view> parts;
  for (std::string_view part : split(path.substr(1), '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string out;
  for (std::string_view part : parts) out += "/" + percent_encoded(part);
  return out.empty() ? "/" : out + (path.ends_with('/') ? "/" : "");
}

std::string folded(std::string_view value) {  // blanks at the ends go, those inside become one
  std::string out;
  for (char c : trim(value))
    if (c != ' ' || out.empty() || out.back() != ' ') out += c;
  return out;
}

std::string canonical_headers(const net::Headers& headers, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    std::string joined;
    bool first = true;
    for (const net::Header& header : headers) {
      if (!equal_ignoring_case(header.name, name)) continue;
      joined += (first ? "" : ",") + folded(header.value);
      first = false;
    }
    out += name + ":" + joined + "\n";
  }
  return out;
}

std::string header_or_empty(const net::Headers& headers, std::string_view name) {
  const std::string* value = net::find_header(headers, name);
  return value ? *value : "";
}

/// "20261122T215403Z".
std::optional<Time> parse_stamp(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  auto at = [&](size_t start, size_t count) { return text.substr(start, count); };
  auto time = parse_iso8601(
      fmt::format("{}-{}-{}T{}:{}:{}Z", at(0, 4), at(4, 2), at(6, 2), at(9, 2), at(11, 2), at(13, 2)));
  return time ? std::optional(*time) : std::nullopt;
}

struct Parts {
  Signature verdict;
  std::vector<std::string> signed_headers;
  std::string token;
  bool presigned = false;
  int64_t expires = 0;  // seconds, of a presigned one
};

Parts malformed(Parts parts, std::string detail) {
  parts.verdict.flaw = Flaw::malformed;
  parts.verdict.detail = std::move(detail);
  return parts;
}

Parts read_parts(const net::Incoming& request, const std::vector<Pair>& query) {
  constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
  Parts parts;
  Signature& verdict = parts.verdict;
  std::string credential, names;
  if (std::string header = header_or_empty(request.headers, "authorization"); !header.empty()) {
    if (!header.starts_with(kAlgorithm))
      return malformed(parts, "Authorization header is not AWS4-HMAC-SHA256");
    for (std::string_view field : split(std::string_view(header).substr(kAlgorithm.size()), ',')) {
      std::string_view text = trim(field);
      size_t equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      std::string_view name = text.substr(0, equals), value = text.substr(equals + 1);
      if (name == "Credential") credential = value;
      if (name == "SignedHeaders") names = value;
      if (name == "Signature") verdict.value = value;
    }
    parts.token = header_or_empty(request.headers, "x-amz-security-token");
    verdict.time = header_or_empty(request.headers, "x-amz-date");
  } else if (!value_of(query, "X-Amz-Signature").empty()) {
    parts.presigned = true;
    if (value_of(query, "X-Amz-Algorithm") != kAlgorithm)
      return malformed(parts, "X-Amz-Algorithm is not AWS4-HMAC-SHA256");
    credential = value_of(query, "X-Amz-Credential");
    names = value_of(query, "X-Amz-SignedHeaders");
    verdict.value = value_of(query, "X-Amz-Signature");
    verdict.time = value_of(query, "X-Amz-Date");
    parts.token = value_of(query, "X-Amz-Security-Token");
    parts.expires = parse_int(value_of(query, "X-Amz-Expires")).value_or(0);
    if (parts.expires < 1 || parts.expires > 604800)
      return malformed(parts, "X-Amz-Expires must be between 1 and 604800");
  } else {
    return parts;  // missing
  }
  std::vector<std::string_view> scope = split(credential, '/');
  if (scope.size() < 5 || scope.back() != "aws4_request" || names.empty() || verdict.value.empty())
    return malformed(parts, "Credential, SignedHeaders and Signature are required");
  size_t key_end = credential.size();
  for (int i = 0; i < 4; ++i) key_end = credential.rfind('/', key_end - 1);
  verdict.key_id = credential.substr(0, key_end);
  verdict.scope = credential.substr(key_end + 1);
  verdict.date = scope[scope.size() - 4];
  verdict.region = scope[scope.size() - 3];
  verdict.service = scope[scope.size() - 2];
  for (std::string_view name : split(names, ';')) parts.signed_headers.emplace_back(name);
  if (std::find(parts.signed_headers.begin(), parts.signed_headers.end(), "host") ==
      parts.signed_headers.end())
    return malformed(parts, "'Host' must be a signed header");
  if (!verdict.time.starts_with(verdict.date))
    return malformed(parts, "Date in Credential scope does not match X-Amz-Date");
  verdict.flaw = Flaw::none;
  return parts;
}

Flaw timing_flaw(const Account& account, const Parts& parts, bool s3) {
  auto stamp = parse_stamp(parts.verdict.time);
  if (!stamp) return Flaw::malformed;
  auto age = account.now() + clock_offset(account) - *stamp;
  if (parts.presigned) {
    if (age < -std::chrono::minutes{15}) return Flaw::skewed;
    return age > std::chrono::seconds{parts.expires} ? Flaw::expired_url : Flaw::none;
  }
  auto allowed = s3 ? std::chrono::minutes{15} : std::chrono::minutes{5};
  return age > allowed || age < -allowed ? Flaw::skewed : Flaw::none;
}

Flaw key_flaw(const Account& account, const Parts& parts) {
  const AccessKey* key = parts.verdict.key;
  if (!key) return Flaw::unknown_key;
  if (key->token != parts.token) return Flaw::bad_token;
  const bool expired = key->expires && *key->expires <= account.now();
  return expired || is_expired_by_rule(account, *key) ? Flaw::expired_token : Flaw::none;
}

}  // namespace

std::string stamp_of(Time time) {
  std::string stamp;
  for (char c : to_iso8601_seconds(time))
    if (c != '-' && c != ':') stamp += c;
  return stamp;
}

std::string signing_key(const std::string& secret, const std::string& date, const std::string& region,
                        const std::string& service) {
  return hmac_sha256(hmac_sha256(hmac_sha256(hmac_sha256("AWS4" + secret, date), region), service),
                     "aws4_request");
}

Signature verify(const Account& account, const net::Incoming& request) {
  std::vector<Pair> query = query_of(request.target);
  Parts parts = read_parts(request, query);
  Signature& verdict = parts.verdict;
  if (auto key = account.keys.find(verdict.key_id); key != account.keys.end()) verdict.key = &key->second;
  if (verdict.flaw != Flaw::none) return verdict;
  const bool s3 = verdict.service == "s3";
  if ((verdict.flaw = key_flaw(account, parts)) != Flaw::none) return verdict;
  if ((verdict.flaw = timing_flaw(account, parts, s3)) != Flaw::none) {
    verdict.server_time = account.now() + clock_offset(account);
    return verdict;
  }
  std::string body_hash = header_or_empty(request.headers, "x-amz-content-sha256");
  if (s3 && body_hash.empty()) {
    if (!parts.presigned)
      return verdict.detail = "Missing required header for this request: x-amz-content-sha256",
             verdict.flaw = Flaw::malformed, verdict;
    body_hash = "UNSIGNED-PAYLOAD";
  }
  const bool literal = s3 && (body_hash == "UNSIGNED-PAYLOAD" || body_hash.starts_with("STREAMING-"));
  if (!literal) {
    std::string actual = to_hex(sha256(request.body));
    if (s3 && body_hash != actual) return verdict.flaw = Flaw::body_mismatch, verdict;
    body_hash = actual;
  }
  verdict.canonical_request = request.method + "\n" + canonical_path(request.target, s3) + "\n" +
                              canonical_query(query) + "\n" +
                              canonical_headers(request.headers, parts.signed_headers) + "\n" +
                              fmt::format("{}", fmt::join(parts.signed_headers, ";")) + "\n" + body_hash;
  verdict.string_to_sign = "AWS4-HMAC-SHA256\n" + verdict.time + "\n" + verdict.scope + "\n" +
                           to_hex(sha256(verdict.canonical_request));
  std::string key = signing_key(verdict.key->secret, verdict.date, verdict.region, verdict.service);
  if (!equal_in_constant_time(to_hex(hmac_sha256(key, verdict.string_to_sign)), verdict.value))
    verdict.flaw = Flaw::mismatch;
  return verdict;
}

}  // namespace spillway::emu
