#include "site/image_build.h"

#include <algorithm>

#include "base/crypto.h"
#include "site/codes.h"
#include "site/image_recipe.h"

namespace spillway::site {
namespace {

constexpr Code kRecipeFailed{"SPW-SITE-022",
                             "the recipe did not come to its end on the builder, which is terminated",
                             "mend what its log names above, then: spillway image build"};
constexpr Code kNoWord{"SPW-SITE-023",
                       "the builder stopped, or ended, and its console does not say that the recipe was done",
                       "aws ec2 get-console-output shows what it wrote; spillway image build begins anew"};
constexpr auto kStopLag = std::chrono::minutes{5};    // until EC2 shows the console of a stopped instance
constexpr auto kPatience = std::chrono::minutes{90};  // the recipe's own limit is 45

Json filter(std::string_view name, Json values) {
  return Json::object({{"Name", name}, {"Values", std::move(values)}});
}

Json filters(const Session& session, std::string_view kind) {
  Json out = our_filters(session);
  out.push(filter("tag:spillway:kind", Json::array({kind})));
  return out;
}

Json tags(const Session& session, std::string_view kind, const std::string& name) {
  Json out = tag_list(session, std::string(kind));
  out.push(Json::object({{"Key", "spillway:image"}, {"Value", name}}));
  return out;
}

Result<std::vector<Json>> builders(const Session& session, const std::string& name) {
  Json asked = filters(session, kBuilderKind);
  asked.push(filter("instance-state-name", Json::array({"pending", "running", "stopping", "stopped"})));
  if (!name.empty()) asked.push(filter("tag:spillway:image", Json::array({name})));
  const Json answer = TRY(session.aws.call_all(
      "ec2", "DescribeInstances", Json::object({{"Filters", std::move(asked)}}), session.deadline));
  std::vector<Json> out;
  for (const Json& reservation : answer["Reservations"].items())
    for (const Json& instance : reservation["Instances"].items()) out.push_back(instance);
  return out;
}

/// The image of that name in this account; nothing when there is none.
Result<Json> image_named(const Session& session, const std::string& name) {
  const Json answer =
      TRY(ec2(session, "DescribeImages",
              Json::object({{"Owners", Json::array({"self"})},
                            {"Filters", Json::array({filter("name", Json::array({name}))})}})));
  if (answer["Images"].size() == 0) return Json();
  const Json image = answer["Images"].at(0);
  if (tag_in(image["Tags"], "spillway:cluster") != session.in.cluster.value)
    return Error{Kind::conflict, kForeignName,
                 fmt::format("the image {} is called {} and is not this cluster's",
                             image["ImageId"].as_string(), name)};
  return image;
}

Result<void> end_builder(const Session& session, const std::string& id) {
  return unless_gone(ec2(session, "TerminateInstances", Json::object({{"InstanceIds", Json::array({id})}})));
}

Result<std::string> launch_builder(const Session& session, const ImageWish& wish) {
  const Json tagged = tags(session, kBuilderKind, wish.name);
  Json specifications = Json::array();
  for (const char* kind : {"instance", "volume", "network-interface"})
    specifications.push(Json::object({{"ResourceType", kind}, {"Tags", tagged}}));
  const Json interface = Json::object({{"DeviceIndex", 0},
                                       {"SubnetId", wish.subnet},
                                       {"Groups", Json::array({wish.group})},
                                       {"AssociatePublicIpAddress", true},
                                       {"DeleteOnTermination", true}});
  const Json disk =
      Json::object({{"DeviceName", wish.base.root_device},
                    {"Ebs", Json::object({{"Encrypted", true},
                                          {"DeleteOnTermination", true},
                                          {"VolumeType", "gp3"},
                                          {"VolumeSize", std::max<int64_t>(wish.base.gib, 8)}})}});
  // It has no role: what it does needs nothing of AWS, and it is known to be done by its console.
  Json input = Json::object({{"MinCount", 1},
                             {"MaxCount", 1},
                             {"ImageId", wish.base.id},
                             {"InstanceType", wish.type},
                             {"NetworkInterfaces", Json::array({interface})},
                             {"BlockDeviceMappings", Json::array({disk})},
                             {"MetadataOptions", Json::object({{"HttpTokens", "required"},
                                                               {"HttpPutResponseHopLimit", 1},
                                                               {"HttpEndpoint", "enabled"}})},
                             {"InstanceInitiatedShutdownBehavior", "stop"},
                             {"UserData", to_base64(wish.user_data)},
                             {"TagSpecifications", std::move(specifications)}});
  input.set("ClientToken",
            to_hex(sha256(fmt::format("{}|{}|{}", session.in.cluster, session.attempt, input.dump()))));
  const Json answer = TRY(ec2(session, "RunInstances", std::move(input)));
  const Json& made = answer["Instances"].at(0);
  const std::string& state = made["State"]["Name"].as_string();
  if (state == "terminated" || state == "shutting-down")  // what the token stands for has ended since
    return Error{Kind::unavailable, kNoWord,
                 fmt::format("the builder {} ended", made["InstanceId"].as_string())};
  return made["InstanceId"].as_string();
}

Result<RecipeVerdict> verdict_of(const Session& session, const std::string& id) {
  auto answer = ec2(session, "GetConsoleOutput", Json::object({{"InstanceId", id}, {"Latest", true}}));
  if (!answer && answer.error().kind == Kind::no_capacity)  // "Unsupported": a type that is not of Nitro
    answer = ec2(session, "GetConsoleOutput", Json::object({{"InstanceId", id}}));
  const Json told = TRY(std::move(answer));
  return verdict_in(from_base64(told["Output"].as_string()).value_or(""));
}

Result<void> make_image(const Session& session, const ImageWish& wish, const std::string& builder,
                        const std::string& slurm) {
  Json tagged = tags(session, kImageKind, wish.name);
  tagged.push(Json::object({{"Key", "spillway:slurm"}, {"Value", slurm}}));
  Json specifications = Json::array();
  for (const char* kind : {"image", "snapshot"})
    specifications.push(Json::object({{"ResourceType", kind}, {"Tags", tagged}}));
  const auto made =
      ec2(session, "CreateImage",
          Json::object({{"InstanceId", builder},
                        {"Name", wish.name},
                        {"Description", fmt::format("Spillway cloud node, {}, from {}", slurm, wish.base.id)},
                        {"TagSpecifications", std::move(specifications)}}));
  // It exists, and is not shown yet.
  if (!made && made.error().peer_code != "InvalidAMIName.Duplicate") return made.error();
  return {};
}

/// One build, looked at again and again.
class Build {
 public:
  Build(const Session& session, Intents& intents, const ImageWish& wish, const BuildFollower& follower)
      : session_(session), intents_(intents), wish_(wish), follower_(follower), key_("image " + wish.name) {}

  /// The id once it is there; "" while it is not.
  Result<std::string> look() {
    const Json image = TRY(image_named(session_, wish_.name));
    const std::vector<Json> found = TRY(builders(session_, wish_.name));
    if (image.is_null()) return from_builder(found);
    const std::string& state = image["State"].as_string();
    if (state == "failed" || state == "error" || state == "invalid") {
      TRY(unless_gone(ec2(session_, "DeregisterImage", Json::object({{"ImageId", image["ImageId"]}}))));
      return Error{Kind::unavailable, fmt::format("EC2 could not make the image {}: {}", wish_.name,
                                                  image["StateReason"]["Message"].as_string())}
          .fixed_by("spillway image build tries again, from the builder that stands");
    }
    if (state != "available")
      return tell(fmt::format("the image {} is {}", image["ImageId"].as_string(), state));
    for (const Json& builder : found) TRY(end_builder(session_, builder["InstanceId"].as_string()));
    TRY(intents_.done(key_));
    return image["ImageId"].as_string();
  }

 private:
  Result<std::string> tell(std::string what) {
    if (what != told_) follower_.say(what);
    told_ = std::move(what);
    return std::string();
  }

  Result<std::string> from_builder(const std::vector<Json>& found) {
    if (found.empty()) {
      Session own = session_;
      own.attempt = TRY(intents_.begin(key_));
      auto launched = launch_builder(own, wish_);
      if (!launched) {
        if (launched.error().code == kNoWord.id) TRY(intents_.done(key_));
        return launched.error();
      }
      return tell(fmt::format("the builder {} starts", *launched));
    }
    const std::string id = found.front()["InstanceId"].as_string();
    const std::string& state = found.front()["State"]["Name"].as_string();
    if (state == "pending") return tell(fmt::format("the builder {} starts", id));
    const RecipeVerdict verdict = TRY(verdict_of(session_, id));
    if (verdict.state == RecipeVerdict::State::failed) {
      TRY(end_builder(session_, id));
      TRY(intents_.done(key_));
      return Error{Kind::unavailable, kRecipeFailed, fmt::format("the builder {}: {}", id, verdict.what)};
    }
    if (state != "stopped")
      return tell(fmt::format("the builder {}: {}", id, verdict.step.empty() ? state : verdict.step));
    if (verdict.state == RecipeVerdict::State::done) {
      TRY(make_image(session_, wish_, id, verdict.what));
      return tell(fmt::format("the image is made from the builder {}", id));
    }
    if (!stopped_since_) stopped_since_ = session_.clock.now();
    if (session_.clock.now() - *stopped_since_ < kStopLag)
      return tell(fmt::format("the console of {} is read", id));
    TRY(end_builder(session_, id));
    TRY(intents_.done(key_));
    return Error{Kind::unavailable, kNoWord, fmt::format("the builder {} stopped without a word", id)};
  }

  const Session& session_;
  Intents& intents_;
  const ImageWish& wish_;
  const BuildFollower& follower_;
  const std::string key_;
  std::string told_;
  std::optional<Time> stopped_since_;
};

}  // namespace

Result<std::string> bring_image(const Session& session, Intents& intents, const ImageWish& wish,
                                const BuildFollower& follower) {
  Session own = session;
  Build build{own, intents, wish, follower};
  const Time give_up = session.clock.now() + kPatience;
  for (Duration wait = std::chrono::seconds{1};;
       wait = std::min<Duration>(wait * 2, std::chrono::seconds{15})) {
    own.deadline = Deadline::after(std::chrono::minutes{2});
    const std::string id = TRY(build.look());
    if (!id.empty() || !follower.wait) return id;
    if (follower.stop()) return Error{Kind::interrupted, "stopped; the builder goes on by itself"};
    if (session.clock.now() >= give_up)
      return Error{Kind::timeout, fmt::format("the image {} is not ready", wish.name)};
    session.clock.sleep_for(wait);
  }
}

Result<std::vector<std::string>> live_builders(const Session& session) {
  std::vector<std::string> out;
  for (const Json& builder : TRY(builders(session, ""))) out.push_back(builder["InstanceId"].as_string());
  return out;
}

}  // namespace spillway::site
