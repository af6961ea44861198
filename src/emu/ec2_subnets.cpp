#include "base/text.h"
#include "emu/cidr.h"
#include "emu/ec2_list.h"

// Subnets, and the zones that they lie in.
namespace spillway::emu {
namespace {

constexpr std::string_view kZoneLetters = "abc";

struct ZoneName {
  std::string name, id;
};

/// "us-east-1" is "use1" in the ids of zones.
std::vector<ZoneName> zones_of(const Account& account) {
  std::string id;
  const auto parts = split(account.settings.region, '-');
  for (size_t i = 0; i < parts.size(); ++i)
    id += i == 0 || i + 1 == parts.size() ? parts[i] : parts[i].substr(0, 1);
  std::vector<ZoneName> out;
  for (size_t i = 0; i < kZoneLetters.size(); ++i)
    out.push_back({account.settings.region + kZoneLetters[i], fmt::format("{}-az{}", id, i + 1)});
  return out;
}

std::string zone_id(const Account& account, const std::string& name) {
  for (const ZoneName& zone : zones_of(account))
    if (zone.name == name) return zone.id;
  return "";
}

std::optional<Values> subnet_values(const Account& account, const Subnet& subnet, std::string_view name) {
  if (name == "subnet-id") return Values{subnet.id};
  if (name == "vpc-id") return Values{subnet.vpc_id};
  if (name == "availability-zone" || name == "availabilityZone") return Values{subnet.zone};
  if (name == "availability-zone-id") return some({zone_id(account, subnet.zone)});
  if (name == "cidr-block" || name == "cidr") return Values{subnet.cidr};
  if (name == "map-public-ip-on-launch") return Values{subnet.map_public ? "true" : "false"};
  if (name == "default-for-az") return Values{"false"};
  if (name == "state") return Values{"available"};
  if (name == "owner-id") return Values{account.settings.account};
  return std::nullopt;
}

void write_subnet(Xml& xml, const Account& account, const Subnet& subnet) {
  xml.text("subnetId", subnet.id).text("state", "available").text("vpcId", subnet.vpc_id);
  xml.text("cidrBlock", subnet.cidr).number("availableIpAddressCount", free_addresses(subnet));
  xml.text("availabilityZone", subnet.zone);
  if (std::string id = zone_id(account, subnet.zone); !id.empty()) xml.text("availabilityZoneId", id);
  xml.flag("defaultForAz", false).flag("mapPublicIpOnLaunch", subnet.map_public);
  xml.text("ownerId", account.settings.account).text("subnetArn", ec2_arn(account, "subnet", subnet.id));
}

Answer<Xml> describe_subnets(Account& account, const Call& call) {
  return list<Subnet>(account, call, account.subnets,
                      {"SubnetId", "subnetSet", kSubnet, subnet_values, write_subnet});
}

Answer<Cidr> subnet_cidr(const Account& account, const Vpc& vpc, const std::string& text) {
  const auto cidr = Cidr::parse(text), whole = Cidr::parse(vpc.cidr);
  if (!cidr)
    return refusal(
        "InvalidParameterValue",
        fmt::format("Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text));
  if (cidr->bits < 16 || cidr->bits > 28 || !whole || !whole->contains(*cidr))
    return refusal("InvalidSubnet.Range", fmt::format("The CIDR '{}' is invalid.", text));
  for (const auto& [id, other] : account.subnets)
    if (auto taken = Cidr::parse(other.cidr); other.vpc_id == vpc.id && taken && taken->overlaps(*cidr))
      return refusal("InvalidSubnet.Conflict",
                     fmt::format("The CIDR '{}' conflicts with another subnet", text));
  return *cidr;
}

Answer<std::string> zone_for(const Account& account, const Params& params) {
  const std::string &name = params.get("AvailabilityZone"), &id = params.get("AvailabilityZoneId");
  const std::vector<ZoneName> zones = zones_of(account);
  std::string known;
  for (const ZoneName& zone : zones) {
    if (name.empty() && id.empty()) return zone.name;
    if (name == zone.name || id == zone.id) return zone.name;
    known += (known.empty() ? "" : ", ") + (id.empty() ? zone.name : zone.id);
  }
  return refusal(
      "InvalidParameterValue",
      fmt::format("Value ({}) for parameter {} is invalid. Subnets can currently only be created "
                  "in the following availability zones: {}.",
                  id.empty() ? name : id, id.empty() ? "availabilityZone" : "availabilityZoneId", known));
}

Answer<Xml> create_subnet(Account& account, const Call& call) {
  const Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  Subnet subnet;
  subnet.cidr = EMU_TRY(subnet_cidr(account, vpc, EMU_TRY(required(call.params, "CidrBlock")))).text();
  subnet.zone = EMU_TRY(zone_for(account, call.params));
  subnet.tags = EMU_TRY(read_tags_for(call.params, "subnet"));
  EMU_TRY(unless_dry_run(call));
  subnet.id = account.make_id("subnet-");
  subnet.vpc_id = vpc.id;
  return one("subnet", account, account.subnets.emplace(subnet.id, subnet).first->second, write_subnet);
}

Answer<Xml> delete_subnet(Account& account, const Call& call) {
  const std::string id = EMU_TRY(named_in(account.subnets, call.params, "SubnetId", kSubnet))->id;
  for (const auto& [ignored, interface] : account.interfaces)
    if (interface.subnet_id == id)
      return refusal("DependencyViolation",
                     fmt::format("The subnet '{}' has dependencies and cannot be deleted.", id));
  EMU_TRY(unless_dry_run(call));
  for (auto& [ignored, table] : account.route_tables)
    std::erase_if(table.associations, [&](const auto& entry) { return entry.second == id; });
  account.subnets.erase(id);
  return done();
}

Answer<Xml> modify_subnet_attribute(Account& account, const Call& call) {
  Subnet& subnet = *EMU_TRY(named_in(account.subnets, call.params, "SubnetId", kSubnet));
  for (const auto& [name, value] : call.params.values())
    if (name.ends_with(".Value") && name != "MapPublicIpOnLaunch.Value")
      return refusal("UnsupportedOperation", "This emulator changes MapPublicIpOnLaunch only");
  if (!call.params.has("MapPublicIpOnLaunch.Value"))
    return refusal("MissingParameter", "No attributes specified");
  subnet.map_public = EMU_TRY(attribute_flag(call.params, "MapPublicIpOnLaunch"));
  return done();
}

Answer<Xml> describe_zones(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  const std::vector<ZoneName> zones = zones_of(account);
  const Values names = call.params.list("ZoneName"), ids = call.params.list("ZoneId");
  auto any = [&](const std::string& name, auto member) {
    return std::any_of(zones.begin(), zones.end(), [&](const ZoneName& z) { return z.*member == name; });
  };
  for (const std::string& name : names)
    if (!any(name, &ZoneName::name))
      return refusal("InvalidParameterValue", fmt::format("Invalid availability zone: [{}]", name));
  for (const std::string& id : ids)
    if (!any(id, &ZoneName::id))
      return refusal("InvalidParameterValue", fmt::format("Invalid availability zone-id: [{}]", id));
  auto wanted = [](const Values& list, const std::string& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  Xml rows;
  for (const ZoneName& zone : zones) {
    const bool passes = EMU_TRY(
        passes_filters(read_filters(call.params), {}, [&](std::string_view name) -> std::optional<Values> {
          if (name == "zone-name") return Values{zone.name};
          if (name == "zone-id") return Values{zone.id};
          if (name == "state") return Values{"available"};
          if (name == "region-name") return Values{account.settings.region};
          if (name == "zone-type") return Values{"availability-zone"};
          if (name == "opt-in-status") return Values{"opt-in-not-required"};
          if (name == "group-name") return Values{account.settings.region};
          return std::nullopt;
        }));
    if (!passes || !wanted(names, zone.name) || !wanted(ids, zone.id)) continue;
    rows.in("item", [&] {
      rows.text("zoneName", zone.name).text("zoneState", "available").text("zoneId", zone.id);
      rows.text("regionName", account.settings.region).in("messageSet", [] {});
      rows.text("optInStatus", "opt-in-not-required").text("groupName", account.settings.region);
      rows.text("networkBorderGroup", account.settings.region).text("zoneType", "availability-zone");
    });
  }
  Xml xml;
  xml.in("availabilityZoneInfo", [&] { xml.raw(rows.str()); });
  return xml;
}

}  // namespace

const XmlOperations& ec2_subnet_operations() {
  static const XmlOperations kTable = {{"CreateSubnet", create_subnet},
                                       {"DeleteSubnet", delete_subnet},
                                       {"DescribeSubnets", describe_subnets},
                                       {"ModifySubnetAttribute", modify_subnet_attribute},
                                       {"DescribeAvailabilityZones", describe_zones}};
  return kTable;
}

}  // namespace spillway::emu
