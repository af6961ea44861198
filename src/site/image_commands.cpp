#include "site/image_commands.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "site/applier.h"
#include "site/ask.h"
#include "site/codes.h"
#include "site/gather.h"
#include "site/image_build.h"
#include "site/image_recipe.h"
#include "slurm/command_controller.h"

namespace spillway::site {
namespace {

constexpr Code kNoPlace{
    "SPW-SITE-025", "a builder stands in the gateway's subnet, which has a way to the internet",
    "spillway apply makes it; without a tunnel name a public subnet of the VPC: --subnet ID"};
constexpr Code kInUse{"SPW-SITE-026", "new nodes are launched from it",
                      "name another one as site.image, spillway apply, then delete it"};
constexpr Code kNoSuchImage{"SPW-SITE-027", "no image of this cluster is called so", "spillway image ls"};

Json kept_facts(const Gathered& gathered) {
  const auto kept = read_file(gathered.outputs);
  return kept ? Json::parse(*kept).value_or(Json()) : Json();
}

/// The controller's version unless it is said.
Result<std::string> slurm_version(const Invocation& asked, const config::ClusterConfig& cluster) {
  if (asked.has("slurm-version")) return asked.get("slurm-version");
  PosixRunner runner;
  slurm::CommandController controller{runner, {.bin = cluster.slurm_bin, .slurm_conf = cluster.slurm_conf}};
  auto version = controller.version(Deadline::after(std::chrono::seconds{20}));
  if (!version)
    return std::move(version)
        .error()
        .during("the controller's version")
        .fixed_by("say it: --slurm-version 22.05");
  return fmt::format("{:02}.{:02}", version->major, version->minor);
}

Result<std::string> recipe_for(const Invocation& asked, const config::ClusterConfig& cluster, bool builder) {
  return render_recipe(
      {TRY(slurm_version(asked, cluster)), asked.get("slurm-source"), asked.get("slurm-sha256"), builder});
}

Result<int> recipe(const Invocation& asked) {
  config::ClusterConfig cluster;
  if (!asked.has("slurm-version")) cluster = TRY(fleet::load(asked)).site.cluster;
  fmt::print("{}", TRY(recipe_for(asked, cluster, false)));
  return 0;
}

/// Where builders stand: the gateway's subnet, and a group that lets nothing in.
Result<void> take_place(const Invocation& asked, const Session& session, ImageWish& wish) {
  const Actuals actuals = TRY(observe(session, {}));
  const auto id = [&](const char* key) { return actuals.contains(key) ? actuals.at(key).id : std::string(); };
  wish.group = id("ImageGroup");
  wish.subnet = asked.get("subnet", session.in.existing.gateway_subnet);
  if (wish.subnet.empty()) wish.subnet = id("GatewaySubnet");
  // Where nodes end the tunnel themselves, their own subnets have a way out.
  if (wish.subnet.empty()) wish.subnet = id("ComputeSubnet1");
  if (wish.group.empty() || wish.subnet.empty())
    return Error{Kind::not_found, kNoPlace, "there is no place for a builder yet"};
  return {};
}

Result<ImageWish> wish_for(const Invocation& asked, const Gathered& gathered, const Session& session) {
  ImageWish wish;
  const config::ClusterConfig& cluster = gathered.loaded.site.cluster;
  wish.user_data = TRY(recipe_for(asked, cluster, true));
  const std::string source = asked.get("base", gathered.inputs.own.image);
  const std::string id = TRY(image_of(session.aws, source, Json()));
  wish.base = TRY(check_image(session.aws, id, gathered.inputs.own.image_owner));
  wish.name = asked.get(
      "name", fmt::format("spillway-{}-slurm-{}", cluster.name, TRY(slurm_version(asked, cluster))));
  wish.type = asked.get("type", wish.base.architecture == "arm64" ? "t4g.medium" : "t3.medium");
  TRY(take_place(asked, session, wish));
  return wish;
}

Result<int> build(const Invocation& asked) {
  const Gathered gathered = TRY(gather_for_destroy(asked));
  Intents intents = TRY(Intents::open(gathered.intents));
  SystemClock clock;
  const Session session{gathered.aws->client(), gathered.inputs, clock, intents.begun()};
  const ImageWish wish = TRY(wish_for(asked, gathered, session));
  fmt::print(stderr,
             "Image {} from {}: a {} in {} runs the recipe (about ten minutes), stops, and is terminated "
             "when the image is ready. An image costs what its snapshot takes.\n",
             wish.name, wish.base.id, wish.type, wish.subnet);
  if (asked.has("dry-run")) return 0;
  TRY(confirm(asked, "Build it?"));
  watch_for_interrupt();
  BuildFollower follower;
  follower.say = [&](const std::string& what) {
    fmt::print(stderr, "{}  {}\n", to_iso8601_seconds(clock.now()), what);
  };
  follower.stop = interrupted;
  follower.wait = !asked.has("no-wait");
  auto id = bring_image(session, intents, wish, follower);
  if (!id && (id.error().kind == Kind::interrupted || id.error().retryable()) && id.error().fix.empty())
    return std::move(id).error().fixed_by("spillway image build goes on");
  const std::string made = TRY(std::move(id));
  if (asked.json())
    fmt::print(
        "{}\n",
        Json::object(
            {{"schema", "spillway.image/v1"}, {"name", wish.name}, {"id", made}, {"ready", !made.empty()}})
            .dump(2));
  else if (!made.empty())
    fmt::print("{}\n", made);
  if (made.empty())
    fmt::print(stderr, "Not ready yet: spillway image build goes on.\n");
  else
    fmt::print(stderr,
               "Next: in spillway.yaml  site: {{image: {}, image_owner: self}}  then: spillway apply\n",
               made);
  return 0;
}

Result<int> list(const Invocation& asked) {
  const Gathered gathered = TRY(gather_for_destroy(asked));
  SystemClock clock;
  const Session session{gathered.aws->client(), gathered.inputs, clock, {}};
  const std::string in_use = kept_facts(gathered)["image"]["id"].as_string();
  const std::vector<OwnImage> images = TRY(own_images(session));
  const std::vector<std::string> building = TRY(live_builders(session));
  if (asked.json()) {
    Json all = Json::array();
    for (const OwnImage& image : images)
      all.push(Json::object({{"id", image.id},
                             {"name", image.name},
                             {"state", image.state},
                             {"created", image.created},
                             {"contains", image.slurm},
                             {"in_use", image.id == in_use}}));
    fmt::print("{}\n", Json::object({{"schema", "spillway.images/v1"},
                                     {"images", std::move(all)},
                                     {"builders", Json(Json::Array(building.begin(), building.end()))}})
                           .dump(2));
    return 0;
  }
  for (const OwnImage& image : images)
    fmt::print("{:<22} {:<10} {:<32} {}{}\n", image.id, image.state, image.name, image.slurm,
               image.id == in_use ? "  in use" : "");
  for (const std::string& builder : building) fmt::print("{:<22} builder\n", builder);
  return 0;
}

Result<int> remove(const Invocation& asked) {
  const Gathered gathered = TRY(gather_for_destroy(asked));
  SystemClock clock;
  const Session session{gathered.aws->client(), gathered.inputs, clock, {}};
  const std::string& name = asked.arguments.at(0);
  const std::vector<OwnImage> images = TRY(own_images(session));
  const auto found = std::find_if(images.begin(), images.end(), [&](const OwnImage& image) {
    return image.name == name || image.id == name;
  });
  if (found == images.end())
    return Error{Kind::not_found, kNoSuchImage, fmt::format("there is no image {}", in_quotes(name))};
  if (found->id == kept_facts(gathered)["image"]["id"].as_string())
    return Error{Kind::refused, kInUse, fmt::format("{} is this site's image", found->id)};
  fmt::print("This is deleted: the image {} {} and its snapshots.\n", found->name, found->id);
  if (asked.has("dry-run")) return 0;
  TRY(confirm(asked, "Delete it?"));
  TRY(delete_image(session, *found));
  TRY(delete_snapshots(session, TRY(orphan_snapshots(session))));
  return 0;
}

const Option kSlurmVersion{"--slurm-version", "YY.MM",
                           "Slurm that the image gets; else the controller's, which is asked.", "", ""};
const Option kSlurmSource{
    "--slurm-source", "URL",
    "SchedMD's archive to build Slurm from, where the distribution has another version.", "", ""};
const Option kSlurmHash{"--slurm-sha256", "HEX", "SHA-256 of that archive.", "", ""};

}  // namespace

std::vector<Command> image_commands() {
  return {
      {.path = "image build",
       .summary = "Make an image for compute nodes from a stock one.",
       .description = "Launches a builder in the gateway's subnet, which runs the recipe: Slurm of the "
                      "controller's version, munge, "
                      "WireGuard's tools, nftables, and time from EC2's own clock. When it has stopped, the "
                      "image is made, and the "
                      "builder is terminated. The builder has no role and lets nothing in. Interrupted or "
                      "killed, the next run goes on "
                      "with what stands; destroy removes builders, and images with --with-data.",
       .options = {{"--base", "AMI", "Image to start from, an id or ssm:NAME; else site.image.", "", ""},
                   {"--name", "NAME", "What the image is called; else after cluster and Slurm.", "", ""},
                   {"--type", "TYPE",
                    "Instance type of the builder; else t3.medium, or t4g.medium for arm64.", "", ""},
                   {"--subnet", "ID", "Subnet with a way to the internet; else the gateway's.", "", ""},
                   {"--no-wait", "", "Do what can be done now, and return.", "", ""},
                   kSlurmVersion,
                   kSlurmSource,
                   kSlurmHash,
                   profile_option()},
       .examples = {{"spillway image build --dry-run", "says what would be launched"},
                    {"spillway image build --base ami-0123456789abcdef0 --yes", "prints the new image's id"}},
       .run = build},
      {.path = "image recipe",
       .summary = "Print the recipe, for Packer.",
       .description = "The shell script that `image build` runs on a builder; as root it turns the machine "
                      "that it runs on into "
                      "one to take an image of.",
       .options = {kSlurmVersion, kSlurmSource, kSlurmHash},
       .examples = {{"spillway image recipe --slurm-version 22.05 > prepare.sh",
                     "needs neither AWS nor Slurm"}},
       .run = recipe},
      {.path = "image ls",
       .summary = "List the images that were built.",
       .description =
           "Images and builders with this cluster's tag, and which image compute nodes are launched from.",
       .options = {profile_option()},
       .examples = {{"spillway image ls -o json", "for programs"}},
       .run = list},
      {.path = "image delete",
       .summary = "Delete an image that was built.",
       .description = "Deregisters the image and deletes its snapshots. The site's own image is refused.",
       .options = {profile_option()},
       .positionals = {{"IMAGE", "Its name or id."}},
       .examples = {{"spillway image delete spillway-tundra-slurm-22.05 --yes", "and its snapshots"}},
       .run = remove}};
}

}  // namespace spillway::site
