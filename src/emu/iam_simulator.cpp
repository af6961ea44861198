#include "emu/iam_call.h"

// The policy simulator: what given policies, or those of a principal, say of actions.
namespace spillway::emu {
namespace {

std::string_view word_for(Verdict verdict) {
  return verdict == Verdict::allow           ? "allowed"
         : verdict == Verdict::explicit_deny ? "explicitDeny"
                                             : "implicitDeny";
}

Xml simulated(const Call& call, const std::vector<Json>& documents) {
  Question question;
  for (const Params& entry : call.params.structures("ContextEntries.member"))
    for (const std::string& value : entry.list("ContextKeyValues.member"))
      question.context.emplace_back(entry.get("ContextKeyName"), value);
  std::vector<std::string> resources = call.params.list("ResourceArns.member");
  if (resources.empty()) resources.push_back("*");
  Xml xml;
  xml.in("EvaluationResults", [&] {
    for (const std::string& action : call.params.list("ActionNames.member"))
      for (const std::string& resource : resources)
        xml.in("member", [&] {
          question.action = action;
          question.resource = resource;
          xml.text("EvalActionName", action).text("EvalResourceName", resource);
          xml.text("EvalDecision", word_for(judge(documents, question)));
          xml.in("MatchedStatements", [] {}).in("MissingContextValues", [] {});
        });
  });
  xml.flag("IsTruncated", false);
  return xml;
}

Answer<Xml> simulate_custom(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, "*"));
  std::vector<Json> documents;
  for (const std::string& text : call.params.list("PolicyInputList.member")) {
    auto document = Json::parse(text);
    if (!document || !document->contains("Statement"))
      return refusal("InvalidInput", "Syntax errors in policy.");
    documents.push_back(*document);
  }
  return simulated(call, documents);
}

Answer<Xml> simulate_principal(Account& account, const Call& call) {
  const std::string arn = EMU_TRY(iam_required(call.params, "PolicySourceArn"));
  EMU_TRY(iam_demand(account, call, arn));
  const std::string name = arn.substr(arn.rfind('/') + 1);
  const auto& principals = arn.find(":role/") != std::string::npos ? account.roles : account.users;
  const auto found = principals.find(name);
  if (found == principals.end()) return tl::unexpected(no_such("principal", name));
  std::vector<Json> documents;
  for (const Policy& policy : found->second.policies) documents.push_back(policy.document);
  return simulated(call, documents);
}

}  // namespace

const XmlOperations& iam_simulator_operations() {
  static const XmlOperations kTable = {{"SimulateCustomPolicy", simulate_custom},
                                       {"SimulatePrincipalPolicy", simulate_principal}};
  return kTable;
}

}  // namespace spillway::emu
