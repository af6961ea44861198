#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "site/diff.h"
#include "site/inputs.h"
#include "site/resource.h"

// How each type of resource is found, made, changed and removed on AWS. Each makes one kind of thing, and
// repeating any of it is harmless: what was made before a crash is found by its tags, which are part of the
// call that makes it.
namespace spillway::site {

/// What the providers work with.
struct Session {
  aws::Client& aws;
  const Inputs& in;
  Clock& clock;
  /// Keys that an apply of ours began to make; what cannot be tagged in the call that makes it is ours by
  /// this.
  std::set<std::string> begun;
  std::string attempt;  // names this attempt to make one thing; the same after a crash
  Deadline deadline = Deadline::after(std::chrono::minutes{10});
};

struct Provider {
  std::string_view type;
  std::string_view noun;  // "subnet", for people
  PropertyRules rules;
  /// All of this type that are ours, by tag, path or name. Errors: conflict (SPW-SITE-005: a name that we
  /// need is somebody else's).
  Result<std::vector<Actual>> (*find)(const Session&) = nullptr;
  /// Makes it; properties are resolved. Returns its id and attributes.
  Result<Actual> (*create)(const Session&, const Resource&) = nullptr;
  /// Brings it to `wanted` (resolved), as far as not fixed.
  Result<Actual> (*update)(const Session&, const Actual&, const Resource& wanted) = nullptr;
  /// Removes it; what is gone already is success. Waits until it is gone where others depend on that.
  Result<void> (*remove)(const Session&, const Actual&) = nullptr;
  /// Somebody else's, by its id: attributes that ours refer to. Errors: not_found.
  Result<Actual> (*adopt)(const Session&, const Resource&) = nullptr;
};

/// All types, in the order in which they are asked for.
const std::vector<Provider>& providers();
/// Null for a type that nobody provides.
const Provider* provider_of(std::string_view type);
PropertyRules rules_of(std::string_view type);

std::vector<Provider> vpc_providers();
std::vector<Provider> route_providers();
std::vector<Provider> group_providers();
std::vector<Provider> iam_providers();
std::vector<Provider> bucket_providers();
std::vector<Provider> object_providers();
std::vector<Provider> gateway_providers();
std::vector<Provider> template_providers();

// ---- what they share

/// The metadata of an object that tells its content's digest: what is secret is never read back.
inline constexpr const char* kDigestMetadata = "spillway-digest";

/// A call of EC2.
Result<Json> ec2(const Session& session, std::string_view operation, Json input);
/// TagSpecifications of a creating call: ownership, and a Name for the console.
Json tag_specifications(const Session& session, std::string_view ec2_kind, const std::string& key);
/// The same as a plain list.
Json tag_list(const Session& session, const std::string& key);
/// Filters that only what carries our cluster's tag passes.
Json our_filters(const Session& session);
/// The value of a tag in a list of Key and Value; "" when it is not there.
std::string tag_in(const Json& tags, std::string_view key);
/// Success when the error says that it is gone already.
Result<void> unless_gone(Result<Json> answer);
/// Repeats while AWS says that something still depends on it, or does not know yet what was just made.
Result<Json> patiently(const Session& session, const std::vector<std::string_view>& passing_codes,
                       const std::function<Result<Json>()>& call);

}  // namespace spillway::site
