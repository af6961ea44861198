#include <fmt/format.h>

#include "aws/encode.h"
#include "aws/json_body.h"
#include "aws/protocol.h"
#include "aws/values.h"
#include "aws/xml.h"
#include "base/crypto.h"
#include "base/text.h"

// rest-xml and rest-json: members go into the path, the query, headers and the body.
namespace spillway::aws {
namespace {

class Request {
 public:
  Request(const Model& model, const Operation& operation, const Json& input)
      : model_(model), operation_(operation), input_(input) {}

  Result<Wire> write() {
    wire_.method = operation_.method;
    wire_.host_prefix = TRY(host_prefix(operation_, input_));
    const Url uri = split_url(operation_.uri);
    wire_.path = TRY(path(uri.path));
    wire_.query = uri.query;
    if (operation_.input.shape) {
      // A map of query parameters comes last: what has a member of its own is not said twice.
      for (const bool maps : {false, true})
        for (const Member& member : operation_.input.shape->members)
          if (const Json& value = input_[member.name];
              !value.is_null() && maps == (member.ref.shape->type == Type::map)) {
            auto placed = place(member, value);
            if (!placed) return std::move(placed).error().during(member.name);
          }
      TRY(body(*operation_.input.shape));
    }
    if (operation_.checksum_required && !net::find_header(wire_.headers, "Content-MD5"))
      wire_.headers.push_back({"Content-MD5", to_base64(md5(wire_.body))});
    return std::move(wire_);
  }

 private:
  const Member* labelled(std::string_view label) const {
    if (!operation_.input.shape) return nullptr;
    for (const Member& member : operation_.input.shape->members)
      if (member.ref.location == Location::uri && wire_name(member) == label) return &member;
    return nullptr;
  }

  static const std::string& wire_name(const Member& member) {
    return member.ref.location_name.empty() ? member.name : member.ref.location_name;
  }

  // "{Key+}" keeps its slashes, "{Bucket}" does not.
  Result<std::string> path(std::string_view pattern) const {
    std::string out;
    while (!pattern.empty()) {
      const size_t open = pattern.find('{'), close = pattern.find('}');
      if (open == std::string_view::npos || close == std::string_view::npos || close < open) break;
      out += pattern.substr(0, open);
      std::string_view label = pattern.substr(open + 1, close - open - 1);
      const bool greedy = label.ends_with('+');
      if (greedy) label.remove_suffix(1);
      const Member* member = labelled(label);
      const Json& value = member ? input_[member->name] : Json();
      if (!member || value.is_null()) return Error{Kind::invalid, fmt::format("the path needs '{}'", label)};
      const std::string text = TRY(scalar_text(member->ref, value, TimestampFormat::iso8601));
      if (text.empty()) return Error{Kind::invalid, fmt::format("'{}' in the path is empty", label)};
      out += percent_encode(text, greedy ? "/" : "");
      pattern.remove_prefix(close + 1);
    }
    return out.append(pattern);
  }

  void add_query(std::string_view name, std::string_view value) {
    wire_.query +=
        fmt::format("{}{}={}", wire_.query.empty() ? "" : "&", percent_encode(name), percent_encode(value));
  }

  Result<void> place(const Member& member, const Json& value) {
    switch (member.ref.location) {
      case Location::querystring:
        return place_query(member, value);
      case Location::header:
        return place_header(member, value);
      case Location::headers:
        for (const auto& [key, text] : value.members())
          wire_.headers.push_back({member.ref.location_name + key, text.as_string()});
        return {};
      default:
        return {};
    }
  }

  Result<void> place_query(const Member& member, const Json& value) {
    const Shape& shape = *member.ref.shape;
    if (shape.type == Type::list) {
      for (const Json& item : value.items())
        add_query(wire_name(member), TRY(scalar_text(shape.item, item, TimestampFormat::iso8601)));
    } else if (shape.type == Type::map) {
      const std::string named = "&" + wire_.query;
      for (const auto& [key, entry] : value.members()) {
        if (named.find("&" + percent_encode(key) + "=") != std::string::npos) continue;
        if (entry.is_array())
          for (const Json& item : entry.items()) add_query(key, item.as_string());
        else
          add_query(key, entry.as_string());
      }
    } else {
      add_query(wire_name(member), TRY(scalar_text(member.ref, value, TimestampFormat::iso8601)));
    }
    return {};
  }

  Result<void> place_header(const Member& member, const Json& value) {
    const Shape& shape = *member.ref.shape;
    std::string text;
    if (shape.type == Type::list) {
      if (value.size() == 0) return {};
      for (const Json& item : value.items()) {
        const std::string one = TRY(scalar_text(shape.item, item, TimestampFormat::rfc822));
        text += (text.empty() ? "" : ", ") + quoted(one, shape.item);
      }
    } else {
      text = TRY(scalar_text(member.ref, value, TimestampFormat::rfc822));
    }
    wire_.headers.push_back({wire_name(member), text});
    return {};
  }

  // An item with a comma or a quote would read as two; times have their comma by definition.
  static std::string quoted(const std::string& text, const Ref& ref) {
    if (ref.shape->type != Type::string || text.find_first_of(",\"") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  }

  void content_type(const char* type) {
    if (!net::find_header(wire_.headers, "Content-Type")) wire_.headers.push_back({"Content-Type", type});
  }

  Result<void> structured_body(const Ref& ref, const Json& value, const std::string& root) {
    if (model_.protocol == Protocol::rest_json) {
      wire_.body = TRY(to_json_body(ref, value)).dump();
      content_type("application/json");
      return {};
    }
    Ref rooted = ref;
    if (rooted.xmlns.uri.empty()) rooted.xmlns = model_.xmlns;
    wire_.body = TRY(write_xml(root, rooted, value));
    content_type("application/xml");
    return {};
  }

  Result<void> body(const Shape& shape) {
    if (!shape.payload.empty()) return payload_body(*shape.find(shape.payload));
    Json members = Json::object();
    bool described = false;
    for (const Member& member : shape.members) {
      if (member.ref.location != Location::body) continue;
      described = true;
      if (const Json& value = input_[member.name]; !value.is_null()) members.set(member.name, value);
    }
    if (members.size() == 0 && !(described && model_.protocol == Protocol::rest_json)) return {};
    const std::string& root = operation_.input.location_name;
    return structured_body(operation_.input, members, root.empty() ? shape.name : root);
  }

  Result<void> payload_body(const Member& member) {
    const Json& value = input_[member.name];
    const Type type = member.ref.shape->type;
    if (type == Type::blob || type == Type::string) {
      if (value.is_null()) return {};
      wire_.body = value.as_string();
      content_type(type == Type::blob ? "application/octet-stream" : "text/plain");
      return {};
    }
    if (member.ref.shape->document) {
      wire_.body = value.dump();
      content_type("application/json");
      return {};
    }
    if (value.is_null() && model_.protocol == Protocol::rest_xml) return {};
    const std::string& root = member.ref.location_name;
    return structured_body(member.ref, value.is_null() ? Json::object() : value,
                           root.empty() ? member.name : root);
  }

  const Model& model_;
  const Operation& operation_;
  const Json& input_;
  Wire wire_;
};

}  // namespace

Result<Wire> serialize_rest(const Model& model, const Operation& operation, const Json& input) {
  return Request(model, operation, input).write();
}

}  // namespace spillway::aws
