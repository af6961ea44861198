#include <fmt/format.h>

#include "aws/values.h"
#include "aws/xml.h"

// Bodies of rest-xml, written directly: a tree would only be thrown away again.
namespace spillway::aws {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      case '\n':
        out += "&#xA;";
        break;
      default:
        out += c;
    }
  return out;
}

std::string namespace_attribute(const XmlNamespace& xmlns) {
  if (xmlns.uri.empty()) return "";
  return fmt::format(" xmlns{}{}=\"{}\"", xmlns.prefix.empty() ? "" : ":", xmlns.prefix, escaped(xmlns.uri));
}

std::string name_or(const Ref& ref, std::string_view usual) {
  return ref.location_name.empty() ? std::string(usual) : ref.location_name;
}

std::string element(std::string_view name, std::string_view attributes, std::string_view content) {
  return content.empty() ? fmt::format("<{}{}/>", name, attributes)
                         : fmt::format("<{0}{1}>{2}</{0}>", name, attributes, content);
}

Result<std::string> write(const std::string& name, const Ref& ref, const Json& value);

Result<std::string> write_structure(const std::string& name, const Ref& ref, const Json& value) {
  if (!value.is_object())
    return Error{Kind::invalid, fmt::format("want an object, found {}", value.type_name())};
  std::string attributes = namespace_attribute(ref.xmlns), content;
  for (const auto& [own, member] : value.members()) {
    const Member* known = ref.shape->find(own);
    if (!known) return Error{Kind::invalid, fmt::format("{}: no such member", own)};
    if (member.is_null() || known->ref.location != Location::body) continue;
    const std::string wire = name_or(known->ref, own);
    if (known->ref.xml_attribute) {
      attributes += fmt::format(" {}=\"{}\"", wire,
                                escaped(TRY(scalar_text(known->ref, member, TimestampFormat::iso8601))));
      continue;
    }
    auto written = write(wire, known->ref, member);
    if (!written) return std::move(written).error().during(own);
    content += *written;
  }
  return element(name, attributes, content);
}

Result<std::string> write_list(const std::string& name, const Ref& ref, const Json& value) {
  if (!value.is_array()) return Error{Kind::invalid, fmt::format("want a list, found {}", value.type_name())};
  const std::string item_name = ref.flattened ? name : name_or(ref.shape->item, "member");
  std::string content;
  for (const Json& item : value.items()) content += TRY(write(item_name, ref.shape->item, item));
  return ref.flattened ? content : element(name, namespace_attribute(ref.xmlns), content);
}

Result<std::string> write_map(const std::string& name, const Ref& ref, const Json& value) {
  if (!value.is_object())
    return Error{Kind::invalid, fmt::format("want an object, found {}", value.type_name())};
  std::string content;
  for (const auto& [key, entry] : value.members()) {
    const std::string pair = TRY(write(name_or(ref.shape->key, "key"), ref.shape->key, Json(key))) +
                             TRY(write(name_or(ref.shape->value, "value"), ref.shape->value, entry));
    content += element(ref.flattened ? name : "entry", "", pair);
  }
  return ref.flattened ? content : element(name, namespace_attribute(ref.xmlns), content);
}

Result<std::string> write(const std::string& name, const Ref& ref, const Json& value) {
  if (value.is_null()) return std::string();
  switch (ref.shape->type) {
    case Type::structure:
      return write_structure(name, ref, value);
    case Type::list:
      return write_list(name, ref, value);
    case Type::map:
      return write_map(name, ref, value);
    default:
      return element(name, namespace_attribute(ref.xmlns),
                     escaped(TRY(scalar_text(ref, value, TimestampFormat::iso8601))));
  }
}

}  // namespace

Result<std::string> write_xml(const std::string& name, const Ref& ref, const Json& value) {
  return write(name, ref, value);
}

}  // namespace spillway::aws
