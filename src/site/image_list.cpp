#include <algorithm>

#include "site/image_build.h"

// The images and snapshots of this cluster, and their end.
namespace spillway::site {
namespace {

Json of_our_images(const Session& session, std::string_view owners) {
  Json filters = our_filters(session);
  filters.push(Json::object({{"Name", "tag:spillway:kind"}, {"Values", Json::array({kImageKind})}}));
  return Json::object({{std::string(owners), Json::array({"self"})}, {"Filters", std::move(filters)}});
}

}  // namespace

Result<std::vector<OwnImage>> own_images(const Session& session) {
  const Json answer = TRY(ec2(session, "DescribeImages", of_our_images(session, "Owners")));
  std::vector<OwnImage> out;
  for (const Json& image : answer["Images"].items()) {
    OwnImage one{image["ImageId"].as_string(), image["Name"].as_string(), image["State"].as_string(),
                 image["CreationDate"].as_string(), tag_in(image["Tags"], "spillway:slurm")};
    for (const Json& device : image["BlockDeviceMappings"].items())
      if (const std::string& snapshot = device["Ebs"]["SnapshotId"].as_string(); !snapshot.empty())
        one.snapshots.push_back(snapshot);
    out.push_back(std::move(one));
  }
  std::sort(out.begin(), out.end(), [](const OwnImage& a, const OwnImage& b) { return a.name < b.name; });
  return out;
}

Result<void> delete_image(const Session& session, const OwnImage& image) {
  TRY(unless_gone(ec2(session, "DeregisterImage", Json::object({{"ImageId", image.id}}))));
  return delete_snapshots(session, image.snapshots);
}

Result<void> delete_snapshots(const Session& session, const std::vector<std::string>& ids) {
  for (const std::string& id : ids)
    TRY(unless_gone(patiently(session, {"InvalidSnapshot.InUse"}, [&] {
      return ec2(session, "DeleteSnapshot", Json::object({{"SnapshotId", id}}));
    })));
  return {};
}

Result<std::vector<std::string>> orphan_snapshots(const Session& session) {
  const Json answer = TRY(
      session.aws.call_all("ec2", "DescribeSnapshots", of_our_images(session, "OwnerIds"), session.deadline));
  std::vector<std::string> in_use, out;
  for (const OwnImage& image : TRY(own_images(session)))
    in_use.insert(in_use.end(), image.snapshots.begin(), image.snapshots.end());
  for (const Json& snapshot : answer["Snapshots"].items())
    if (const std::string& id = snapshot["SnapshotId"].as_string();
        std::find(in_use.begin(), in_use.end(), id) == in_use.end())
      out.push_back(id);
  return out;
}

}  // namespace spillway::site
