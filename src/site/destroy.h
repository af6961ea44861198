#pragma once
#include "site/diff.h"
#include "site/image_build.h"
#include "site/provider.h"

namespace spillway::site {

/// What carries our tag, or lies in our bucket, besides what apply made.
struct Leftovers {
  std::vector<std::string> instances;  // live cloud nodes
  std::vector<std::string> fleets;     // of past launches
  std::string bucket;                  // ours, with something in it that apply did not put there
  std::vector<std::string> builders;   // of images that are not ready yet
  std::vector<OwnImage> images;        // that `image build` made
  std::vector<std::string> snapshots;  // that no image stands on
  bool empty() const {
    return instances.empty() && fleets.empty() && bucket.empty() && builders.empty() && images.empty() &&
           snapshots.empty();
  }
};
Result<Leftovers> leftovers(const Session& session);

struct Consent {
  bool with_data = false, with_nodes = false;
};
/// Errors: refused (SPW-SITE-006, -010, -024) when something would be lost that nobody agreed to lose.
Result<void> may_destroy(const Leftovers& others, const Consent& consent);
/// Terminates nodes and builders and waits for their end, forgets the fleets, deregisters the images, empties
/// the bucket of all versions.
Result<void> remove_leftovers(const Session& session, const Leftovers& others);

std::string destroy_text(const Inputs& in, const Difference& all, const Leftovers& others, bool colour);

}  // namespace spillway::site
