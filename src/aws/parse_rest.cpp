#include <fmt/format.h>

#include "aws/errors.h"
#include "aws/json_body.h"
#include "aws/protocol.h"
#include "aws/values.h"
#include "aws/xml.h"
#include "base/crypto.h"
#include "base/text.h"

// Answers of rest-xml and rest-json: members from headers, the status and the body.
namespace spillway::aws {
namespace {

// The items of a list in a header: commas between, quotes around what has one; times have one inside.
std::vector<std::string> header_items(std::string_view text, bool times) {
  std::vector<std::string> out(1);
  bool quoted = false, day_seen = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      out.back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      if (times && !day_seen && i >= 3 && !isdigit(static_cast<unsigned char>(text[i - 1]))) {
        day_seen = !text.substr(0, i).ends_with("GMT");
        if (day_seen) {
          out.back() += c;
          continue;
        }
      }
      day_seen = false;
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  for (std::string& item : out) item = trim(item);
  return out;
}

Result<Json> from_header(const Ref& ref, const std::string& text) {
  if (ref.shape->type == Type::list) {
    Json out = Json::array();
    for (const std::string& item : header_items(text, ref.shape->item.shape->type == Type::timestamp))
      out.push(TRY(scalar_from_text(ref.shape->item, item)));
    return out;
  }
  if (ref.json_value) return Json::parse(TRY(from_base64(text)));
  return scalar_from_text(ref, text);
}

Json prefixed_headers(const Ref& ref, const net::Headers& headers) {
  Json out = Json::object();
  for (const net::Header& header : headers) {
    const size_t length = ref.location_name.size();
    if (header.name.size() >= length && equal_ignoring_case(header.name.substr(0, length), ref.location_name))
      out.set(header.name.substr(length), header.value);
  }
  return out;
}

Result<Json> read_body(const Model& model, const Ref& ref, const std::string& body) {
  if (trim(body).empty()) return Json::object();
  if (model.protocol == Protocol::rest_xml) return read_xml(ref, body);
  const auto parsed = Json::parse(body);
  if (!parsed)
    return Error{Kind::internal, kBadAnswer, fmt::format("the answer is not JSON: {}", parsed.error().what)};
  return from_json_body(ref, *parsed);
}

Result<void> read_payload(const Model& model, const Member& member, const net::Response& response,
                          Json& out) {
  const Type type = member.ref.shape->type;
  if (type == Type::blob || type == Type::string) {
    if (!response.body.empty() || member.ref.streaming) out.set(member.name, response.body);
    return {};
  }
  if (response.body.empty()) return {};
  out.set(member.name, TRY(read_body(model, member.ref, response.body)));
  return {};
}

}  // namespace

Result<Json> parse_rest(const Model& model, const Operation& operation, const net::Response& response) {
  if (!operation.output.shape) return Json::object();
  const Shape& shape = *operation.output.shape;
  Json out = Json::object();
  if (shape.payload.empty())
    out = TRY(read_body(model, operation.output, response.body));
  else
    TRY(read_payload(model, *shape.find(shape.payload), response, out));
  for (const Member& member : shape.members) {
    const std::string& name = member.ref.location_name;
    if (member.ref.location == Location::status_code) out.set(member.name, response.status);
    if (member.ref.location == Location::headers)
      out.set(member.name, prefixed_headers(member.ref, response.headers));
    if (member.ref.location == Location::header)
      if (const std::string* text = net::find_header(response.headers, name.empty() ? member.name : name)) {
        auto value = from_header(member.ref, *text);
        if (!value)
          return Error{Kind::internal, kBadAnswer, fmt::format("header {}: {}", name, value.error().what)};
        out.set(member.name, *std::move(value));
      }
  }
  return out;
}

}  // namespace spillway::aws
