#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "site/resource.h"

namespace spillway::site {

enum class Action { create, update, replace, destroy };
std::string_view to_string(Action action);

/// One difference between what is wanted and what is there.
struct Change {
  Action action = Action::create;
  std::string key, type, id;            // id: of what is there
  std::vector<std::string> properties;  // those that differ
  Resource wanted;                      // not for destroy
  Actual actual;                        // not for create
};

/// What has to be done, in the order in which it can be done: creations and updates after what they need,
/// then destructions of what nothing needs any more.
struct Difference {
  std::vector<Change> changes;
  size_t count(Action action) const;
  bool empty() const { return changes.empty(); }
};

/// How the properties of a type are compared.
struct PropertyRules {
  std::vector<std::string_view> fixed;   // a change needs a new resource. Source: CloudFormation's reference,
                                         // "Update requires: Replacement"
  std::vector<std::string_view> unread;  // AWS does not tell them back: another property stands for them
};
using RulesOf = PropertyRules (*)(std::string_view type);

/// Compares; a pure function. `wanted` is in order. A replaced resource has a new id, so whatever refers to
/// it changes too.
Difference difference(const Resources& wanted, const Actuals& actuals, RulesOf rules_of);

}  // namespace spillway::site
