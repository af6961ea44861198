#include <fmt/format.h>

#include "aws/errors.h"
#include "aws/json_body.h"
#include "aws/protocol.h"
#include "aws/values.h"
#include "base/crypto.h"

namespace spillway::aws {
namespace {

// "aws.protocoltests#FooError:http://..." → "FooError".
std::string bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  if (const size_t hash = text.rfind('#'); hash != std::string_view::npos) text.remove_prefix(hash + 1);
  return std::string(text);
}

}  // namespace

Result<Json> from_json_body(const Ref& ref, const Json& value) {
  if (value.is_null() || ref.shape->document) return value;
  switch (ref.shape->type) {
    case Type::structure: {
      Json out = Json::object();
      for (const Member& member : ref.shape->members) {
        if (in_headers(member.ref)) continue;
        const Json* found =
            value.find(member.ref.location_name.empty() ? member.name : member.ref.location_name);
        if (found && !found->is_null()) out.set(member.name, TRY(from_json_body(member.ref, *found)));
      }
      return out;
    }
    case Type::list: {
      Json out = Json::array();
      for (const Json& item : value.items()) out.push(TRY(from_json_body(ref.shape->item, item)));
      return out;
    }
    case Type::map: {
      Json out = Json::object();
      for (const auto& [key, entry] : value.members())
        out.set(key, TRY(from_json_body(ref.shape->value, entry)));
      return out;
    }
    case Type::timestamp:
      return timestamp_from_text(value.is_string() ? value.as_string() : value.dump());
    case Type::blob:
      return Json(TRY(from_base64(value.as_string())));
    case Type::string:
      if (ref.json_value) return Json::parse(value.as_string());
      return value;
    default:
      return value;
  }
}

Result<Json> parse_json(const Model&, const Operation& operation, const net::Response& response) {
  if (!operation.output.shape || response.body.empty()) return Json::object();
  const auto body = Json::parse(response.body);
  if (!body)
    return Error{Kind::internal, kBadAnswer, fmt::format("the answer is not JSON: {}", body.error().what)};
  auto value = from_json_body(operation.output, *body);
  if (!value) return Error{Kind::internal, kBadAnswer, value.error().what};
  return value;
}

Fault read_json_fault(const net::Response& response) {
  Fault fault;
  const auto parsed = Json::parse(response.body.empty() ? "{}" : response.body);
  const Json body = parsed ? *parsed : Json::object();
  for (const char* name : {"message", "Message", "errorMessage"})
    if (fault.message.empty()) fault.message = body[name].as_string();
  if (const std::string* type = net::find_header(response.headers, "x-amzn-errortype"))
    fault.code = bare_code(*type);
  for (const char* name : {"__type", "code", "Code"})
    if (fault.code.empty()) fault.code = bare_code(body[name].as_string());
  return fault;
}

}  // namespace spillway::aws
