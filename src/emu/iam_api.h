#pragma once
#include <functional>
#include <string>
#include <vector>

#include "emu/call.h"
#include "emu/iam.h"

// IAM's query protocol, one table of operations per file iam_*.cpp, and what they share.
namespace spillway::emu {

const XmlOperations& iam_role_operations();
const XmlOperations& iam_policy_operations();
const XmlOperations& iam_profile_operations();
const XmlOperations& iam_simulator_operations();

/// AccessDenied, in IAM's words, unless the caller may do `action` (as "iam:GetRole") to the resource.
Answer<bool> iam_demand(const Account& account, const Call& call, const std::string& action,
                        const std::string& resource, Context context = {});
/// The parameter, of at most `most` of the characters that IAM takes in names. Errors: ValidationError.
Answer<std::string> iam_name(const Call& call, std::string_view parameter, size_t most);
/// The parameter Path, "/" when absent. Errors: ValidationError.
Answer<std::string> iam_path(const Call& call);
/// The parameter, or ValidationError.
Answer<std::string> iam_required(const Call& call, std::string_view parameter);

/// The role that RoleName names, once the caller was found to be allowed the operation on it. Errors:
/// ValidationError, AccessDenied, NoSuchEntity.
Answer<Principal*> iam_role(Account& account, const Call& call);
/// The members of a Role element, without its tags.
void write_role(Xml& xml, const Account& account, const Principal& role);

/// Tags.member.N. Errors: ValidationError, InvalidInput, LimitExceeded.
Answer<Tags> iam_tags(const Call& call);
/// Adds to tags, whose keys IAM compares without regard to case. Errors: LimitExceeded.
Answer<bool> iam_add_tags(Tags& tags, const Tags& more);
void iam_remove_tags(Tags& tags, const std::vector<std::string>& keys);
void iam_write_tags(Xml& xml, const Tags& tags);
/// aws:RequestTag/… of tags to come, and aws:ResourceTag/… of tags that are there.
Context iam_request_tags(const Tags& tags);
Context iam_resource_tags(const Tags& tags);
/// aws:TagKeys.
Context tag_keys(const std::vector<std::string>& keys);

/// A page of `names` by MaxItems and Marker, written with `write` into <list>; IsTruncated and Marker after
/// it. Errors: ValidationError.
Answer<bool> iam_page(Xml& xml, const Call& call, std::string_view list,
                      const std::vector<std::string>& names,
                      const std::function<void(const std::string&)>& write);

/// A new unique id: `prefix` and 17 capital letters and digits.
std::string iam_id(Account& account, std::string_view prefix);

}  // namespace spillway::emu
