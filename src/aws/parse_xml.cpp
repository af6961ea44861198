#include <fmt/format.h>

#include <pugixml.hpp>
#include <unordered_map>

#include "aws/errors.h"
#include "aws/protocol.h"
#include "aws/values.h"
#include "aws/xml.h"

// Answers in XML: ec2, query and the bodies of rest-xml.
namespace spillway::aws {
namespace {

// Recursive descriptions (S3's and DynamoDB's) follow the document's depth; nothing real comes near this.
constexpr int kMaxDepth = 64;

std::string_view local_name(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The element name of a member: a flattened list has no element of its own, only its items'.
std::string_view element_name(const Member& member) {
  const Ref& ref = member.ref;
  if (ref.shape->type == Type::list && ref.flattened && !ref.shape->item.location_name.empty())
    return ref.shape->item.location_name;
  return local_name(ref.location_name.empty() ? std::string_view(member.name)
                                              : std::string_view(ref.location_name));
}

std::string_view name_or(const Ref& ref, std::string_view usual) {
  return ref.location_name.empty() ? usual : std::string_view(ref.location_name);
}

class Reader {
 public:
  explicit Reader(const Wanted* wanted = nullptr) : wanted_(wanted) {}

  Result<Json> value(const Ref& ref, const pugi::xml_node& node, int depth = 0) const {
    if (depth > kMaxDepth) return Error{Kind::internal, kBadAnswer, "the answer is nested too deeply"};
    switch (ref.shape->type) {
      case Type::structure:
        return structure(*ref.shape, node, depth);
      case Type::list: {
        Json out = Json::array();
        for (const pugi::xml_node& child : node.children())
          if (child.type() == pugi::node_element) out.push(TRY(value(ref.shape->item, child, depth + 1)));
        return out;
      }
      case Type::map: {
        Json out = Json::object();
        for (const pugi::xml_node& child : node.children())
          if (child.type() == pugi::node_element) TRY(entry(ref, child, out, depth));
        return out;
      }
      default: {
        auto text = scalar_from_text(ref, node.text().get());
        if (!text)
          return Error{Kind::internal, kBadAnswer, fmt::format("<{}>: {}", node.name(), text.error().what)};
        return text;
      }
    }
  }

  Result<Json> structure(const Shape& shape, const pugi::xml_node& node, int depth) const {
    Json out = Json::object();
    const Plan& plan = plan_of(shape);
    std::vector<pugi::xml_node> first_of(plan.members.size());
    for (const pugi::xml_node& child : node.children())
      if (const auto place = plan.places.find(local_name(child.name())); place != plan.places.end())
        if (pugi::xml_node& found = first_of[place->second]; !found) found = child;
    for (size_t i = 0; i < plan.members.size(); ++i) {
      const Member& member = *plan.members[i];
      if (member.ref.xml_attribute) {
        TRY(attribute(member, node, out));
      } else if (member.ref.flattened) {
        TRY(flattened(member, node, out, depth));
      } else if (first_of[i]) {
        out.mutable_members().emplace_back(member.name, TRY(value(member.ref, first_of[i], depth + 1)));
      }
    }
    return out;
  }

 private:
  /// The members of a structure that are read from the body, and which of them an element stands for.
  struct Plan {
    std::vector<const Member*> members;
    std::unordered_map<std::string_view, size_t> places;
  };
  const Plan& plan_of(const Shape& shape) const {
    const auto [known, is_new] = plans_.try_emplace(&shape);
    Plan& plan = known->second;
    if (!is_new) return plan;
    const auto only = wanted_ ? wanted_->find(shape.name) : Wanted::const_iterator{};
    const bool whole = !wanted_ || only == wanted_->end();
    for (const Member& member : shape.members) {
      if (in_headers(member.ref) || !(whole || only->second.contains(member.name))) continue;
      if (!member.ref.xml_attribute && !member.ref.flattened)
        plan.places.emplace(element_name(member), plan.members.size());
      plan.members.push_back(&member);
    }
    return plan;
  }

  static pugi::xml_node first(const pugi::xml_node& node, std::string_view name) {
    for (const pugi::xml_node& child : node.children())
      if (local_name(child.name()) == name) return child;
    return {};
  }

  static Result<void> attribute(const Member& member, const pugi::xml_node& node, Json& out) {
    const std::string_view name = member.ref.location_name;
    for (const pugi::xml_attribute& found : node.attributes())
      if (local_name(found.name()) == local_name(name))
        out.set(member.name, TRY(scalar_from_text(member.ref, found.value())));
    return {};
  }

  Result<void> flattened(const Member& member, const pugi::xml_node& node, Json& out, int depth) const {
    const bool list = member.ref.shape->type == Type::list;
    Json all = list ? Json::array() : Json::object();
    for (const pugi::xml_node& child : node.children()) {
      if (local_name(child.name()) != element_name(member)) continue;
      if (list)
        all.push(TRY(value(member.ref.shape->item, child, depth + 1)));
      else
        TRY(entry(member.ref, child, all, depth));
    }
    if (all.size() > 0) out.set(member.name, std::move(all));
    return {};
  }

  Result<void> entry(const Ref& map, const pugi::xml_node& node, Json& out, int depth) const {
    const pugi::xml_node key = first(node, name_or(map.shape->key, "key"));
    const pugi::xml_node content = first(node, name_or(map.shape->value, "value"));
    out.set(key.text().get(), content ? TRY(value(map.shape->value, content, depth + 1)) : Json());
    return {};
  }

  const Wanted* wanted_;
  mutable std::unordered_map<const Shape*, Plan> plans_;
};

}  // namespace

Result<Json> read_xml(const Ref& ref, std::string_view body, std::string_view wrapper, const Wanted* wanted) {
  pugi::xml_document document;
  // White space alone is kept where it is a leaf's whole text: a key of one blank is a key.
  const auto parsed =
      document.load_buffer(body.data(), body.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!parsed)
    return Error{Kind::internal, kBadAnswer,
                 fmt::format("the answer is not XML: {} at byte {}", parsed.description(), parsed.offset)};
  pugi::xml_node root = document.document_element();
  if (!wrapper.empty())
    for (const pugi::xml_node& child : root.children())
      if (local_name(child.name()) == wrapper) {
        root = child;
        break;
      }
  return Reader{wanted}.value(ref, root);
}

Result<Json> parse_xml(const Model& model, const Operation& operation, const net::Response& response,
                       const Wanted* wanted) {
  if (!operation.output.shape) return Json::object();
  const bool says_something = !operation.output.shape->members.empty();
  if (!says_something && response.body.empty()) return Json::object();
  // A web page or nothing at all, said with status 200, must not pass for an empty list.
  const std::string root = operation.name + "Response";
  if (says_something && response.body.find("<" + root) == std::string::npos)
    return Error{Kind::unavailable, kBadAnswer, fmt::format("the answer is no <{}>", root)};
  return read_xml(operation.output, response.body,
                  model.protocol != Protocol::query         ? ""
                  : operation.output.result_wrapper.empty() ? operation.name + "Result"
                                                            : operation.output.result_wrapper,
                  wanted);
}

namespace {

const pugi::xml_node error_element(const pugi::xml_node& root) {
  if (local_name(root.name()) == "Error") return root;
  for (const pugi::xml_node& child : root.children()) {
    if (local_name(child.name()) == "Error") return child;
    if (const auto found = child.find_child([](auto& n) { return local_name(n.name()) == "Error"; }))
      return found;
  }
  return root;
}

}  // namespace

Result<Json> read_xml_error(const Ref& ref, std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size()))
    return Error{Kind::internal, kBadAnswer, "the error is not XML"};
  return Reader{}.value(ref, error_element(document.document_element()));
}

Fault read_xml_fault(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return {};
  const pugi::xml_node root = document.document_element();
  const pugi::xml_node error = error_element(root);
  Fault fault;
  for (const pugi::xml_node& child : error.children()) {
    const std::string_view name = local_name(child.name());
    if (name == "Code") fault.code = child.text().get();
    if (name == "Message") fault.message = child.text().get();
    if (name == "RequestId") fault.request_id = child.text().get();
  }
  for (const pugi::xml_node& child : root.children()) {
    const std::string_view name = local_name(child.name());
    if (fault.request_id.empty() && (name == "RequestId" || name == "RequestID"))
      fault.request_id = child.text().get();
  }
  return fault;
}

}  // namespace spillway::aws
