#include <fmt/format.h>

#include "aws/encode.h"
#include "aws/protocol.h"
#include "aws/values.h"

// The query protocol (STS) and EC2's variant of it: an input as a flat form, "Filter.1.Value.2=x".
namespace spillway::aws {
namespace {

class Form {
 public:
  explicit Form(bool ec2) : ec2_(ec2) {}

  void add(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}{}={}", text_.empty() ? "" : "&", percent_encode(name), percent_encode(value));
  }

  Result<void> add(const std::string& name, const Ref& ref, const Json& value) {
    if (value.is_null()) return {};
    switch (ref.shape->type) {
      case Type::structure:
        return add_members(name.empty() ? "" : name + ".", *ref.shape, value);
      case Type::list:
        return add_items(name, ref, value);
      case Type::map:
        return add_entries(name, ref, value);
      default: {
        auto text = scalar_text(ref, value, TimestampFormat::iso8601);
        if (!text) return std::move(text).error().during(name);
        add(name, *text);
        return {};
      }
    }
  }

  std::string take() { return std::move(text_); }

 private:
  std::string wire_name(const Ref& ref, const std::string& own) const {
    if (!ec2_) return ref.location_name.empty() ? own : ref.location_name;
    if (!ref.query_name.empty()) return ref.query_name;
    std::string name = ref.location_name.empty() ? own : ref.location_name;
    if (!ref.location_name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] -= 'a' - 'A';
    return name;
  }

  Result<void> add_members(const std::string& prefix, const Shape& shape, const Json& value) {
    if (!value.is_object())
      return Error{Kind::invalid, fmt::format("{}: want an object, found {}", prefix, value.type_name())};
    for (const auto& [name, member] : value.members()) {
      const Member* known = shape.find(name);
      if (!known) return Error{Kind::invalid, fmt::format("{}{}: no such member", prefix, name)};
      TRY(add(prefix + wire_name(known->ref, name), known->ref, member));
    }
    return {};
  }

  Result<void> add_items(const std::string& name, const Ref& ref, const Json& value) {
    if (!value.is_array())
      return Error{Kind::invalid, fmt::format("{}: want a list, found {}", name, value.type_name())};
    const Ref& item = ref.shape->item;
    std::string prefix = name;
    if (!ec2_) {
      if (value.size() == 0) return add(name, ""), Result<void>{};
      if (!ref.flattened)
        prefix += "." + (item.location_name.empty() ? std::string("member") : item.location_name);
      else if (!item.location_name.empty())
        prefix = prefix.substr(0, prefix.rfind('.') + 1) + item.location_name;
    }
    size_t number = 0;
    for (const Json& one : value.items()) TRY(add(fmt::format("{}.{}", prefix, ++number), item, one));
    return {};
  }

  Result<void> add_entries(const std::string& name, const Ref& ref, const Json& value) {
    if (!value.is_object())
      return Error{Kind::invalid, fmt::format("{}: want an object, found {}", name, value.type_name())};
    const std::string prefix = ref.flattened ? name : name + ".entry";
    size_t number = 0;
    for (const auto& [key, entry] : value.members()) {
      const std::string one = fmt::format("{}.{}.", prefix, ++number);
      TRY(add(one + wire_name(ref.shape->key, "key"), ref.shape->key, Json(key)));
      TRY(add(one + wire_name(ref.shape->value, "value"), ref.shape->value, entry));
    }
    return {};
  }

  bool ec2_;
  std::string text_;
};

}  // namespace

Result<Wire> serialize_query(const Model& model, const Operation& operation, const Json& input) {
  Form form(model.protocol == Protocol::ec2);
  form.add("Action", operation.name);
  form.add("Version", model.api_version);
  if (operation.input.shape) TRY(form.add("", operation.input, input));
  Wire wire;
  wire.method = operation.method;
  wire.path = operation.uri;
  wire.host_prefix = TRY(host_prefix(operation, input));
  wire.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  wire.body = form.take();
  return wire;
}

}  // namespace spillway::aws
