#include <algorithm>
#include <set>

#include "base/text.h"
#include "emu/iam_api.h"

// The policy simulator: the evaluator of policy.cpp asked about calls that nobody made. One result for each
// action and resource.
namespace spillway::emu {
namespace {

struct Simulation {
  std::vector<Policy> policies;
  Json resource_policy;  // null without one
  Identity caller;       // to whom the resource policy speaks
};

Context context_of(const Call& call) {
  Context context;
  for (const Params& entry : call.params.structures("ContextEntries.member"))
    for (std::string& value : entry.list("ContextKeyValues.member"))
      context.emplace_back(entry.get("ContextKeyName"), std::move(value));
  return context;
}

Answer<std::vector<Policy>> policies_in(const Call& call, std::string_view parameter) {
  std::vector<Policy> policies;
  for (const std::string& text : call.params.list(std::string(parameter) + ".member")) {
    auto document = read_policy(text, PolicyKind::identity);
    if (!document) return refusal("InvalidInput", document.error().message);
    policies.push_back({fmt::format("{}.{}", parameter, policies.size() + 1), *std::move(document)});
  }
  return policies;
}

/// Condition keys that the policies ask for and the simulation was not given.
std::set<std::string> missing_keys(const Simulation& simulation, const Context& context) {
  std::set<std::string> missing;
  for (const Policy& policy : simulation.policies)
    for (const Json& statement : statements_of(policy.document))
      for (const auto& test : statement["Condition"].members())
        for (const auto& key : test.second.members()) missing.insert(key.first);
  std::erase_if(missing, [&](const std::string& key) {
    return std::any_of(context.begin(), context.end(),
                       [&](const auto& entry) { return equal_ignoring_case(entry.first, key); });
  });
  return missing;
}

Judgement judge_one(const Account& account, const Simulation& simulation, const Question& question) {
  Judgement judgement = judge(simulation.policies, question);
  const ResourceVerdict theirs =
      judge_resource_policy(account, simulation.caller, simulation.resource_policy, question);
  if (judgement.verdict != Verdict::explicit_deny && theirs.denies)
    return {Verdict::explicit_deny, {"ResourcePolicy"}};
  if (judgement.verdict == Verdict::implicit_deny && theirs.allows_caller)
    return {Verdict::allowed, {"ResourcePolicy"}};
  return judgement;
}

void write_result(Xml& xml, const Question& question, const Judgement& judgement,
                  const std::set<std::string>& missing) {
  xml.text("EvalActionName", question.action).text("EvalResourceName", question.resource);
  xml.text("EvalDecision", to_string(judgement.verdict));
  xml.in("MatchedStatements", [&] {
    for (const std::string& name : judgement.matched)
      xml.in("member", [&] { xml.text("SourcePolicyId", name).text("SourcePolicyType", "IAM Policy"); });
  });
  xml.in("MissingContextValues", [&] {
    for (const std::string& key : missing) xml.text("member", key);
  });
}

Answer<Xml> simulate(const Account& account, const Call& call, Simulation simulation) {
  const std::vector<std::string> actions = call.params.list("ActionNames.member");
  if (actions.empty()) EMU_TRY(iam_required(call, "ActionNames"));
  for (const std::string& action : actions)
    if (action.find(':') == std::string::npos || action.find('*') != std::string::npos)
      return refusal("InvalidInput", fmt::format("Invalid Action: {}", action));
  std::vector<std::string> resources = call.params.list("ResourceArns.member");
  if (resources.empty()) resources = {"*"};
  if (const std::string* text = call.params.find("ResourcePolicy"))
    simulation.resource_policy = EMU_TRY(read_policy(*text, PolicyKind::bucket));
  if (const std::string* arn = call.params.find("CallerArn"))
    simulation.caller.arn = simulation.caller.principal_arn = *arn;
  if (call.params.has("PermissionsBoundaryPolicyInputList.member.1"))
    return refusal("InvalidInput", "This emulator knows no permissions boundaries");
  const Context context = context_of(call);
  const std::set<std::string> missing = missing_keys(simulation, context);
  Xml xml;
  xml.in("EvaluationResults", [&] {
    for (const std::string& action : actions)
      for (const std::string& resource : resources)
        xml.in("member", [&] {
          const Question question{action, resource, context};
          write_result(xml, question, judge_one(account, simulation, question), missing);
        });
  });
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> simulate_custom_policy(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, "iam:SimulateCustomPolicy", "*"));
  Simulation simulation;
  simulation.policies = EMU_TRY(policies_in(call, "PolicyInputList"));
  if (simulation.policies.empty()) EMU_TRY(iam_required(call, "PolicyInputList"));
  return simulate(account, call, std::move(simulation));
}

Answer<Xml> simulate_principal_policy(Account& account, const Call& call) {
  const std::string arn = EMU_TRY(iam_required(call, "PolicySourceArn"));
  EMU_TRY(iam_demand(account, call, "iam:SimulatePrincipalPolicy", arn));
  const Principal* source = nullptr;
  for (const auto* principals : {&account.users, &account.roles})
    for (const auto& entry : *principals)
      if (principal_arn(account, entry.second) == arn) source = &entry.second;
  if (!source) return refusal("NoSuchEntity", fmt::format("{} cannot be found.", arn), 404);
  Simulation simulation;
  simulation.policies = source->policies;
  if (source->everything) {
    const Json all = Json::object({{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}});
    simulation.policies = {{"administrator", Json::object({{"Version", "2012-10-17"}, {"Statement", all}})}};
  }
  for (Policy& more : EMU_TRY(policies_in(call, "PolicyInputList")))
    simulation.policies.push_back(std::move(more));
  simulation.caller.arn = simulation.caller.principal_arn = arn;
  return simulate(account, call, std::move(simulation));
}

}  // namespace

const XmlOperations& iam_simulator_operations() {
  static const XmlOperations kTable = {{"SimulateCustomPolicy", simulate_custom_policy},
                                       {"SimulatePrincipalPolicy", simulate_principal_policy}};
  return kTable;
}

}  // namespace spillway::emu
