#include "site/diff.h"

#include <algorithm>
#include <set>

namespace spillway::site {
namespace {

bool is_in(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> differing(const Json& wanted, const Json& actual, const PropertyRules& rules) {
  std::vector<std::string> out;
  for (const auto& [name, value] : wanted.members())
    if (!is_in(rules.unread, name) && (has_references(value) || !covers(actual[name], value)))
      out.push_back(name);
  return out;
}

/// How far from the ground a type stands: what stands higher goes first. What is there and no longer wanted
/// has no references to order it by.
int height(std::string_view type) {
  constexpr std::string_view kFromTop[] = {
      "AWS::EC2::EIPAssociation",     "AWS::EC2::Instance",      "AWS::EC2::EIP",
      "AWS::EC2::LaunchTemplate",     "AWS::EC2::VPCEndpoint",   "AWS::EC2::RouteTable",
      "Spillway::SecurityGroupRules", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet",
      "AWS::EC2::InternetGateway",    "AWS::EC2::VPC",           "AWS::EC2::DHCPOptions",
      "AWS::IAM::InstanceProfile",    "AWS::IAM::Role",          "Spillway::WireGuardKey",
      "Spillway::S3::Object",         "AWS::S3::BucketPolicy",   "AWS::S3::Bucket"};
  const auto found = std::find(std::begin(kFromTop), std::end(kFromTop), type);
  return static_cast<int>(std::end(kFromTop) - found);
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::create:
      return "create";
    case Action::update:
      return "update";
    case Action::replace:
      return "replace";
    case Action::destroy:
      return "destroy";
  }
  return "";
}

size_t Difference::count(Action action) const {
  return static_cast<size_t>(std::count_if(changes.begin(), changes.end(),
                                           [&](const Change& change) { return change.action == action; }));
}

Difference difference(const Resources& wanted, const Actuals& actuals, RulesOf rules_of) {
  Difference out;
  Actuals stay = actuals;  // what keeps its id
  std::set<std::string> keys;
  for (const Resource& resource : wanted) {
    keys.insert(resource.key);
    const auto found = actuals.find(resource.key);
    if (found == actuals.end()) {
      if (resource.existing.empty())
        out.changes.push_back({Action::create, resource.key, resource.type, "", {}, resource, {}});
      continue;
    }
    if (!resource.existing.empty()) continue;
    const PropertyRules rules = rules_of(resource.type);
    std::vector<std::string> names =
        differing(resolved(resource.properties, stay), found->second.properties, rules);
    if (names.empty()) continue;
    const bool anew = std::any_of(names.begin(), names.end(),
                                  [&](const std::string& name) { return is_in(rules.fixed, name); });
    if (anew) stay.erase(resource.key);
    out.changes.push_back({anew ? Action::replace : Action::update, resource.key, resource.type,
                           found->second.id, std::move(names), resource, found->second});
  }
  std::vector<Change> gone;
  for (const auto& [key, actual] : actuals)
    // A service-linked role belongs to the account.
    if (!keys.contains(key) && actual.type != "AWS::IAM::ServiceLinkedRole")
      gone.push_back({Action::destroy, key, actual.type, actual.id, {}, {}, actual});
  std::stable_sort(gone.begin(), gone.end(),
                   [](const Change& a, const Change& b) { return height(a.type) > height(b.type); });
  out.changes.insert(out.changes.end(), gone.begin(), gone.end());
  return out;
}

}  // namespace spillway::site
