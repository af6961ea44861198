// Images: the recipe, and builds that are killed at every call.
#include <gmock/gmock.h>

#include "site/image_build.h"
#include "site/image_recipe.h"
#include "site/world_test.h"

namespace spillway::site {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kDone =
    "[  1.0] booting\r\nspillway-image: step: Slurm\r\nspillway-image: done: slurm 22.05.8\r\n";

TEST(Recipe, BecomesAScriptOnlyWithValuesThatCannotBeShell) {
  const std::string digest(64, 'a');
  const auto script = render_recipe({.slurm_version = "22.05", .builder = true});
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_THAT(*script, HasSubstr("slurm_version='22.05'"));
  EXPECT_THAT(*script, HasSubstr("builder='yes'"));
  EXPECT_THAT(*script, HasSubstr("server 169.254.169.123"));
  EXPECT_THAT(*script, testing::Not(testing::ContainsRegex("@[A-Z0-9_]+@"))) << "a field was left";
  EXPECT_LT(script->size(), 16u * 1024) << "EC2's limit of user-data";
  EXPECT_TRUE(render_recipe({"23.11", "https://download.schedmd.com/slurm/slurm-23.11.10.tar.bz2", digest}));
  for (const RecipeValues& bad :
       {RecipeValues{""}, RecipeValues{"22.5'"}, RecipeValues{"22.05.8"},
        RecipeValues{"23.11", "http://x/y", digest}, RecipeValues{"23.11", "https://x/y';rm -rf /'", digest},
        RecipeValues{"23.11", "https://x/y", "short"}})
    EXPECT_EQ(render_recipe(bad).error().code, "SPW-SITE-021") << bad.slurm_version << bad.slurm_source;
}

TEST(Recipe, IsKnownByItsConsole) {
  EXPECT_EQ(verdict_in("").state, RecipeVerdict::State::unknown);
  EXPECT_EQ(verdict_in("x spillway-image: step: packages\nnoise\n").step, "packages");
  EXPECT_EQ(verdict_in(kDone).what, "slurm 22.05.8");
  const RecipeVerdict failed = verdict_in("spillway-image: log: E: 404\nspillway-image: failed: packages\n");
  EXPECT_EQ(failed.state, RecipeVerdict::State::failed);
  EXPECT_EQ(failed.what, "packages\n  E: 404");
}

/// An applied site, a builder that does what its script says, and EC2 that takes its time with images.
struct Workshop : World {
  Workshop() : World(emu::Settings{.image_delay = std::chrono::seconds{30}}) {
    apply();
    meanwhile = [this] { builders_work(); };
  }

  /// Each builder that runs writes its last words and powers off.
  void builders_work() {
    const Json all = cloud.snapshot();
    for (const Json& pair : all["instances"].items())
      if (pair.at(1)["state"].as_int() == 16 &&
          pair.at(1)["tags"].dump().find("image-builder") != std::string::npos) {
        cloud.wrote_to_console(InstanceId{pair.at(0).as_string()}, says);
        cloud.stopped_by_itself(InstanceId{pair.at(0).as_string()});
      }
  }

  ImageWish wish() const {
    return {"nodes",
            {"ami-0123456789abcdef0", "/dev/xvda", "x86_64", 8},
            "t3.medium",
            actuals.at("GatewaySubnet").id,
            actuals.at("ImageGroup").id,
            "#!/bin/sh\n"};
  }

  int build(int kill_at = -1, bool before = false) {
    return run(kill_at, before, [&](const Session& session, Intents& intents) -> Result<void> {
      const auto made = bring_image(session, intents, wish(), {});
      problem = made ? "" : made.error().code;
      id = made.value_or("");
      return {};
    });
  }

  std::vector<OwnImage> images() {
    std::vector<OwnImage> out;
    run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
      out = TRY(own_images(session));
      EXPECT_THAT(TRY(live_builders(session)), IsEmpty());
      EXPECT_THAT(TRY(orphan_snapshots(session)), IsEmpty());
      return {};
    });
    return out;
  }

  std::string says = kDone, id, problem;
};

TEST(Image, IsBuiltOnceAndItsBuilderGoes) {
  Workshop shop;
  shop.build();
  ASSERT_EQ(shop.problem, "");
  const auto images = shop.images();
  ASSERT_THAT(images, SizeIs(1));
  EXPECT_EQ(images[0].id, shop.id);
  EXPECT_EQ(images[0].state, "available");
  EXPECT_EQ(images[0].slurm, "slurm 22.05.8");
  EXPECT_THAT(images[0].snapshots, SizeIs(1));
  const std::string first = shop.id;
  shop.build();
  EXPECT_EQ(shop.id, first);
  EXPECT_TRUE(shop.pending().empty()) << "apply wants nothing of it";
}

TEST(Image, KilledAtAnyCallTheNextBuildGoesOn) {
  Workshop whole;
  const Json applied = whole.cloud.snapshot();
  const int calls = whole.build();
  const auto wanted = whole.census();
  ASSERT_GT(calls, 10);
  for (int call = 0; call < calls; ++call)
    for (const bool before : {true, false}) {
      Workshop shop;
      ASSERT_TRUE(shop.cloud.restore(applied));
      shop.build(call, before);
      shop.build();
      EXPECT_EQ(shop.problem, "") << call;
      EXPECT_THAT(shop.images(), SizeIs(1)) << "killed at call " << call << (before ? " before" : " after");
      EXPECT_EQ(shop.census(), wanted) << "killed at call " << call << (before ? " before" : " after");
    }
}

TEST(Image, ARecipeThatFailsLeavesNothingAndTheNextBuildBeginsAnew) {
  Workshop shop;
  const auto before = shop.census();
  for (const auto& [says, code] : {std::pair{"spillway-image: failed: packages\n", "SPW-SITE-022"},
                                   std::pair{"kernel panic\n", "SPW-SITE-023"}}) {
    shop.says = says;
    shop.build();
    EXPECT_EQ(shop.problem, code);
    EXPECT_EQ(shop.census(), before);
  }
  shop.says = kDone;
  shop.build();
  EXPECT_EQ(shop.problem, "");
}

TEST(Image, AStrangersNameIsLeftAlone) {
  Workshop shop;
  EXPECT_TRUE(
      shop.cloud.seed(*Json::parse(R"({"images": [{"id": "ami-0aaaaaaaaaaaaaaa1", "name": "nodes"}]})")));
  const auto before = shop.census();
  shop.build();
  EXPECT_EQ(shop.problem, "SPW-SITE-005");
  EXPECT_EQ(shop.census(), before);
}

TEST(Image, DestroyTakesBuildersAndAsksForImages) {
  Workshop shop;
  shop.build();
  shop.meanwhile = nullptr;
  shop.run(-1, false, [&](const Session& session, Intents& intents) -> Result<void> {
    ImageWish other = shop.wish();
    other.name = "later";
    TRY(bring_image(session, intents, other, {.wait = false}));
    const Leftovers others = TRY(leftovers(session));
    EXPECT_THAT(others.builders, SizeIs(1));
    EXPECT_THAT(others.instances, IsEmpty()) << "a builder is no cloud node";
    EXPECT_EQ(may_destroy(others, {}).error().code, "SPW-SITE-024");
    TRY(may_destroy(others, {.with_data = true}));
    return remove_leftovers(session, others);
  });
  shop.destroy();
  EXPECT_EQ(shop.census()["images"], 1u);  // the one to start from
  EXPECT_EQ(shop.census()["snapshots"], 0u);
  EXPECT_EQ(shop.census()["security_groups"], 0u);
}

}  // namespace
}  // namespace spillway::site
