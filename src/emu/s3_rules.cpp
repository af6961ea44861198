#include <algorithm>
#include <set>

#include "base/text.h"
#include "emu/iam.h"
#include "emu/s3.h"
#include "emu/xml_tree.h"

// The rules that a bucket is given: its lifecycle, which is kept and shown but not acted on, and its policy.
namespace spillway::emu {
namespace {

constexpr size_t kMaxPolicy = 20480;  // bytes, by S3's quota

tl::unexpected<ApiError> bad_days(std::string_view what) {
  return refusal("InvalidArgument", fmt::format("'{}' action must be a positive integer", what));
}

Answer<bool> check_days(const Element& rule, std::string_view action, std::string_view days) {
  const Element* found = rule.child(action);
  if (!found || !found->child(days)) return true;
  const auto number = parse_int(found->text_of(days));
  if (!number || *number < 1) return bad_days(fmt::format("{}' for '{}", days, action));
  return true;
}

/// The rule as it will be shown: with an ID. Errors: MalformedXML, InvalidArgument.
Answer<Element> rule_of(const Element& given, const std::string& default_id) {
  constexpr std::string_view kActions[] = {"Expiration", "NoncurrentVersionExpiration", "Transition",
                                           "NoncurrentVersionTransition", "AbortIncompleteMultipartUpload"};
  Element rule = given;
  const std::string status = rule.text_of("Status");
  const bool acts = std::any_of(std::begin(kActions), std::end(kActions),
                                [&](std::string_view action) { return rule.child(action) != nullptr; });
  const bool aims = (rule.child("Filter") != nullptr) != (rule.child("Prefix") != nullptr);
  if ((status != "Enabled" && status != "Disabled") || !aims) return tl::unexpected(malformed_xml());
  if (!acts) return refusal("InvalidRequest", "At least one action needs to be specified in a rule");
  EMU_TRY(check_days(rule, "Expiration", "Days"));
  EMU_TRY(check_days(rule, "NoncurrentVersionExpiration", "NoncurrentDays"));
  EMU_TRY(check_days(rule, "AbortIncompleteMultipartUpload", "DaysAfterInitiation"));
  if (rule.text_of("ID").size() > 255)
    return refusal("InvalidArgument", "ID length should not exceed allowed limit of 255");
  if (rule.text_of("ID").empty()) {
    std::erase_if(rule.children, [](const Element& child) { return child.name == "ID"; });
    rule.children.insert(rule.children.begin(), Element{"ID", default_id, {}});
  }
  return rule;
}

/// Whether everybody is let in.
bool is_public(const Json& policy) {
  const Json::Array statements = statements_of(policy);
  return std::any_of(statements.begin(), statements.end(), [](const Json& statement) {
    const Json& principal = statement["Principal"];
    const std::vector<std::string> names =
        policy_strings(principal.is_string() ? principal : principal["AWS"]);
    return statement["Effect"].as_string() == "Allow" && statement["Condition"].size() == 0 &&
           std::find(names.begin(), names.end(), "*") != names.end();
  });
}

Answer<bool> check_resources(const Json& policy, const std::string& bucket) {
  const std::string own = "arn:aws:s3:::" + bucket;
  for (const Json& statement : statements_of(policy))
    for (const char* name : {"Resource", "NotResource"})
      for (const std::string& resource : policy_strings(statement[name]))
        if (resource != own && !resource.starts_with(own + "/"))
          return refusal("MalformedPolicy", "Policy has invalid resource");
  return true;
}

}  // namespace

Answer<net::Response> s3_put_lifecycle(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutLifecycleConfiguration"));
  const Element given = EMU_TRY(document_of(call, "LifecycleConfiguration"));
  Element kept{given.name, "", {}};
  std::set<std::string> ids;
  for (const Element* rule : given.all("Rule")) {
    kept.children.push_back(EMU_TRY(rule_of(*rule, call.account.make_id("rule-"))));
    if (!ids.insert(kept.children.back().text_of("ID")).second)
      return refusal("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule");
  }
  if (ids.empty() || ids.size() > 1000) return tl::unexpected(malformed_xml());
  bucket.lifecycle = inner_xml(kept);
  return net::Response{200, {}, ""};
}

Answer<net::Response> s3_get_lifecycle(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "GetLifecycleConfiguration"));
  if (bucket.lifecycle.empty())
    return refusal("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404);
  return s3_xml(200, "LifecycleConfiguration", std::move(Xml{}.raw(bucket.lifecycle)));
}

Answer<net::Response> s3_delete_lifecycle(S3Call& call) {
  EMU_TRY(bucket_for(call, "PutLifecycleConfiguration"))->lifecycle.clear();
  return net::Response{204, {}, ""};
}

Answer<net::Response> s3_put_policy(S3Call& call) {
  Bucket& bucket = *EMU_TRY(bucket_for(call, "PutBucketPolicy"));
  EMU_TRY(s3_check_digests(call, true));
  if (call.body.size() > kMaxPolicy)
    return refusal("PolicyTooLarge", "Policy exceeds the maximum allowed document size.");
  Json policy = EMU_TRY(read_policy(call.body, PolicyKind::bucket));
  EMU_TRY(check_resources(policy, bucket.name));
  if (!unknown_principal(call.account, policy).empty())
    return refusal("MalformedPolicy", "Invalid principal in policy");
  if (bucket.public_access && bucket.public_access->public_policy && is_public(policy))
    return refusal("AccessDenied",
                   fmt::format("User: {} is not authorized to perform: s3:PutBucketPolicy on resource: "
                               "\"arn:aws:s3:::{}\" because public policies are prevented by the "
                               "BlockPublicPolicy setting in S3 Block Public Access.",
                               call.who.arn, bucket.name),
                   403);
  bucket.policy = std::move(policy);
  return net::Response{204, {}, ""};
}

Answer<net::Response> s3_get_policy(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "GetBucketPolicy"));
  if (bucket.policy.is_null()) return refusal("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
  return net::Response{200, {{"Content-Type", "application/json"}}, bucket.policy.dump()};
}

Answer<net::Response> s3_delete_policy(S3Call& call) {
  EMU_TRY(bucket_for(call, "DeleteBucketPolicy"))->policy = Json();
  return net::Response{204, {}, ""};
}

}  // namespace spillway::emu
