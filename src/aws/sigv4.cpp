#include "aws/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "aws/encode.h"
#include "base/crypto.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

// Headers that hops on the way may change or add; botocore leaves out the same.
constexpr std::string_view kUnsignedHeaders[] = {"authorization", "connection",      "expect",
                                                 "user-agent",    "x-amzn-trace-id", "transfer-encoding"};

std::string amz_date(Time time) {
  std::string out;
  for (const char c : to_iso8601_seconds(time))
    if (c != '-' && c != ':') out += c;
  return out;
}

// RFC 3986, 5.2.4 on whole segments; empty segments vanish, a trailing slash stays.
std::string normalized(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> segments = split(path, '/');
  for (const std::string_view segment : segments) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  const bool folder = segments.back().empty() || segments.back() == "." || segments.back() == "..";
  return out.empty() ? "/" : folder ? out + "/" : out;
}

std::string canonical_path(const std::string& path, const SigningContext& context) {
  const std::string clean = context.normalize_path ? normalized(path) : path;
  return percent_encode(context.double_encode ? clean : percent_decode(clean), "/");
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return "";
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    parameters.emplace_back(
        percent_encode(percent_decode(part.substr(0, equals))),
        equals == std::string_view::npos ? "" : percent_encode(percent_decode(part.substr(equals + 1))));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : trim(value))
    if (!(c == ' ' && out.ends_with(' '))) out += c;
  return out;
}

// What HTTP clients send as Host: without the port that the scheme means anyway.
std::string host_of(const Url& url) {
  const std::string_view usual = url.scheme == "https" ? ":443" : url.scheme == "http" ? ":80" : "";
  std::string host = url.authority;
  if (!usual.empty() && host.ends_with(usual)) host.resize(host.size() - usual.size());
  return host;
}

struct CanonicalHeaders {
  std::string lines, names;
};

CanonicalHeaders canonical_headers(const net::Request& request) {
  std::map<std::string, std::string> values;
  for (const net::Header& header : request.headers) {
    const std::string name = to_lower(header.name);
    if (std::ranges::find(kUnsignedHeaders, name) != std::end(kUnsignedHeaders)) continue;
    const auto [place, fresh] = values.try_emplace(name, collapsed(header.value));
    if (!fresh) place->second += "," + collapsed(header.value);
  }
  values.try_emplace("host", host_of(split_url(request.url)));
  CanonicalHeaders out;
  for (const auto& [name, value] : values) {
    out.lines += name + ":" + value + "\n";
    out.names += (out.names.empty() ? "" : ";") + name;
  }
  return out;
}

std::string payload_hash(const net::Request& request, const SigningContext& context) {
  if (const std::string* given = net::find_header(request.headers, "x-amz-content-sha256")) return *given;
  return context.unsigned_payload ? "UNSIGNED-PAYLOAD" : to_hex(sha256(request.body));
}

std::string canonical_request(const net::Request& request, const SigningContext& context,
                              const CanonicalHeaders& headers) {
  const Url url = split_url(request.url);
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(url.path, context),
                     canonical_query(url.query), headers.lines, headers.names,
                     payload_hash(request, context));
}

std::string scope(const SigningContext& context) {
  return fmt::format("{}/{}/{}/aws4_request", amz_date(context.time).substr(0, 8), context.region,
                     context.service);
}

void finish(Signature& signature, const Credentials& credentials, const SigningContext& context) {
  const std::string date = amz_date(context.time);
  signature.string_to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope(context),
                                         to_hex(sha256(signature.canonical_request)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key.reveal(), date.substr(0, 8));
  for (const std::string_view part : {std::string_view(context.region), std::string_view(context.service),
                                      std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  signature.signature = to_hex(hmac_sha256(key, signature.string_to_sign));
}

void add_query(net::Request& request, std::string_view name, std::string_view value) {
  Url url = split_url(request.url);
  url.query += fmt::format("{}{}={}", url.query.empty() ? "" : "&", name, percent_encode(value));
  request.url = url.str();
}

}  // namespace

SigningContext signing_context(std::string service, std::string region, Time time) {
  const bool s3 = service == "s3";
  return {.region = std::move(region),
          .service = std::move(service),
          .time = time,
          .double_encode = !s3,
          .normalize_path = !s3,
          .hash_header = s3};
}

Signature sign(net::Request request, const Credentials& credentials, const SigningContext& context) {
  if (!net::find_header(request.headers, "X-Amz-Date"))
    request.headers.push_back({"X-Amz-Date", amz_date(context.time)});
  const bool token = !credentials.session_token.empty();
  if (token && !context.token_after_signing)
    request.headers.push_back({"X-Amz-Security-Token", credentials.session_token.reveal()});
  if (context.hash_header && !net::find_header(request.headers, "x-amz-content-sha256"))
    request.headers.push_back({"x-amz-content-sha256", payload_hash(request, context)});
  const CanonicalHeaders headers = canonical_headers(request);
  Signature out;
  out.canonical_request = canonical_request(request, context, headers);
  finish(out, credentials, context);
  request.headers.push_back(
      {"Authorization",
       fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                   credentials.access_key_id, scope(context), headers.names, out.signature)});
  if (token && context.token_after_signing)
    request.headers.push_back({"X-Amz-Security-Token", credentials.session_token.reveal()});
  out.request = std::move(request);
  return out;
}

Signature presign(net::Request request, const Credentials& credentials, SigningContext context,
                  std::chrono::seconds lifetime) {
  // S3 cannot know whether a URL's user will send the body that its maker had in mind, and does not ask.
  if (context.service == "s3") context.unsigned_payload = true;
  const CanonicalHeaders headers = canonical_headers(request);
  const bool token = !credentials.session_token.empty();
  add_query(request, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  add_query(request, "X-Amz-Credential", credentials.access_key_id + "/" + scope(context));
  add_query(request, "X-Amz-Date", amz_date(context.time));
  add_query(request, "X-Amz-Expires", std::to_string(lifetime.count()));
  add_query(request, "X-Amz-SignedHeaders", headers.names);
  if (token && !context.token_after_signing)
    add_query(request, "X-Amz-Security-Token", credentials.session_token.reveal());
  Signature out;
  out.canonical_request = canonical_request(request, context, headers);
  finish(out, credentials, context);
  add_query(request, "X-Amz-Signature", out.signature);
  if (token && context.token_after_signing)
    add_query(request, "X-Amz-Security-Token", credentials.session_token.reveal());
  out.request = std::move(request);
  return out;
}

}  // namespace spillway::aws
