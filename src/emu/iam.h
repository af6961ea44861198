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
/// ${aws:userid} and ${aws:username}; of Condition, the operators StringEquals, StringLike, StringNotEquals
/// and Bool (with IfExists) are judged; under another an Allow never holds and a Deny always does. Source:
/// IAM User Guide, policy evaluation logic.
bool allowed(const Account& account, const Identity& who, const Question& question);

}  // namespace spillway::emu
