#pragma once
#include <functional>
#include <string>
#include <vector>

#include "emu/call.h"
#include "emu/vpc_parts.h"

// EC2, one table of operations per file ec2_*.cpp, and what they share.
namespace spillway::emu {

const XmlOperations& ec2_instance_operations();
const XmlOperations& ec2_describe_operations();
const XmlOperations& ec2_fleet_operations();
const XmlOperations& ec2_fleet_list_operations();
const XmlOperations& ec2_spot_operations();
const XmlOperations& ec2_template_operations();
const XmlOperations& ec2_tag_operations();
const XmlOperations& ec2_type_operations();
const XmlOperations& ec2_image_operations();
const XmlOperations& ec2_vpc_operations();
const XmlOperations& ec2_subnet_operations();
const XmlOperations& ec2_gateway_operations();
const XmlOperations& ec2_route_table_operations();
const XmlOperations& ec2_route_operations();
const XmlOperations& ec2_endpoint_operations();
const XmlOperations& ec2_group_operations();
const XmlOperations& ec2_rule_operations();
const XmlOperations& ec2_address_operations();
const XmlOperations& ec2_dhcp_operations();
const XmlOperations& ec2_interface_operations();
const XmlOperations& ec2_attribute_operations();
const XmlOperations& ec2_volume_operations();
const XmlOperations& ec2_snapshot_operations();
const XmlOperations& ec2_lifecycle_operations();

/// Answers an EC2 request whose signature holds.
net::Response ec2_answer(Account& account, const Call& call);
/// Whether the caller's policies allow the call on every resource that it names. Errors:
/// UnauthorizedOperation.
Answer<bool> authorize_ec2(const Account& account, const Call& call);
/// EC2's error document.
net::Response ec2_error(const ApiError& error, const std::string& request_id);

void write_tags(Xml& xml, const Tags& tags);
/// Tags under name.N.Key and .Value. Refuses reserved keys, more than 50, and lengths above 128 and 256.
Answer<Tags> read_tags(const Params& params, std::string_view name);
/// Tags of a TagSpecification list, by resource type.
Answer<std::map<std::string, Tags>> read_tag_specifications(const Params& params, std::string_view name);
/// The tags that a creating call gives to the one type of thing that it makes.
Answer<Tags> read_tags_for(const Params& params, std::string_view type);
/// Whether `value` matches `pattern`, where * stands for any text and ? for one character; a backslash
/// quotes.
bool matches_wildcard(std::string_view pattern, std::string_view value);

/// One of Filter.N.
struct Filter {
  std::string name;
  std::vector<std::string> values;  // patterns
  bool valued = false;              // it has values at all
};
std::vector<Filter> read_filters(const Params& params);

/// The values that a resource has for a filter's name; nothing for a name that the operation does not know.
using FilterValues = std::function<std::optional<std::vector<std::string>>(std::string_view name)>;
/// Whether a resource passes all of Filter.N. tag:KEY, tag-key and tag-value come from `tags`.
Answer<bool> passes_filters(const std::vector<Filter>& filters, const Tags& tags, const FilterValues& values);

struct Page {
  size_t first = 0, last = 0;  // [first, last) of all results
  std::string next;            // "" at the end
};
/// The token that goes on after the result of this name; from the beginning after "".
std::string page_token(const std::string& last);
/// Where MaxResults and NextToken lead among results whose names are `sorted`. A token names the last result
/// seen, so that what comes and goes between two pages neither doubles nor hides another.
Answer<Page> page_of(const Params& params, const std::vector<std::string>& sorted, int64_t least,
                     int64_t most);

/// Facts about one instance type; from AWS's published tables.
struct TypeFacts {
  std::string_view name;
  int vcpus, cores;
  int64_t memory_mib;
  std::string_view architecture, processor, network;
  int gpus = 0;
};
const TypeFacts* find_type(std::string_view name);

/// The elements of LaunchTemplateData as it was given.
void write_given(Xml& xml, const Params& given);
/// What would have to be given for this data; for data that were kept without it.
std::map<std::string, std::string> given_for(const LaunchData& data);

/// The data of one launch template version, named as CreateFleet and RunInstances do.
struct ResolvedTemplate {
  const LaunchTemplate* launch_template = nullptr;
  const TemplateVersion* version = nullptr;
};
Answer<ResolvedTemplate> resolve_template(const Account& account, const Params& specification);
/// Reads LaunchTemplateData, or the same parameters of RunInstances. User data arrive in base64.
Answer<LaunchData> read_launch_data(const Params& params);
/// What one of a fleet's overrides says.
LaunchData fleet_override(const Params& over);
/// Where a launch goes: its subnet, or the first one of its zone.
Answer<const Subnet*> subnet_of(const Account& account, const LaunchData& data);
/// `over` where it says something, else `base`.
LaunchData merged(LaunchData base, const LaunchData& over);

/// Whether the operation knows them all. Errors: InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.
Answer<bool> known_instances(const Account& account, const std::vector<std::string>& ids,
                             std::string_view operation = "");

/// Makes `most` pending instances, or fewer where the subnet's addresses end.
struct LaunchOrder {
  LaunchData data;
  int64_t least = 1, most = 1;
  Tags tags;
  std::string fleet_id, client_token, template_id;
  int64_t template_version = 0;
  std::string operation;  // for faults
};
struct Launched {
  std::string reservation_id;
  std::vector<std::string> instances;
  std::optional<ApiError> shortage;  // why there are fewer than the most
};
Answer<Launched> launch(Account& account, const LaunchOrder& order);
/// The <reservationSet> item, or the content of RunInstances' answer, for these instances.
void write_reservation(Xml& xml, const Account& account, const std::string& reservation_id,
                       const std::vector<const Instance*>& instances);

/// Remembers the first use of a ClientToken. The former use when there is one with the same parameters; an
/// error when they differ.
Answer<const Remembered*> recall(const Account& account, const Call& call);
void remember(Account& account, const Call& call, Remembered answer);
/// DryRun=true: the error that says that it would have worked.
Answer<bool> unless_dry_run(const Call& call);
/// The parameter, or MissingParameter.
Answer<std::string> required(const Params& params, std::string_view name);
/// The value of a structure with one boolean, such as EnableDnsSupport.Value.
Answer<bool> attribute_flag(const Params& params, const std::string& name);
/// Refuses parameters that the operation does not have; operations that are not in the table take any.
Answer<bool> known_parameters(std::string_view operation, const Params& params);

/// The ARN of something in this account.
std::string ec2_arn(const Account& account, std::string_view type, std::string_view id);
/// <groupSet> with ids and names.
void write_groups(Xml& xml, const Account& account, const std::vector<std::string>& groups);
/// <association> of an interface with its public address; nothing without one.
void write_association(Xml& xml, const Account& account, const Interface& interface);
/// An interface as its instance shows it, or, `by_itself`, as the list of interfaces does.
void write_interface(Xml& xml, const Account& account, const Interface& interface, bool by_itself);
/// <blockDeviceMapping> of an instance.
void write_block_devices(Xml& xml, const Account& account, const Instance& instance);
/// The id of the request under which a spot instance came.
std::string spot_request_of(const Instance& instance);
std::string root_device_of(const Account& account, const Instance& instance);
/// "ip-172-31-16-4.ec2.internal"
std::string private_dns_name(const Account& account, const std::string& address);
/// "ec2-203-0-113-64.compute-1.amazonaws.com"; "" where the VPC gives no such names.
std::string public_dns_name(const Account& account, const Interface& interface, const std::string& address);
/// Whether an interface in the VPC can have these groups.
Answer<bool> check_groups(const Account& account, const std::vector<std::string>& groups,
                          const std::string& vpc_id);
/// Whether another group's rule names the group as its peer, or an interface has it.
bool group_in_use(const Account& account, const std::string& group_id);
/// The rules that IpPermissions ask for, one for each peer; one permission may stand in the parameters
/// themselves.
Answer<std::vector<SecurityGroupRule>> read_rules(const Account& account, const SecurityGroup& group,
                                                  bool egress, const Params& params);
/// Whether EC2 takes the text as the description of a group or a rule.
bool is_description(std::string_view text);
/// <item>s of the rules of one direction, gathered as IpPermissions.
void write_permissions(Xml& xml, const Account& account, const std::string& group_id, bool egress);

}  // namespace spillway::emu
