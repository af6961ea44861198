#pragma once
#include <functional>
#include <string>
#include <vector>

#include "site/images.h"
#include "site/intents.h"
#include "site/provider.h"

// Images that Spillway makes, and the builders that become them. Nothing is kept on disk but the intent of a
// launch: both carry the cluster's tag, spillway:kind and spillway:image (the name), from the call that makes
// them.
namespace spillway::site {

inline constexpr std::string_view kBuilderKind = "image-builder", kImageKind = "image";

/// An image to be made.
struct ImageWish {
  std::string name;
  ImageFacts base;
  std::string type, subnet, group;  // of the builder
  std::string user_data;            // the recipe, not encoded
};

/// An image of ours.
struct OwnImage {
  std::string id, name, state, created, slurm;
  std::vector<std::string> snapshots;
};

/// Who follows a build.
struct BuildFollower {
  std::function<void(const std::string&)> say = [](const std::string&) {};  // each new step, once
  std::function<bool()> stop = [] { return false; };
  bool wait = true;  // false: as far as it goes now
};

/// Brings the image about, going on from whatever a former run left:
///
///   nothing ─ launch ─▶ builder runs ─ powers itself off ─▶ builder stopped ─ CreateImage ─▶ pending ─▶
///   available
///                                                              │                               └▶ builder
///                                                              terminated └ the recipe failed ─▶ builder
///                                                              terminated, error
///
/// Gives its id; "" when it is not ready and nobody waits. Errors: conflict (SPW-SITE-005: the name is
/// somebody else's), unavailable (SPW-SITE-022: the recipe failed; -023: the builder ended without a word),
/// interrupted, timeout, those of Client::call.
Result<std::string> bring_image(const Session& session, Intents& intents, const ImageWish& wish,
                                const BuildFollower& follower);

/// All images of this cluster, by name.
Result<std::vector<OwnImage>> own_images(const Session& session);
/// Deregisters the image and deletes its snapshots; safe to repeat.
Result<void> delete_image(const Session& session, const OwnImage& image);
/// Builders that are not terminated.
Result<std::vector<std::string>> live_builders(const Session& session);
/// Snapshots of ours that no image stands on any more.
Result<std::vector<std::string>> orphan_snapshots(const Session& session);
Result<void> delete_snapshots(const Session& session, const std::vector<std::string>& ids);

}  // namespace spillway::site
