#include "sim/cloud.h"

#include "aws/errors.h"
#include "emu/ec2.h"
#include "emu/faults.h"
#include "emu/iam.h"
#include "emu/seed.h"
#include "emu/xml_tree.h"

namespace spillway::sim {
namespace {

/// Names that the query protocol has in the singular where the JSON shape has a list.
std::string_view name_on_the_wire(std::string_view name) {
  if (name == "TagSpecifications") return "TagSpecification";
  if (name == "Tags") return "Tag";
  return name;
}

void flatten(const Json& json, const std::string& prefix, emu::Params& out) {
  if (json.is_object()) {
    for (const auto& [name, value] : json.members())
      flatten(value, fmt::format("{}{}{}", prefix, prefix.empty() ? "" : ".", name_on_the_wire(name)), out);
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) flatten(json.at(i), fmt::format("{}.{}", prefix, i + 1), out);
  } else if (json.is_string()) {
    out.set(prefix, json.as_string());
  } else if (!json.is_null()) {
    out.set(prefix, json.dump());
  }
}

Result<std::string> failed(std::string_view service, std::string_view operation, const emu::ApiError& e) {
  return aws::make_error(service, operation, e.code, e.message, e.status);
}

aws::FleetError fleet_error(const emu::Element& item) {
  const emu::Element* place = item.child("launchTemplateAndOverrides");
  const emu::Element* over = place ? place->child("overrides") : nullptr;
  const auto of = [&](std::string_view name) { return over ? over->text_of(name) : std::string{}; };
  return {item.text_of("errorCode"), item.text_of("errorMessage"), of("instanceType"), of("subnetId"),
          of("availabilityZone")};
}

}  // namespace

emu::Account Cloud::make_account(Clock& clock) {
  emu::Account account{{.boot_delay = std::chrono::seconds{2},
                        .shutdown_delay = std::chrono::seconds{3},
                        .forget_after = std::chrono::minutes{3}},
                       clock};
  const auto seeded = emu::seed_account(account, emu::example_seed());
  if (!seeded) throw std::logic_error("the example seed: " + seeded.error().what);
  emu::LaunchTemplate compute{.id = account.make_id("lt-"), .name = "compute", .created = account.now()};
  compute.versions[1] = {.number = 1,
                         .created = account.now(),
                         .data = {.image_id = account.images.begin()->first, .type = "c5.large"}};
  compute.next_version = 2;
  account.templates.emplace(compute.id, compute);
  // Somebody else's: another cluster of the same name, and one that carries no tags of ours.
  for (const char* cluster : {"another-cluster", ""}) {
    emu::Instance foreign{
        .id = InstanceId{account.make_id("i-")}, .state = emu::State::running, .launched = account.now()};
    foreign.reservation_id = account.make_id("r-");
    foreign.tags = {{"spillway:kind", "instance"}, {"spillway:intent", "in-theirs"}};
    if (*cluster) foreign.tags["spillway:cluster"] = cluster;
    account.instances.emplace(foreign.id.value, foreign);
  }
  return account;
}

Cloud::Cloud(const emu::Account& like) : account_(like) {
  who_ = emu::identity_of(account_, account_.keys.begin()->second);
  who_.secure = true;
  who_.source_ip = "192.168.10.10";
}

Result<std::string> Cloud::ask(std::string_view operation, emu::Params params) {
  emu::advance(account_);
  const emu::RequestTrouble trouble = trouble_of("ec2", operation, params);
  if (trouble.delay > Duration{}) account_.clock.sleep_for(trouble.delay);
  if (trouble.drop_before) return Error{Kind::unavailable, "the connection was cut"};
  emu::Call call{.service = "ec2",
                 .operation = std::string(operation),
                 .request_id = account_.make_id(""),  // as the whole way has it: one identifier a request
                 .params = std::move(params),
                 .who = who_};
  call.params.set("Action", call.operation);
  call.params.set("Version", "2016-11-15");
  if (trouble.error) return failed("ec2", operation, *trouble.error);
  const net::Response response = emu::ec2_answer(account_, call);
  emu::advance(account_);
  if (trouble.drop_after) return Error{Kind::unavailable, "the connection was cut"};
  if (response.status < 300) return response.body;
  const auto document = emu::parse_xml(response.body);
  const emu::Element* errors = document ? document->child("Errors") : nullptr;
  const emu::Element* error = errors ? errors->child("Error") : nullptr;
  if (!error) return Error{Kind::internal, "an error without a document"};
  return failed("ec2", operation, {error->text_of("Code"), error->text_of("Message"), response.status});
}

emu::RequestTrouble Cloud::trouble_of(const std::string& service, std::string_view operation,
                                      const emu::Params& params) {
  const std::string name(operation);
  return emu::request_trouble(account_, name, service, params);
}

Result<void> Cloud::ask_s3(std::string_view operation) {
  emu::advance(account_);
  const emu::RequestTrouble trouble = trouble_of("s3", operation, {});
  if (trouble.delay > Duration{}) account_.clock.sleep_for(trouble.delay);
  if (trouble.drop_before || trouble.drop_after) return Error{Kind::unavailable, "the connection was cut"};
  account_.make_id("");
  if (trouble.error) return failed("s3", operation, *trouble.error).error();
  return {};
}

aws::Instance shown(const emu::Instance& from) {
  aws::Instance out;
  out.id = from.id;
  out.state = emu::to_string(from.state);
  out.private_ip = IpAddress{from.private_ip};
  out.type = from.launch.type;
  out.zone = from.zone;
  out.subnet = from.launch.subnet_id;
  out.lifecycle = from.launch.market.empty() ? "on-demand" : from.launch.market;
  out.state_reason = from.reason;
  out.client_token = from.client_token;
  out.launched = from.launched;
  out.tags.reserve(from.tags.size());
  for (const auto& [key, value] : from.tags) out.tags.push_back({key, value});
  return out;
}

Result<aws::FleetAnswer> ModelEc2::create_fleet(const Json& request, Deadline) {
  emu::Params params;
  flatten(request, "", params);
  const std::string body = TRY(cloud_.ask("CreateFleet", std::move(params)));
  const auto document = emu::parse_xml(body);
  if (!document) return Error{Kind::internal, "CreateFleet answered what cannot be read"};
  aws::FleetAnswer out{.fleet_id = document->text_of("fleetId")};
  if (const emu::Element* sets = document->child("fleetInstanceSet"))
    for (const emu::Element* item : sets->all("item")) {
      const aws::FleetError place = fleet_error(*item);
      const emu::Element* ids = item->child("instanceIds");
      if (!ids) continue;
      for (const emu::Element* id : ids->all("item"))
        out.instances.push_back(
            {InstanceId{id->text}, item->text_of("instanceType"), place.subnet, place.zone});
    }
  if (const emu::Element* errors = document->child("errorSet"))
    for (const emu::Element* item : errors->all("item")) out.errors.push_back(fleet_error(*item));
  return out;
}

Result<std::vector<aws::Instance>> ModelEc2::describe_instances(const std::vector<aws::Filter>& filters,
                                                                Deadline) {
  emu::Account& account = cloud_.account();
  emu::advance(account);
  const emu::RequestTrouble trouble = cloud_.trouble_of("ec2", "DescribeInstances", {});
  if (trouble.drop_before || trouble.drop_after) return Error{Kind::unavailable, "the connection was cut"};
  account.make_id("");
  if (trouble.error) return failed("ec2", "DescribeInstances", *trouble.error).error();
  // By reservation, as the list is told.
  std::map<std::string_view, std::vector<const emu::Instance*>> reservations;
  for (const auto& [id, instance] : account.instances) {
    const bool passes = std::all_of(filters.begin(), filters.end(), [&](const aws::Filter& filter) {
      std::string value;
      if (filter.name.starts_with("tag:")) {
        const auto tag = instance.tags.find(filter.name.substr(4));
        if (tag == instance.tags.end()) return false;
        value = tag->second;
      } else if (filter.name == "instance-id") {
        value = id;
      } else if (filter.name == "instance-state-name") {
        value = emu::to_string(instance.state);
      } else {
        throw std::logic_error("the simulation's EC2 does not know the filter " + filter.name);
      }
      return std::find(filter.values.begin(), filter.values.end(), value) != filter.values.end();
    });
    if (passes) reservations[instance.reservation_id].push_back(&instance);
  }
  std::vector<aws::Instance> out;
  for (const auto& [id, members] : reservations)
    for (const emu::Instance* instance : members) out.push_back(shown(*instance));
  return out;
}

Result<std::vector<aws::Instance>> ModelEc2::describe_instances(const std::vector<InstanceId>& ids,
                                                                Deadline deadline) {
  aws::Filter filter{"instance-id", {}};
  for (const InstanceId& id : ids) filter.values.push_back(id.value);
  return describe_instances({filter}, deadline);
}

Result<std::vector<aws::Instance>> ModelEc2::terminate(const std::vector<InstanceId>& ids, Deadline) {
  // An unknown one fails all: those that are known are asked for again, as the client does.
  std::vector<InstanceId> known = ids;
  while (!known.empty()) {
    emu::Params params;
    for (size_t i = 0; i < known.size(); ++i) params.set(fmt::format("InstanceId.{}", i + 1), known[i].value);
    const auto answer = cloud_.ask("TerminateInstances", std::move(params));
    if (answer) break;
    if (answer.error().peer_code != "InvalidInstanceID.NotFound") return answer.error();
    std::erase_if(known,
                  [&](const InstanceId& id) { return !cloud_.account().instances.contains(id.value); });
  }
  std::vector<aws::Instance> out;
  for (const InstanceId& id : known) out.push_back({.id = id, .state = "shutting-down"});
  return out;
}

Result<void> ModelEc2::create_tags(const std::vector<InstanceId>& ids, const std::vector<aws::Tag>& tags,
                                   Deadline) {
  emu::Params params;
  for (size_t i = 0; i < ids.size(); ++i) params.set(fmt::format("ResourceId.{}", i + 1), ids[i].value);
  for (size_t i = 0; i < tags.size(); ++i) {
    params.set(fmt::format("Tag.{}.Key", i + 1), tags[i].key);
    params.set(fmt::format("Tag.{}.Value", i + 1), tags[i].value);
  }
  TRY(cloud_.ask("CreateTags", std::move(params)));
  return {};
}

Result<std::string> ModelS3::get(std::string_view key, Deadline) {
  TRY(cloud_.ask_s3("GetObject"));
  const auto found = cloud_.objects().find(std::string(key));
  if (found == cloud_.objects().end()) return Error{Kind::not_found, "NoSuchKey"};
  return *found->second.content;
}

Result<void> ModelS3::put(std::string_view key, std::string body, Deadline) {
  TRY(cloud_.ask_s3("PutObject"));
  emu::Object object{.content = std::make_shared<const std::string>(std::move(body)),
                     .modified = cloud_.account().now()};
  cloud_.objects().insert_or_assign(std::string(key), std::move(object));
  return {};
}

Result<void> ModelS3::put_if_absent(std::string_view key, std::string body, Deadline deadline) {
  if (cloud_.objects().contains(std::string(key))) return Error{Kind::conflict, "PreconditionFailed"};
  return put(key, std::move(body), deadline);
}

Result<void> ModelS3::copy(std::string_view from, std::string_view to, Deadline) {
  TRY(cloud_.ask_s3("CopyObject"));
  const auto found = cloud_.objects().find(std::string(from));
  if (found == cloud_.objects().end()) return Error{Kind::not_found, "NoSuchKey"};
  const emu::Object object = found->second;
  cloud_.objects().insert_or_assign(std::string(to), object);
  return {};
}

Result<void> ModelS3::remove(std::string_view key, Deadline) {
  TRY(cloud_.ask_s3("DeleteObject"));
  cloud_.objects().erase(std::string(key));
  return {};
}

Result<std::vector<std::string>> ModelS3::list(std::string_view prefix, Deadline) {
  TRY(cloud_.ask_s3("ListObjectsV2"));
  std::vector<std::string> keys;
  for (const auto& [key, object] : cloud_.objects())
    if (key.starts_with(prefix)) keys.push_back(key);
  return keys;
}

Result<void> ModelS3::copy_all(const std::vector<std::pair<std::string, std::string>>& from_to,
                               Deadline deadline) {
  Result<void> outcome;
  for (const auto& [from, to] : from_to)
    if (auto copied = copy(from, to, deadline); !copied && outcome) outcome = copied;
  return outcome;
}

Result<void> ModelS3::remove_all(const std::vector<std::string>& keys, Deadline deadline) {
  Result<void> outcome;
  for (const std::string& key : keys)
    if (auto removed = remove(key, deadline); !removed && outcome) outcome = removed;
  return outcome;
}

}  // namespace spillway::sim
