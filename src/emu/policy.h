#pragma once
#include <string>
#include <utility>
#include <vector>

#include "emu/call.h"

// The language of IAM's policies: what a document says, without knowing whose it is. Source: IAM User Guide,
// "Policy evaluation logic", "IAM JSON policy elements reference" and "Creating a condition with multiple
// keys or values".
namespace spillway::emu {

/// Condition keys and their values; a key with several values stands there several times.
using Context = std::vector<std::pair<std::string, std::string>>;

/// One question to policies.
struct Question {
  std::string action;    // s3:GetObject
  std::string resource;  // an ARN, or "*" where the action knows no resource: then only Resource "*" matches
  Context context;       // condition keys, beside the aws: ones
};

enum class Verdict { implicit_deny, allowed, explicit_deny };
/// "implicitDeny", "allowed" or "explicitDeny", as the policy simulator writes them.
std::string_view to_string(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::implicit_deny;
  std::vector<std::string> matched;  // names of the policies whose statements decided, one per statement
};

/// A JSON value where IAM takes one string, number or boolean as well as a list of them.
std::vector<std::string> policy_strings(const Json& value);
/// The statements of a document, of which there may be one without a list.
Json::Array statements_of(const Json& document);
/// Whether policy variables mean something in the document: not before Version 2012-10-17.
bool takes_variables(const Json& document);

/// Puts in what ${…} stands for. `quoted`: a * or ? in it means itself. An unknown variable without a default
/// becomes what nothing matches.
std::string with_variables(std::string_view text, const Context& context, bool quoted);
/// Whether an ARN matches a pattern, part by part, so that no * reaches over a colon but in the last part.
bool matches_arn(std::string_view pattern, std::string_view arn);

/// Whether all of a Condition block holds. `unknown` is the answer to operators that this model lacks.
bool conditions_hold(const Json& conditions, const Context& context, bool variables, bool unknown);
/// Whether the condition operator is one of IAM's, with its prefixes and suffix.
bool is_condition_operator(std::string_view name);

/// Whether a statement speaks of the action, the resource (unless the statement is of a trust policy, which
/// names none) and the circumstances; its Principal is not looked at.
bool statement_applies(const Json& statement, const Question& question, bool variables);
/// What identity policies say: some statement allows, none denies.
Judgement judge(const std::vector<Policy>& policies, const Question& question);

enum class PolicyKind { identity, trust, bucket };
/// The document, read. Errors: MalformedPolicyDocument (of a bucket: MalformedPolicy), with IAM's reason.
Answer<Json> read_policy(const std::string& text, PolicyKind kind);

}  // namespace spillway::emu
