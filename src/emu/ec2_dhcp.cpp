#include "emu/ec2_list.h"

// DHCP options: which resolver and domain the instances of a VPC are told.
namespace spillway::emu {
namespace {

constexpr std::string_view kNone = "default";  // in place of an id: no options at all

std::optional<Values> dhcp_values(const Account& account, const DhcpOptions& options, std::string_view name) {
  if (name == "dhcp-options-id") return Values{options.id};
  if (name == "owner-id") return Values{account.settings.account};
  if (name != "key" && name != "value") return std::nullopt;
  Values out;
  for (const auto& [key, values] : options.values) {
    if (name == "key") out.push_back(key);
    if (name == "value") out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

void write_options(Xml& xml, const Account& account, const DhcpOptions& options) {
  xml.text("dhcpOptionsId", options.id).text("ownerId", account.settings.account);
  xml.in("dhcpConfigurationSet", [&] {
    for (const auto& [key, values] : options.values)
      xml.in("item", [&, &name = key, &all = values] {
        xml.text("key", name).in("valueSet", [&] {
          for (const std::string& value : all) xml.in("item", [&] { xml.text("value", value); });
        });
      });
  });
}

Answer<Xml> describe_options(Account& account, const Call& call) {
  return list<DhcpOptions>(account, call, account.dhcp_options,
                           {"DhcpOptionsId", "dhcpOptionsSet", kDhcp, dhcp_values, write_options});
}

Answer<Xml> create_options(Account& account, const Call& call) {
  constexpr std::string_view kKeys[] = {"domain-name-servers", "domain-name",
                                        "ntp-servers",         "netbios-name-servers",
                                        "netbios-node-type",   "ipv6-address-preferred-lease-time"};
  DhcpOptions options;
  for (const Params& given : call.params.structures("DhcpConfiguration")) {
    const std::string& key = given.get("Key");
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
      return refusal("InvalidParameterValue",
                     fmt::format("Value ({}) for parameter key is invalid. Unknown DHCP option.", key));
    Values values = given.list("Value");
    if (values.empty() || (key.ends_with("servers") && values.size() > 4))
      return refusal("InvalidParameterValue", fmt::format("The DHCP option {} has one to four values", key));
    options.values[key] = std::move(values);
  }
  if (options.values.empty())
    return refusal("MissingParameter", "The request must contain the parameter dhcpConfigurations");
  options.tags = EMU_TRY(read_tags_for(call.params, "dhcp-options"));
  EMU_TRY(unless_dry_run(call));
  options.id = account.make_id("dopt-");
  account.dhcp_options.emplace(options.id, options);
  return one("dhcpOptions", account, options, write_options);
}

Answer<Xml> associate_options(Account& account, const Call& call) {
  const std::string id = EMU_TRY(required(call.params, "DhcpOptionsId"));
  if (id != kNone) EMU_TRY(find_in(account.dhcp_options, id, kDhcp));
  Vpc& vpc = *EMU_TRY(named_in(account.vpcs, call.params, "VpcId", kVpc));
  EMU_TRY(unless_dry_run(call));
  vpc.dhcp_options = id;
  return done();
}

Answer<Xml> delete_options(Account& account, const Call& call) {
  const std::string id = EMU_TRY(named_in(account.dhcp_options, call.params, "DhcpOptionsId", kDhcp))->id;
  for (const auto& [ignored, vpc] : account.vpcs)
    if (vpc.dhcp_options == id)
      return refusal("DependencyViolation",
                     fmt::format("The dhcpOptions '{}' has dependencies and cannot be deleted.", id));
  EMU_TRY(unless_dry_run(call));
  account.dhcp_options.erase(id);
  return done();
}

}  // namespace

const XmlOperations& ec2_dhcp_operations() {
  static const XmlOperations kTable = {{"CreateDhcpOptions", create_options},
                                       {"AssociateDhcpOptions", associate_options},
                                       {"DeleteDhcpOptions", delete_options},
                                       {"DescribeDhcpOptions", describe_options}};
  return kTable;
}

}  // namespace spillway::emu
