#include <fmt/format.h>

#include "aws/json_body.h"
#include "aws/protocol.h"
#include "aws/values.h"
#include "base/crypto.h"

// JSON 1.0 and 1.1: the operation in a header, the input as the body.
namespace spillway::aws {

Result<Json> to_json_body(const Ref& ref, const Json& value) {
  if (value.is_null() || ref.shape->document) return value;
  switch (ref.shape->type) {
    case Type::structure: {
      if (!value.is_object())
        return Error{Kind::invalid, fmt::format("want an object, found {}", value.type_name())};
      Json out = Json::object();
      for (const auto& [name, member] : value.members()) {
        const Member* known = ref.shape->find(name);
        if (!known) return Error{Kind::invalid, fmt::format("{}: no such member", name)};
        if (member.is_null()) continue;
        auto converted = to_json_body(known->ref, member);
        if (!converted) return std::move(converted).error().during(name);
        out.set(known->ref.location_name.empty() ? name : known->ref.location_name, *std::move(converted));
      }
      return out;
    }
    case Type::list: {
      if (!value.is_array())
        return Error{Kind::invalid, fmt::format("want a list, found {}", value.type_name())};
      Json out = Json::array();
      for (const Json& item : value.items()) out.push(TRY(to_json_body(ref.shape->item, item)));
      return out;
    }
    case Type::map: {
      if (!value.is_object())
        return Error{Kind::invalid, fmt::format("want an object, found {}", value.type_name())};
      Json out = Json::object();
      for (const auto& [key, entry] : value.members())
        out.set(key, TRY(to_json_body(ref.shape->value, entry)));
      return out;
    }
    case Type::timestamp:
      return timestamp_json(ref, value, TimestampFormat::unix_timestamp);
    case Type::blob:
      return Json(to_base64(value.as_string()));
    case Type::string:
      if (ref.json_value && !value.is_string()) return Json(value.dump());
      [[fallthrough]];
    default:
      TRY(scalar_text(ref, value, TimestampFormat::unix_timestamp));  // for its check of the type
      return value;
  }
}

Result<Wire> serialize_json(const Model& model, const Operation& operation, const Json& input) {
  Wire wire;
  wire.method = operation.method;
  wire.path = operation.uri;
  wire.host_prefix = TRY(host_prefix(operation, input));
  wire.headers = {{"Content-Type", "application/x-amz-json-" + model.json_version},
                  {"X-Amz-Target", model.target_prefix + "." + operation.name}};
  wire.body = operation.input.shape ? TRY(to_json_body(operation.input, input)).dump() : "{}";
  return wire;
}

}  // namespace spillway::aws
