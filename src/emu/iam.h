#pragma once
#include <string>
#include <vector>

#include "emu/call.h"

namespace spillway::emu {

/// Who holds an access key.
Identity identity_of(const Account& account, const AccessKey& key);

/// One question to the policies of a principal.
struct Question {
  std::string action;    // s3:GetObject
  std::string resource;  // an ARN, or "*" where the action knows no resource: then only Resource "*" matches
  std::vector<std::pair<std::string, std::string>> context;  // condition keys, beside the aws: ones
};
/// Whether the identity may: some statement allows, none denies. Resource and NotResource take the variables
/// ${aws:userid} and ${aws:username}; of Condition, String(Not)Equals, String(Not)Like, Arn(Not)Equals,
/// Arn(Not)Like, Bool, Null, with IfExists, ForAllValues and ForAnyValue, are judged; under another an Allow
/// never holds and a Deny always does. A key may stand in the context several times. Source: IAM User Guide,
/// policy evaluation logic and IAM JSON policy elements: Condition operators.
bool allowed(const Account& account, const Identity& who, const Question& question);

/// Of a role by its name, its path included.
std::string role_arn(const Account& account, const std::string& name);
/// What a list of statements says of a question, apart from who asks: IAM's simulator and resource policies.
enum class Verdict { implicit_deny, explicit_deny, allow };
Verdict judge(const std::vector<Json>& documents, const Question& question);

}  // namespace spillway::emu
