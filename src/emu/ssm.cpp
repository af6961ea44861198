#include "emu/ssm.h"

#include "emu/services.h"

namespace spillway::emu {
namespace {

Answer<bool> demand_on(const Account& account, const Call& call, const Question& question) {
  const Decision decision = decide(account, call.who, question);
  if (decision.may) return true;
  return refusal("AccessDeniedException", not_authorized(call.who, question, decision));
}

Answer<Json> perform(Account& account, Call& call, const std::string& body) {
  static const JsonOperations kOperations = {
      {"GetParameter", ssm_get_parameter},         {"GetParameters", ssm_get_parameters},
      {"GetParametersByPath", ssm_get_by_path},    {"DescribeParameters", ssm_describe},
      {"PutParameter", ssm_put_parameter},         {"DeleteParameter", ssm_delete_parameter},
      {"DeleteParameters", ssm_delete_parameters}, {"AddTagsToResource", ssm_add_tags},
      {"RemoveTagsFromResource", ssm_remove_tags}, {"ListTagsForResource", ssm_list_tags}};
  auto operation = kOperations.find(call.operation);
  if (operation == kOperations.end()) return refusal("UnknownOperationException", "");
  auto json = Json::parse(body);
  if (!json || !json->is_object()) return refusal("SerializationException", "The body is no JSON object");
  call.json = *std::move(json);
  return operation->second(account, call);
}

}  // namespace

std::string parameter_arn(const Account& account, const std::string& name) {
  return fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", account.settings.region,
                     name.starts_with(kPublicParameters) ? "" : account.settings.account,
                     name.starts_with('/') ? "" : "/", name);
}

Answer<bool> ssm_demand(const Account& account, const Call& call, std::string_view action,
                        const std::string& name, Context context) {
  if (auto found = account.parameters.find(name); found != account.parameters.end())
    for (const auto& [key, value] : found->second.tags)
      for (const char* prefix : {"aws:ResourceTag/", "ssm:resourceTag/"})
        context.emplace_back(prefix + key, value);
  return demand_on(account, call,
                   {fmt::format("ssm:{}", action), parameter_arn(account, name), std::move(context)});
}

Answer<bool> ssm_demand_all(const Account& account, const Call& call) {
  return demand_on(account, call, {"ssm:" + call.operation, "*", {}});
}

net::Response answer_ssm(Account& account, const Arrival& arrival) {
  Call call{"ssm", operation_of(arrival.http, "ssm"), arrival.request_id, {},
            {},    caller_of(account, arrival)};
  auto answer = perform(account, call, arrival.http.body);
  if (!answer) return refuse("ssm", answer.error(), arrival);
  return {200,
          {{"Content-Type", "application/x-amz-json-1.1"}, {"x-amzn-RequestId", arrival.request_id}},
          answer->dump()};
}

}  // namespace spillway::emu
