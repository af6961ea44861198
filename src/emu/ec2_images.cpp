#include "emu/ec2_list.h"

// DescribeImages, CreateImage and DeregisterImage. Images are of this account unless the seed gives them
// another owner; one that was made from an instance has a snapshot, which stays when it goes.
namespace spillway::emu {
namespace {

const std::string& owner_of(const Account& account, const Image& image) {
  return image.owner.empty() ? account.settings.account : image.owner;
}

std::string_view state_of(const Account& account, const Image& image) {
  return account.now() < image.available_at ? "pending" : "available";
}

std::optional<Values> image_values(const Account& account, const Image& image, std::string_view name) {
  if (name == "image-id") return Values{image.id};
  if (name == "name") return Values{image.name};
  if (name == "architecture") return Values{image.architecture};
  if (name == "root-device-name") return Values{image.root_device};
  if (name == "root-device-type") return Values{"ebs"};
  if (name == "virtualization-type") return Values{"hvm"};
  if (name == "image-type") return Values{"machine"};
  if (name == "state") return Values{std::string(state_of(account, image))};
  if (name == "is-public") return Values{image.owner.empty() ? "false" : "true"};
  if (name == "owner-id") return Values{owner_of(account, image)};
  if (name == "owner-alias") return some({image.owner_alias});
  return std::nullopt;
}

void write_image(Xml& xml, const Account& account, const Image& image) {
  const std::string& owner = owner_of(account, image);
  xml.text("imageId", image.id).text("imageLocation", owner + "/" + image.name);
  xml.text("imageState", state_of(account, image))
      .text("imageOwnerId", owner)
      .flag("isPublic", !image.owner.empty());
  if (!image.owner_alias.empty()) xml.text("imageOwnerAlias", image.owner_alias);
  xml.text("architecture", image.architecture).text("imageType", "machine").text("name", image.name);
  if (!image.description.empty()) xml.text("description", image.description);
  if (image.created != Time{}) xml.text("creationDate", to_iso8601(image.created));
  xml.text("rootDeviceType", "ebs").text("rootDeviceName", image.root_device);
  xml.in("blockDeviceMapping", [&] {
    xml.in("item", [&] {
      xml.text("deviceName", image.root_device).in("ebs", [&] {
        if (!image.snapshot.empty()) xml.text("snapshotId", image.snapshot);
        xml.flag("deleteOnTermination", true).number("volumeSize", image.gib).text("volumeType", "gp3");
        xml.flag("encrypted", image.encrypted);
      });
    });
  });
  xml.text("virtualizationType", "hvm").text("hypervisor", "xen").flag("enaSupport", true);
}

Answer<Xml> describe_images(Account& account, const Call& call) {
  const Values owners = call.params.list("Owner");
  std::map<std::string, Image, std::less<>> chosen;
  for (const auto& [id, image] : account.images) {
    const std::string& owner = owner_of(account, image);
    const bool own = owner == account.settings.account;
    const std::string& alias = image.owner_alias;
    const bool wanted = std::any_of(owners.begin(), owners.end(), [&](const std::string& name) {
      return name == owner || (name == "self" && own) || (!name.empty() && name == alias);
    });
    if (owners.empty() || wanted) chosen.emplace(id, image);
  }
  // An id that exists and is another owner's is left out without an error.
  for (const std::string& id : call.params.list("ImageId")) EMU_TRY(find_in(account.images, id, kImage));
  Call asked = call;
  for (size_t i = 1; const std::string& id : call.params.list("ImageId")) {
    if (!chosen.contains(id)) asked.params.erase(fmt::format("ImageId.{}", i));
    ++i;
  }
  if (!call.params.list("ImageId").empty() && asked.params.list("ImageId").empty()) chosen.clear();
  return list<Image>(account, asked, chosen, {"ImageId", "imagesSet", kImage, image_values, write_image});
}

Answer<bool> check_name(const Account& account, const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789()[] ./-'@_";
  if (name.size() < 3 || name.size() > 128 || name.find_first_not_of(kAllowed) != std::string::npos)
    return refusal("InvalidAMIName.Malformed",
                   "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, "
                   "'(', ')', '.', '-', '/' and '_'");
  for (const auto& [id, image] : account.images)
    if (image.name == name && image.owner.empty())
      return refusal("InvalidAMIName.Duplicate",
                     fmt::format("AMI name {} is already in use by AMI {}", name, id));
  return true;
}

Answer<Xml> create_image(Account& account, const Call& call) {
  const std::string id = EMU_TRY(required(call.params, "InstanceId"));
  const std::string name = EMU_TRY(required(call.params, "Name"));
  EMU_TRY(known_instances(account, {id}));
  EMU_TRY(check_name(account, name));
  const Instance& instance = account.instances.find(id)->second;
  if (instance.state != State::running && instance.state != State::stopped)
    return refusal("IncorrectInstanceState",
                   fmt::format("The instance '{}' is not in the 'running' or 'stopped' state.", id));
  std::map<std::string, Tags> tags = EMU_TRY(read_tag_specifications(call.params, "TagSpecification"));
  for (const auto& [type, given] : tags)
    if (type != "image" && type != "snapshot")
      return refusal("InvalidParameterValue",
                     fmt::format("'{}' is not a valid taggable resource type for this operation.", type));
  EMU_TRY(unless_dry_run(call));
  Snapshot snapshot{account.make_id(kSnapshot.prefix)};
  for (const std::string& volume_id : instance.volumes)
    if (auto volume = account.volumes.find(volume_id); volume != account.volumes.end()) {
      snapshot.volume = volume_id;
      snapshot.gib = volume->second.gib;
      snapshot.encrypted = volume->second.encrypted;
      break;
    }
  Image image{account.make_id(kImage.prefix), name};
  snapshot.description = fmt::format("Created by CreateImage({}) for {}", id, image.id);
  snapshot.started = account.now();
  snapshot.tags = tags["snapshot"];
  if (auto base = account.images.find(instance.launch.image_id); base != account.images.end()) {
    image.architecture = base->second.architecture;
    image.root_device = base->second.root_device;
  }
  image.tags = tags["image"];
  image.description = call.params.get("Description");
  image.snapshot = snapshot.id;
  image.gib = snapshot.gib;
  image.encrypted = snapshot.encrypted;
  image.created = account.now();
  image.available_at = account.now() + account.settings.image_delay;
  Xml xml;
  xml.text("imageId", image.id);
  account.snapshots.emplace(snapshot.id, std::move(snapshot));
  account.images.emplace(image.id, std::move(image));
  return xml;
}

Answer<Xml> deregister_image(Account& account, const Call& call) {
  const Image& image = *EMU_TRY(named_in(account.images, call.params, "ImageId", kImage));
  if (!image.owner.empty())
    return refusal("AuthFailure", fmt::format("Not authorized for image: {}", image.id), 403);
  EMU_TRY(unless_dry_run(call));
  account.images.erase(account.images.find(image.id));
  return done();
}

}  // namespace

const XmlOperations& ec2_image_operations() {
  static const XmlOperations kTable = {{"DescribeImages", describe_images},
                                       {"CreateImage", create_image},
                                       {"DeregisterImage", deregister_image}};
  return kTable;
}

}  // namespace spillway::emu
