#include <algorithm>

#include "emu/ec2.h"

// DescribeSubnets, DescribeVpcs, DescribeSecurityGroups and DescribeImages.
namespace spillway::emu {
namespace {

using Values = std::vector<std::string>;

/// How one kind of resource is listed: its parameters, errors and fields.
template <class Resource>
struct Listing {
  std::string_view ids, set, missing, noun;
  std::optional<Values> (*values)(const Account&, const Resource&, std::string_view);
  void (*write)(Xml&, const Account&, const Resource&);
};

template <class Resource, class Map>
Answer<Xml> list(const Account& account, const Call& call, const Map& map, const Listing<Resource>& how) {
  EMU_TRY(unless_dry_run(call));
  Values wanted = call.params.list(how.ids);
  for (const std::string& id : wanted)
    if (!map.contains(id))
      return refusal(std::string(how.missing), fmt::format("The {} '{}' does not exist", how.noun, id));
  Values ids;
  for (const auto& [id, resource] : map) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), id) == wanted.end()) continue;
    bool passes = EMU_TRY(passes_filters(
        call.params.structures("Filter"), resource.tags,
        [&, &one = resource](std::string_view name) { return how.values(account, one, name); }));
    if (passes) ids.push_back(id);
  }
  Page page = EMU_TRY(page_of(call.params, ids, 5, 1000));
  Xml xml;
  xml.in(how.set, [&] {
    for (size_t i = page.first; i < page.last; ++i)
      xml.in("item", [&] {
        const Resource& resource = map.find(ids[i])->second;
        how.write(xml, account, resource);
        write_tags(xml, resource.tags);
      });
  });
  if (!page.next.empty()) xml.text("nextToken", page.next);
  return xml;
}

std::optional<Values> subnet_values(const Account& account, const Subnet& subnet, std::string_view name) {
  if (name == "subnet-id") return Values{subnet.id};
  if (name == "vpc-id") return Values{subnet.vpc_id};
  if (name == "availability-zone" || name == "availabilityZone") return Values{subnet.zone};
  if (name == "cidr-block" || name == "cidr") return Values{subnet.cidr};
  if (name == "state") return Values{"available"};
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_subnet(Xml& xml, const Account& account, const Subnet& subnet) {
  xml.text("subnetId", subnet.id).text("state", "available").text("vpcId", subnet.vpc_id);
  xml.text("cidrBlock", subnet.cidr).number("availableIpAddressCount", free_addresses(subnet));
  xml.text("availabilityZone", subnet.zone).flag("defaultForAz", false).flag("mapPublicIpOnLaunch", false);
  xml.text("ownerId", account.settings.account);
  xml.text("subnetArn", fmt::format("arn:aws:ec2:{}:{}:subnet/{}", account.settings.region,
                                    account.settings.account, subnet.id));
}

std::optional<Values> vpc_values(const Account& account, const Vpc& vpc, std::string_view name) {
  if (name == "vpc-id") return Values{vpc.id};
  if (name == "cidr" || name == "cidr-block-association.cidr-block") return Values{vpc.cidr};
  if (name == "state") return Values{"available"};
  if (name == "is-default" || name == "isDefault") return Values{"false"};
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_vpc(Xml& xml, const Account& account, const Vpc& vpc) {
  xml.text("vpcId", vpc.id).text("ownerId", account.settings.account).text("state", "available");
  xml.text("cidrBlock", vpc.cidr).text("instanceTenancy", "default").flag("isDefault", false);
}

std::optional<Values> group_values(const Account& account, const SecurityGroup& group,
                                   std::string_view name) {
  if (name == "group-id") return Values{group.id};
  if (name == "group-name") return Values{group.name};
  if (name == "vpc-id") return Values{group.vpc_id};
  if (name == "description") return Values{group.description};
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_group(Xml& xml, const Account& account, const SecurityGroup& group) {
  xml.text("ownerId", account.settings.account).text("groupId", group.id).text("groupName", group.name);
  xml.text("groupDescription", group.description).text("vpcId", group.vpc_id);
  xml.in("ipPermissions", [] {}).in("ipPermissionsEgress", [] {});
}

std::optional<Values> image_values(const Account& account, const Image& image, std::string_view name) {
  if (name == "image-id") return Values{image.id};
  if (name == "name") return Values{image.name};
  if (name == "architecture") return Values{image.architecture};
  if (name == "state") return Values{"available"};
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_image(Xml& xml, const Account& account, const Image& image) {
  xml.text("imageId", image.id).text("imageLocation", account.settings.account + "/" + image.name);
  xml.text("imageState", "available").text("imageOwnerId", account.settings.account).flag("isPublic", false);
  xml.text("architecture", image.architecture).text("imageType", "machine").text("name", image.name);
  xml.text("rootDeviceType", "ebs")
      .text("rootDeviceName", image.root_device)
      .text("virtualizationType", "hvm");
  xml.text("hypervisor", "xen").flag("enaSupport", true);
}

Answer<Xml> describe_subnets(Account& account, const Call& call) {
  return list<Subnet>(
      account, call, account.subnets,
      {"SubnetId", "subnetSet", "InvalidSubnetID.NotFound", "subnet ID", subnet_values, write_subnet});
}

Answer<Xml> describe_vpcs(Account& account, const Call& call) {
  return list<Vpc>(account, call, account.vpcs,
                   {"VpcId", "vpcSet", "InvalidVpcID.NotFound", "vpc ID", vpc_values, write_vpc});
}

Answer<Xml> describe_groups(Account& account, const Call& call) {
  return list<SecurityGroup>(
      account, call, account.security_groups,
      {"GroupId", "securityGroupInfo", "InvalidGroup.NotFound", "security group", group_values, write_group});
}

Answer<Xml> describe_images(Account& account, const Call& call) {
  return list<Image>(
      account, call, account.images,
      {"ImageId", "imagesSet", "InvalidAMIID.NotFound", "image id", image_values, write_image});
}

}  // namespace

const XmlOperations& ec2_place_operations() {
  static const XmlOperations kTable = {{"DescribeSubnets", describe_subnets},
                                       {"DescribeVpcs", describe_vpcs},
                                       {"DescribeSecurityGroups", describe_groups},
                                       {"DescribeImages", describe_images}};
  return kTable;
}

}  // namespace spillway::emu
