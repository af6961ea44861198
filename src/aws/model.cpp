#include "aws/model.h"

#include <fmt/format.h>

namespace spillway::aws {
namespace {

Result<Type> type_from(std::string_view name) {
  static const std::map<std::string_view, Type> kTypes = {
      {"structure", Type::structure}, {"list", Type::list},        {"map", Type::map},
      {"string", Type::string},       {"character", Type::string}, {"integer", Type::integer},
      {"long", Type::integer},        {"float", Type::number},     {"double", Type::number},
      {"boolean", Type::boolean},     {"blob", Type::blob},        {"timestamp", Type::timestamp}};
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) return Error{Kind::invalid, fmt::format("shape type '{}' is not known", name)};
  return found->second;
}

Location location_from(std::string_view name) {
  if (name == "uri") return Location::uri;
  if (name == "querystring") return Location::querystring;
  if (name == "header") return Location::header;
  if (name == "headers") return Location::headers;
  if (name == "statusCode") return Location::status_code;
  return Location::body;
}

TimestampFormat timestamp_from(std::string_view name) {
  if (name == "iso8601") return TimestampFormat::iso8601;
  if (name == "unixTimestamp") return TimestampFormat::unix_timestamp;
  if (name == "rfc822") return TimestampFormat::rfc822;
  return TimestampFormat::unset;
}

// Puts the traits that `json` states over those already in `ref`.
void apply_traits(Ref& ref, const Json& json) {
  for (const auto& [key, value] : json.members()) {
    if (key == "locationName")
      ref.location_name = value.as_string();
    else if (key == "queryName")
      ref.query_name = value.as_string();
    else if (key == "resultWrapper")
      ref.result_wrapper = value.as_string();
    else if (key == "location")
      ref.location = location_from(value.as_string());
    else if (key == "timestampFormat")
      ref.timestamp = timestamp_from(value.as_string());
    else if (key == "flattened")
      ref.flattened = value.as_bool();
    else if (key == "xmlAttribute")
      ref.xml_attribute = value.as_bool();
    else if (key == "hostLabel")
      ref.host_label = value.as_bool();
    else if (key == "idempotencyToken")
      ref.idempotency_token = value.as_bool();
    else if (key == "jsonvalue")
      ref.json_value = value.as_bool();
    else if (key == "streaming")
      ref.streaming = value.as_bool();
    else if (key == "xmlNamespace")
      ref.xmlns = value.is_string() ? XmlNamespace{value.as_string(), ""}
                                    : XmlNamespace{value["uri"].as_string(), value["prefix"].as_string()};
  }
}

std::vector<std::string> strings(const Json& json) {
  std::vector<std::string> out;
  if (json.is_string()) out.push_back(json.as_string());
  for (const Json& item : json.items()) out.push_back(item.as_string());
  return out;
}

}  // namespace

const Member* Shape::find(std::string_view member) const {
  for (const Member& candidate : members)
    if (candidate.name == member) return &candidate;
  return nullptr;
}

const Operation* Model::find(std::string_view operation) const {
  const auto found = operations_.find(operation);
  return found == operations_.end() ? nullptr : &found->second;
}

const Shape* Model::shape(std::string_view name) const {
  const auto found = shapes_.find(name);
  return found == shapes_.end() ? nullptr : found->second.get();
}

Result<Ref> Model::ref_from(const Json& json) const {
  const std::string& name = json["shape"].as_string();
  const auto traits = shape_traits_.find(name);
  if (traits == shape_traits_.end())
    return Error{Kind::invalid, fmt::format("shape '{}' is not described", name)};
  Ref ref = traits->second;
  apply_traits(ref, json);
  return ref;
}

Result<Operation> Model::operation_from(const Json& given) const {
  Operation operation;
  operation.name = given["name"].as_string();
  if (const Json* method = given["http"].find("method")) operation.method = method->as_string();
  if (const Json* uri = given["http"].find("requestUri")) operation.uri = uri->as_string();
  if (given.contains("input")) operation.input = TRY(ref_from(given["input"]));
  if (given.contains("output")) operation.output = TRY(ref_from(given["output"]));
  operation.endpoint_prefix = given["endpoint"]["hostPrefix"].as_string();
  operation.checksum_required =
      given["httpChecksumRequired"].as_bool() || given["httpChecksum"]["requestChecksumRequired"].as_bool();
  operation.unsigned_payload = given["authtype"].as_string() == "v4-unsigned-body";
  operation.no_auth = given["authtype"].as_string() == "none";
  const Json& pages = given["paginator"];
  operation.input_tokens = strings(pages["input_token"]);
  operation.output_tokens = strings(pages["output_token"]);
  operation.result_keys = strings(pages["result_key"]);
  operation.more_results = pages["more_results"].as_string();
  operation.limit_key = pages["limit_key"].as_string();
  return operation;
}

Result<std::shared_ptr<const Model>> Model::from_json(std::string service, const Json& description) {
  std::shared_ptr<Model> model(new Model);
  const Json& metadata = description["metadata"];
  model->service = std::move(service);
  model->api_version = metadata["apiVersion"].as_string();
  model->endpoint_prefix = metadata["endpointPrefix"].as_string();
  model->signing_name =
      metadata.contains("signingName") ? metadata["signingName"].as_string() : model->endpoint_prefix;
  model->target_prefix = metadata["targetPrefix"].as_string();
  model->json_version = metadata.contains("jsonVersion") ? metadata["jsonVersion"].as_string() : "1.1";
  model->global_endpoint = metadata["globalEndpoint"].as_string();
  model->xmlns = {metadata["xmlNamespace"].as_string(), ""};
  static const std::map<std::string_view, Protocol> kProtocols = {{"ec2", Protocol::ec2},
                                                                  {"query", Protocol::query},
                                                                  {"json", Protocol::json},
                                                                  {"rest-json", Protocol::rest_json},
                                                                  {"rest-xml", Protocol::rest_xml}};
  const auto protocol = kProtocols.find(metadata["protocol"].as_string());
  if (protocol == kProtocols.end())
    return Error{Kind::invalid, fmt::format("protocol '{}' is not known", metadata["protocol"].as_string())};
  model->protocol = protocol->second;

  // Shapes refer to each other in circles: first all of them with their own traits, then what they contain.
  for (const auto& [name, json] : description["shapes"].members()) {
    auto shape = std::make_unique<Shape>();
    shape->name = name;
    shape->type = TRY(type_from(json["type"].as_string()));
    shape->required = strings(json["required"]);
    shape->payload = json["payload"].as_string();
    shape->document = json["document"].as_bool();
    shape->is_union = json["union"].as_bool();
    shape->event_stream = json["eventstream"].as_bool();
    Ref own{.shape = shape.get()};
    apply_traits(own, json);
    model->shape_traits_[name] = own;
    model->shapes_[name] = std::move(shape);
  }
  for (const auto& [name, json] : description["shapes"].members()) {
    Shape& shape = *model->shapes_[name];
    for (const auto& [member, use] : json["members"].members()) {
      const Ref ref = TRY(model->ref_from(use));
      shape.members.push_back({member, ref});
    }
    if (json.contains("member")) shape.item = TRY(model->ref_from(json["member"]));
    if (json.contains("key")) shape.key = TRY(model->ref_from(json["key"]));
    if (json.contains("value")) shape.value = TRY(model->ref_from(json["value"]));
  }
  for (const auto& [name, json] : description["operations"].members())
    model->operations_[name] = TRY(model->operation_from(json));
  return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace spillway::aws
