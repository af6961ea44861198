#include <fmt/format.h>

#include "aws/debug.h"
#include "aws/sigv4.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

// The raw text of an HTTP request; folded header lines are joined by a blank. Paths may hold blanks and raw
// UTF-8.
Result<net::Request> request_from_text(std::string_view text) {
  net::Request request;
  const size_t first_end = std::min(text.find('\n'), text.size());
  const std::string_view first = trim(text.substr(0, first_end));
  const size_t blank = first.find(' '), version = first.rfind(" HTTP/");
  if (blank == std::string_view::npos || version == std::string_view::npos || version <= blank)
    return Error{Kind::invalid, fmt::format("'{}' is no request line", first)};
  request.method = first.substr(0, blank);
  const std::string target(first.substr(blank + 1, version - blank - 1));
  text.remove_prefix(std::min(first_end + 1, text.size()));
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (trim(line).empty()) break;
    if ((line[0] == ' ' || line[0] == '\t') && !request.headers.empty()) {
      request.headers.back().value.append(" ").append(trim(line));
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Error{Kind::invalid, fmt::format("'{}' is no header", line)};
    request.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  request.body = text;
  const std::string* host = net::find_header(request.headers, "Host");
  request.url = "https://" + (host ? *host : "") + target;
  return request;
}

Result<net::Request> request_from(const Json& json) {
  if (json.is_string()) return request_from_text(json.as_string());
  if (!json["url"].is_string())
    return Error{Kind::invalid, "request needs a url, or to be the text of a request"};
  net::Request request{.url = json["url"].as_string(), .body = json["body"].as_string()};
  if (json.contains("method")) request.method = json["method"].as_string();
  for (const auto& [name, value] : json["headers"].members())
    request.headers.push_back({name, value.as_string()});
  for (const Json& pair : json["headers"].items())
    request.headers.push_back({pair.at(0).as_string(), pair.at(1).as_string()});
  return request;
}

Json to_json(const net::Request& request) {
  Json headers = Json::array();
  for (const net::Header& header : request.headers) headers.push(Json::array({header.name, header.value}));
  return Json::object(
      {{"method", request.method}, {"url", request.url}, {"headers", headers}, {"body", request.body}});
}

bool flag(const Json& json, std::string_view name, bool usual) {
  return json.contains(name) ? json[name].as_bool() : usual;
}

}  // namespace

Result<Json> debug_sign(const Json& input) {
  const net::Request request = TRY(request_from(input["request"]));
  const Json& context = input["context"];
  const Json& keys = context["credentials"];
  const Credentials credentials{.access_key_id = keys["access_key_id"].as_string(),
                                .secret_access_key = Secret(keys["secret_access_key"].as_string()),
                                .session_token = Secret(keys["token"].as_string())};
  SigningContext signing = signing_context(context["service"].as_string(), context["region"].as_string(),
                                           TRY(parse_iso8601(context["timestamp"].as_string())));
  signing.normalize_path = flag(context, "normalize", signing.normalize_path);
  signing.double_encode = flag(context, "double_encode", signing.double_encode);
  signing.hash_header = flag(context, "sign_body", signing.hash_header);
  signing.unsigned_payload = flag(context, "unsigned_payload", false);
  signing.token_after_signing = flag(context, "omit_session_token", false);
  const std::string mode = input.contains("mode") ? input["mode"].as_string() : "header";
  if (mode != "header" && mode != "query") return Error{Kind::invalid, "mode is neither header nor query"};
  const int64_t lifetime =
      context.contains("expiration_in_seconds") ? context["expiration_in_seconds"].as_int() : 3600;
  const Signature made = mode == "query"
                             ? presign(request, credentials, signing, std::chrono::seconds{lifetime})
                             : sign(request, credentials, signing);
  return Json::object({{"canonical_request", made.canonical_request},
                       {"string_to_sign", made.string_to_sign},
                       {"signature", made.signature},
                       {"request", to_json(made.request)}});
}

}  // namespace spillway::aws
