#include "aws/debug.h"

#include <fmt/format.h>

#include <functional>

#include "aws/endpoints.h"
#include "aws/errors.h"
#include "aws/protocol.h"
#include "aws/shared_config.h"
#include "aws/xml.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

using CaseFunction = std::function<Result<Json>(const Model&, const Json& suite, const Json& one)>;

Result<Json> each_case(const Json& input, const CaseFunction& function) {
  const auto model = TRY(Model::from_json("vector", input));
  if (!input.contains("cases")) return function(*model, input, input["case"]);
  Json out = Json::array();
  for (const Json& one : input["cases"].items()) {
    auto answer = function(*model, input, one);
    out.push(answer ? *std::move(answer) : Json::object({{"failed", answer.error().what}}));
  }
  return Json::object({{"cases", std::move(out)}});
}

Result<Json> serialize_case(const Model& model, const Json& suite, const Json& one) {
  const Operation operation = TRY(model.operation_from(one["given"]));
  const Json params = one["params"].is_object() ? one["params"] : Json::object();
  const Wire wire = TRY(serialize(model, operation, params));
  const std::string base = suite["clientEndpoint"].as_string();
  const std::string url =
      address(model, {.url = base.empty() ? "https://example.com" : base, .custom = true}, wire);
  const size_t host = url.find("://") + 3, path = std::min(url.find('/', host), url.size());
  Json headers = Json::object();
  for (const net::Header& header : wire.headers) headers.set(header.name, header.value);
  return Json::object({{"method", wire.method},
                       {"uri", url.substr(path)},
                       {"host", url.substr(host, path - host)},
                       {"headers", std::move(headers)},
                       {"body", wire.body}});
}

// The error shape whose code it is: by its own "error.code", else by its name.
Result<Json> error_members(const Model& model, const Json& suite, const Json& given, const std::string& code,
                           const net::Response& response) {
  for (const auto& [name, shape] : suite["shapes"].members()) {
    const std::string& own = shape["error"]["code"].as_string();
    bool listed = given["errors"].size() == 0;
    for (const Json& error : given["errors"].items()) listed = listed || error["shape"].as_string() == name;
    if (!listed || (own.empty() ? name : own) != code) continue;
    const Operation as_output = TRY(
        model.operation_from(Json::object({{"name", name}, {"output", Json::object({{"shape", name}})}})));
    if (model.protocol == Protocol::ec2 || model.protocol == Protocol::query)
      return read_xml_error(as_output.output, response.body);
    if (model.protocol == Protocol::rest_xml) {
      net::Response inner = response;
      Json out = TRY(read_xml_error(as_output.output, response.body));
      inner.body.clear();
      const Json from_headers = TRY(parse(model, as_output, inner));
      for (const auto& [member, value] : from_headers.members()) out.set(member, value);
      return out;
    }
    return parse(model, as_output, response);
  }
  return Json::object();
}

Result<Json> parse_case(const Model& model, const Json& suite, const Json& one) {
  const Operation operation = TRY(model.operation_from(one["given"]));
  const Json& given = one["response"];
  net::Response response{.status = static_cast<int>(given["status_code"].as_int()),
                         .body = given["body"].as_string()};
  for (const auto& [name, value] : given["headers"].members())
    response.headers.push_back({name, value.as_string()});
  if (response.status < 300) return Json::object({{"result", TRY(parse(model, operation, response))}});
  const Fault fault = parse_fault(model, response);
  return Json::object({{"errorCode", fault.code},
                       {"errorMessage", fault.message},
                       {"error", TRY(error_members(model, suite, one["given"], fault.code, response))}});
}

}  // namespace

Result<Json> debug_serialize(const Json& input) {
  return each_case(input, serialize_case);
}

Result<Json> debug_parse(const Json& input) {
  return each_case(input, parse_case);
}

Result<Json> debug_endpoint(const Json& input) {
  const std::string& service = input["service"].as_string();
  const Json& variables = input["environment"];
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const std::string& value = variables[name].as_string();
    if (value.empty()) return std::nullopt;
    return value;
  };
  const SharedConfig config =
      TRY(SharedConfig::parse(input["config"].as_string(), input["credentials"].as_string()));
  std::string name = input["profile"].as_string();
  if (name.empty()) name = environment("AWS_PROFILE").value_or("default");
  const Profile* profile = config.profile(name);
  std::string region = input["region"].as_string();
  if (region.empty())
    region = environment("AWS_REGION").value_or(environment("AWS_DEFAULT_REGION").value_or(""));
  if (region.empty() && profile && profile->contains("region")) region = profile->at("region");
  if (service.empty() || region.empty())
    return Error{Kind::invalid, kBadConfig, "want a service and a region"};
  const auto model = TRY(builtin_model(service));
  const Endpoints named = load_endpoints(environment, config, profile ? *profile : Profile{}, {service});
  const Endpoint endpoint = endpoint_for(*model, region, named);
  return Json::object(
      {{"url", endpoint.url}, {"signing_region", endpoint.signing_region}, {"custom", endpoint.custom}});
}

}  // namespace spillway::aws
