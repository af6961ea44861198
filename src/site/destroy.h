#pragma once
#include "site/diff.h"
#include "site/provider.h"

namespace spillway::site {

/// What carries our tag, or lies in our bucket, besides what apply made.
struct Leftovers {
  std::vector<std::string> instances;  // live cloud nodes
  std::vector<std::string> fleets;     // of past launches
  std::string bucket;                  // ours, with something in it that apply did not put there
  bool empty() const { return instances.empty() && fleets.empty() && bucket.empty(); }
};
Result<Leftovers> leftovers(const Session& session);

struct Consent {
  bool with_data = false, with_nodes = false;
};
/// Errors: refused (SPW-SITE-006, -010) when something would be lost that nobody agreed to lose.
Result<void> may_destroy(const Leftovers& others, const Consent& consent);
/// Terminates the nodes and waits for their end, forgets the fleets, empties the bucket of all versions.
Result<void> remove_leftovers(const Session& session, const Leftovers& others);

std::string destroy_text(const Inputs& in, const Difference& all, const Leftovers& others, bool colour);

}  // namespace spillway::site
