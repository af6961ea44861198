#pragma once
#include <string>
#include <vector>

#include "emu/policy.h"

namespace spillway::emu {

/// Who holds an access key.
Identity identity_of(const Account& account, const AccessKey& key);

/// Whether the identity may: some statement of its policies (or of the resource's policy) allows, none
/// denies, and a session policy allows too. The keys aws:userid, aws:username, aws:PrincipalArn,
/// aws:PrincipalTag/…, aws:SecureTransport, aws:SourceIp and their like are added to the question's;
/// aws:TagKeys follows from aws:RequestTag/… where it is not given. Source: IAM User Guide, policy evaluation
/// logic.
bool allowed(const Account& account, const Identity& who, const Question& question);

struct Decision {
  bool may = false;
  std::string why;  // "because no identity-based policy allows the s3:GetObject action"
};
/// The same with its reason, as AWS words it; `resource_policy` is null or the bucket's.
Decision decide(const Account& account, const Identity& who, const Question& question,
                const Json& resource_policy = {});
/// "User: … is not authorized to perform: … on resource: … because …".
std::string not_authorized(const Identity& who, const Question& question, const Decision& decision);

/// What a policy with a Principal element says to an identity of its own account.
struct ResourceVerdict {
  bool denies = false;
  bool allows_caller = false;   // by name, or everybody: that is enough
  bool allows_account = false;  // then the caller's own policies must allow, too
};
ResourceVerdict judge_resource_policy(const Account& account, const Identity& who, const Json& document,
                                      const Question& question);
/// The question with the condition keys that AWS adds by itself.
Question in_full(const Account& account, const Identity& who, Question question);

/// Whether the role's trust policy lets an AWS service, ec2.amazonaws.com for one, act as the role. Without a
/// trust policy (in a seed), a role trusts everything in its account.
bool trusts_service(const Principal& role, const std::string& service);

/// The first user or role of the account that a document's Principal names and that does not exist; "" when
/// all do. AWS keeps a principal by its unique id, so it must be there.
std::string unknown_principal(const Account& account, const Json& document);

/// The ARN of a user or role, with its path.
std::string principal_arn(const Account& account, const Principal& principal);
std::string profile_arn(const Account& account, const InstanceProfile& profile);

}  // namespace spillway::emu
