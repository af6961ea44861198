#include "site/destroy.h"

#include "site/codes.h"

namespace spillway::site {
namespace {

bool is_apply_s(const Session& session, const std::string& key) {
  const std::string own = session.in.cluster.value + "/";
  return key == own + "secrets/munge.key" || key == own + "gateway/peers.json" ||
         key == own + "standby/peers.json";
}

/// The bucket is ours when it carries our tag.
Result<bool> bucket_is_ours(const Session& session) {
  auto tags = session.aws.call("s3", "GetBucketTagging", Json::object({{"Bucket", session.in.bucket}}),
                               session.deadline);
  if (!tags && (tags.error().kind == Kind::not_found || tags.error().kind == Kind::denied)) return false;
  return tag_in(TRY(std::move(tags))["TagSet"], "spillway:cluster") == session.in.cluster.value;
}

/// Every version and delete marker, by key and version.
Result<std::vector<Json>> versions_in(const Session& session) {
  const Json answer = TRY(session.aws.call_all(
      "s3", "ListObjectVersions", Json::object({{"Bucket", session.in.bucket}}), session.deadline));
  std::vector<Json> out;
  for (const char* list : {"Versions", "DeleteMarkers"})
    for (const Json& version : answer[list].items())
      out.push_back(Json::object({{"Key", version["Key"]}, {"VersionId", version["VersionId"]}}));
  return out;
}

Result<void> empty_bucket(const Session& session) {
  const std::vector<Json> all = TRY(versions_in(session));
  for (size_t from = 0; from < all.size(); from += 1000) {  // S3's limit a call
    Json objects(Json::Array(all.begin() + static_cast<long>(from),
                             all.begin() + static_cast<long>(std::min(all.size(), from + 1000))));
    const Json answer = TRY(session.aws.call(
        "s3", "DeleteObjects",
        Json::object({{"Bucket", session.in.bucket},
                      {"Delete", Json::object({{"Objects", std::move(objects)}, {"Quiet", true}})}}),
        session.deadline));
    if (answer["Errors"].size() > 0)
      return Error{Kind::partial, fmt::format("{} stays: {}", answer["Errors"].at(0)["Key"].as_string(),
                                              answer["Errors"].at(0)["Message"].as_string())};
  }
  return {};
}

/// Instances of ours that are not terminated, the gateway aside, which apply made.
Result<std::vector<std::string>> live_instances(const Session& session, bool builders) {
  Json filters = our_filters(session);
  filters.push(Json::object(
      {{"Name", "instance-state-name"},
       {"Values", Json::array({"pending", "running", "shutting-down", "stopping", "stopped"})}}));
  const Json answer = TRY(session.aws.call_all(
      "ec2", "DescribeInstances", Json::object({{"Filters", std::move(filters)}}), session.deadline));
  std::vector<std::string> out;
  for (const Json& reservation : answer["Reservations"].items())
    for (const Json& instance : reservation["Instances"].items()) {
      const std::string kind = tag_in(instance["Tags"], "spillway:kind");
      if (kind != "Gateway" && kind != "Standby" && (kind == kBuilderKind) == builders)
        out.push_back(instance["InstanceId"].as_string());
    }
  return out;
}

/// Their interfaces hold subnets and groups until they are gone.
Result<void> end_instances(const Session& session, const std::vector<std::string>& ids, bool builders) {
  for (size_t from = 0; from < ids.size(); from += 1000)
    TRY(unless_gone(ec2(
        session, "TerminateInstances",
        Json::object({{"InstanceIds", Json(Json::Array(ids.begin() + static_cast<long>(from),
                                                       ids.begin() + static_cast<long>(std::min(
                                                                         ids.size(), from + 1000))))}}))));
  while (!TRY(live_instances(session, builders)).empty()) {
    if (session.deadline.expired())
      return Error{Kind::timeout, builders ? "image builders do not end" : "cloud nodes do not end"};
    session.clock.sleep_for(std::chrono::milliseconds{500});
  }
  return {};
}

}  // namespace

Result<Leftovers> leftovers(const Session& session) {
  Leftovers out;
  out.instances = TRY(live_instances(session, false));
  out.builders = TRY(live_instances(session, true));
  out.images = TRY(own_images(session));
  out.snapshots = TRY(orphan_snapshots(session));
  const Json fleets = TRY(session.aws.call_all("ec2", "DescribeFleets", Json::object(), session.deadline));
  for (const Json& fleet : fleets["Fleets"].items())
    if (tag_in(fleet["Tags"], "spillway:cluster") == session.in.cluster.value &&
        !fleet["FleetState"].as_string().starts_with("deleted"))
      out.fleets.push_back(fleet["FleetId"].as_string());
  if (TRY(bucket_is_ours(session)))
    for (const Json& version : TRY(versions_in(session)))
      if (!is_apply_s(session, version["Key"].as_string())) out.bucket = session.in.bucket;
  return out;
}

Result<void> may_destroy(const Leftovers& others, const Consent& consent) {
  if (!others.instances.empty() && !consent.with_nodes)
    return Error{Kind::refused, kNodesUp, fmt::format("{} cloud nodes are up", others.instances.size())};
  if (!others.bucket.empty() && !consent.with_data)
    return Error{Kind::refused, kBucketNotEmpty, fmt::format("the bucket {} is not empty", others.bucket)};
  if (!others.images.empty() && !consent.with_data)
    return Error{Kind::refused, kImagesLeft,
                 fmt::format("{} is an image of this cluster", others.images.front().name)};
  return {};
}

Result<void> remove_leftovers(const Session& session, const Leftovers& others) {
  if (!others.builders.empty()) TRY(end_instances(session, others.builders, true));
  if (!others.instances.empty()) TRY(end_instances(session, others.instances, false));
  if (!others.fleets.empty())
    TRY(ec2(session, "DeleteFleets",
            Json::object({{"FleetIds", Json(Json::Array(others.fleets.begin(), others.fleets.end()))},
                          {"TerminateInstances", true}})));
  for (const OwnImage& image : others.images) TRY(delete_image(session, image));
  TRY(delete_snapshots(session, others.snapshots));
  if (!others.bucket.empty()) TRY(empty_bucket(session));
  return {};
}

std::string destroy_text(const Inputs& in, const Difference& all, const Leftovers& others, bool colour) {
  if (all.empty() && others.empty())
    return fmt::format("Nothing on AWS carries the tag spillway:cluster={}.\n", in.cluster);
  std::string out = "This is destroyed:\n";
  for (const Change& change : all.changes)
    out += fmt::format("   {}- {:<26} {}{}\n", colour ? "\033[31m" : "", change.key, change.id,
                       colour ? "\033[0m" : "");
  if (!others.instances.empty()) out += fmt::format("   {} cloud nodes that run\n", others.instances.size());
  if (!others.builders.empty())
    out += fmt::format("   {} builders of images that are not ready\n", others.builders.size());
  for (const OwnImage& image : others.images)
    out += fmt::format("   the image {} {}\n", image.name, image.id);
  if (!others.snapshots.empty())
    out += fmt::format("   {} snapshots of former images\n", others.snapshots.size());
  if (!others.bucket.empty()) out += fmt::format("   all data in the bucket {}\n", others.bucket);
  return out;
}

}  // namespace spillway::site
