#include "aws/protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/errors.h"
#include "aws/xml.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

std::string_view name_of_status(int status) {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 403:
      return "AccessDenied";
    case 404:
      return "NotFound";
    case 412:
      return "PreconditionFailed";
    default:
      return "";
  }
}

}  // namespace

Result<void> check_input(const Shape& shape, const Json& input) {
  if (!input.is_object())
    return Error{Kind::invalid, kBadInput,
                 fmt::format("the input is a {}, not an object", input.type_name())};
  for (const auto& [name, value] : input.members()) {
    if (shape.find(name)) continue;
    std::vector<std::string> known;
    for (const Member& member : shape.members) known.push_back(member.name);
    const auto close = nearest(name, known);
    return Error{
        Kind::invalid, kBadInput,
        fmt::format("{} has no member '{}'{}", shape.name, name, close ? "; did you mean " + *close : "")};
  }
  for (const std::string& name : shape.required)
    if (input[name].is_null())
      return Error{Kind::invalid, kBadInput, fmt::format("{} needs the member '{}'", shape.name, name)};
  return {};
}

Result<std::string> host_prefix(const Operation& operation, const Json& input) {
  std::string out;
  std::string_view pattern = operation.endpoint_prefix;
  for (size_t open; (open = pattern.find('{')) != std::string_view::npos;) {
    const size_t close = std::min(pattern.find('}', open), pattern.size());
    const std::string& label = input[pattern.substr(open + 1, close - open - 1)].as_string();
    // A label with a dot or slash would send the request, and its credentials, to another host.
    const bool fits = !label.empty() && label.size() <= 63 &&
                      std::ranges::all_of(label, [](unsigned char c) { return std::isalnum(c) || c == '-'; });
    if (!fits)
      return Error{Kind::invalid, kBadInput, fmt::format("'{}' cannot be part of a host's name", label)};
    out.append(pattern.substr(0, open)).append(label);
    pattern.remove_prefix(std::min(close + 1, pattern.size()));
  }
  return out.append(pattern);
}

Result<Wire> serialize(const Model& model, const Operation& operation, const Json& input) {
  switch (model.protocol) {
    case Protocol::ec2:
    case Protocol::query:
      return serialize_query(model, operation, input);
    case Protocol::json:
      return serialize_json(model, operation, input);
    default:
      return serialize_rest(model, operation, input);
  }
}

Result<Json> parse(const Model& model, const Operation& operation, const net::Response& response,
                   const Wanted* wanted) {
  switch (model.protocol) {
    case Protocol::ec2:
    case Protocol::query:
      return parse_xml(model, operation, response, wanted);
    case Protocol::json:
      return parse_json(model, operation, response);
    default:
      return parse_rest(model, operation, response);
  }
}

Fault parse_fault(const Model& model, const net::Response& response) {
  const bool json = model.protocol == Protocol::json || model.protocol == Protocol::rest_json;
  Fault fault = json ? read_json_fault(response) : read_xml_fault(response.body);
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id"})
    if (const std::string* id = net::find_header(response.headers, name); id && fault.request_id.empty())
      fault.request_id = *id;
  // A HEAD has no body to say more.
  if (fault.code.empty() && response.status >= 300) fault.code = name_of_status(response.status);
  return fault;
}

}  // namespace spillway::aws
