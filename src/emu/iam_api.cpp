#include "emu/iam_call.h"
#include "emu/services.h"

// IAM in the query protocol: finds the operation, and what its operations share.
namespace spillway::emu {

Answer<std::string> iam_required(const Params& params, std::string_view name) {
  if (const std::string* value = params.find(name); value && !value->empty()) return *value;
  return refusal(
      "ValidationError",
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member "
                  "must not be null",
                  name));
}

Answer<bool> iam_demand(const Account& account, const Call& call, const std::string& resource, Tags tags) {
  Question question{"iam:" + call.operation, resource, {}};
  for (const auto& [key, value] : tags) {
    question.context.emplace_back("aws:RequestTag/" + key, value);
    question.context.emplace_back("aws:TagKeys", key);
  }
  if (allowed(account, call.who, question)) return true;
  return refusal("AccessDenied",
                 fmt::format("User: {} is not authorized to perform: iam:{} on resource: {} because no "
                             "identity-based policy allows the iam:{} action",
                             call.who.arn, call.operation, resource, call.operation),
                 403);
}

Tags iam_tags(const Params& params) {
  Tags out;
  for (const Params& tag : params.structures("Tags.member")) out[tag.get("Key")] = tag.get("Value");
  return out;
}

void write_iam_tags(Xml& xml, const Tags& tags) {
  xml.in("Tags", [&] {
    for (const auto& [key, value] : tags)
      xml.in("member", [&, &k = key, &v = value] { xml.text("Key", k).text("Value", v); });
  });
}

Answer<Json> policy_document(const std::string& text) {
  auto document = Json::parse(text);
  if (document && document->is_object() && document->contains("Statement")) return *document;
  return refusal("MalformedPolicyDocument", "Syntax errors in policy.");
}

std::string url_encoded(const std::string& text) {
  return percent_encoded(text, false);
}

Answer<std::string> iam_path_of(const Params& params) {
  const std::string& path = params.get("Path");
  if (path.empty()) return "/";
  if (path.front() == '/' && path.back() == '/' && path.size() <= 512) return path;
  return refusal("ValidationError",
                 "The specified value for path is invalid. It must begin and end with / and contain only "
                 "alphanumeric characters and/or / characters.");
}

ApiError no_such(std::string_view what, const std::string& name) {
  return {"NoSuchEntity", fmt::format("The {} with name {} cannot be found.", what, name), 404};
}

void write_role(Xml& xml, const Account& account, const Principal& role) {
  xml.text("Path", role.path).text("RoleName", role.name).text("RoleId", role.unique_id);
  xml.text("Arn", role_arn(account, role.name)).text("CreateDate", to_iso8601_seconds(role.created));
  xml.text("AssumeRolePolicyDocument", url_encoded(role.trust.is_null() ? "{}" : role.trust.dump()));
  xml.number("MaxSessionDuration", 3600);
  if (!role.tags.empty()) write_iam_tags(xml, role.tags);
}

net::Response answer_iam(Account& account, const Arrival& arrival) {
  Call call = query_call(account, "iam", arrival);
  XmlOperation operation = nullptr;
  for (const XmlOperations* table :
       {&iam_role_operations(), &iam_profile_operations(), &iam_simulator_operations()})
    if (const auto found = table->find(call.operation); found != table->end()) operation = found->second;
  if (!operation)
    return refuse(
        "iam",
        {"InvalidAction", fmt::format("Could not find operation {} for version 2010-05-08", call.operation)},
        arrival);
  auto answer = operation(account, call);
  if (!answer) return refuse("iam", answer.error(), arrival);
  Xml xml;
  xml.raw("<").raw(call.operation).raw("Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">");
  xml.in(call.operation + "Result", [&] { xml.raw(answer->str()); });
  xml.in("ResponseMetadata", [&] { xml.text("RequestId", arrival.request_id); });
  xml.raw("</").raw(call.operation).raw("Response>");
  return {200, {{"Content-Type", "text/xml"}, {"x-amzn-RequestId", arrival.request_id}}, xml.str()};
}

}  // namespace spillway::emu
