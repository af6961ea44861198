#include "emu/ec2_list.h"

// DescribeImages. Images are of this account unless the seed gives them another owner.
namespace spillway::emu {
namespace {

const std::string& owner_of(const Account& account, const Image& image) {
  return image.owner.empty() ? account.settings.account : image.owner;
}

std::optional<Values> image_values(const Account& account, const Image& image, std::string_view name) {
  if (name == "image-id") return Values{image.id};
  if (name == "name") return Values{image.name};
  if (name == "architecture") return Values{image.architecture};
  if (name == "root-device-name") return Values{image.root_device};
  if (name == "root-device-type") return Values{"ebs"};
  if (name == "virtualization-type") return Values{"hvm"};
  if (name == "image-type") return Values{"machine"};
  if (name == "state") return Values{"available"};
  if (name == "is-public") return Values{image.owner.empty() ? "false" : "true"};
  if (name == "owner-id") return Values{owner_of(account, image)};
  if (name == "owner-alias") return some({image.owner_alias});
  return std::nullopt;
}

void write_image(Xml& xml, const Account& account, const Image& image) {
  const std::string& owner = owner_of(account, image);
  xml.text("imageId", image.id).text("imageLocation", owner + "/" + image.name);
  xml.text("imageState", "available").text("imageOwnerId", owner).flag("isPublic", !image.owner.empty());
  if (!image.owner_alias.empty()) xml.text("imageOwnerAlias", image.owner_alias);
  xml.text("architecture", image.architecture).text("imageType", "machine").text("name", image.name);
  xml.text("rootDeviceType", "ebs").text("rootDeviceName", image.root_device);
  xml.in("blockDeviceMapping", [&] {
    xml.in("item", [&] {
      xml.text("deviceName", image.root_device).in("ebs", [&] {
        xml.flag("deleteOnTermination", true).number("volumeSize", 8).text("volumeType", "gp3");
        xml.flag("encrypted", false);
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

}  // namespace

const XmlOperations& ec2_image_operations() {
  static const XmlOperations kTable = {{"DescribeImages", describe_images}};
  return kTable;
}

}  // namespace spillway::emu
