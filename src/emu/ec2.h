#pragma once
#include <functional>
#include <string>
#include <vector>

#include "emu/call.h"

// EC2, one table of operations per file ec2_*.cpp, and what they share.
namespace spillway::emu {

const XmlOperations& ec2_instance_operations();
const XmlOperations& ec2_describe_operations();
const XmlOperations& ec2_fleet_operations();
const XmlOperations& ec2_template_operations();
const XmlOperations& ec2_tag_operations();
const XmlOperations& ec2_place_operations();
const XmlOperations& ec2_type_operations();

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
/// Whether `value` matches `pattern`, where * stands for any text and ? for one character; a backslash
/// quotes.
bool matches_wildcard(std::string_view pattern, std::string_view value);

/// The values that a resource has for a filter's name; nothing for a name that the operation does not know.
using FilterValues = std::function<std::optional<std::vector<std::string>>(std::string_view name)>;
/// Whether a resource passes all of Filter.N. tag:KEY, tag-key and tag-value come from `tags`.
Answer<bool> passes_filters(const std::vector<Params>& filters, const Tags& tags, const FilterValues& values);

struct Page {
  size_t first = 0, last = 0;  // [first, last) of all results
  std::string next;            // "" at the end
};
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

/// The data of one launch template version, named as CreateFleet and RunInstances do.
struct ResolvedTemplate {
  const LaunchTemplate* launch_template = nullptr;
  const TemplateVersion* version = nullptr;
};
Answer<ResolvedTemplate> resolve_template(const Account& account, const Params& specification);
/// Reads LaunchTemplateData, or the same parameters of RunInstances. User data arrive in base64.
Answer<LaunchData> read_launch_data(const Params& params);
/// `over` where it says something, else `base`.
LaunchData merged(LaunchData base, const LaunchData& over);

/// Errors: InvalidInstanceID.Malformed, InvalidInstanceID.NotFound.
Answer<bool> known_instances(const Account& account, const std::vector<std::string>& ids);

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

}  // namespace spillway::emu
