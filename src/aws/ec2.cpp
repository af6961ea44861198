#include "aws/ec2.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/errors.h"

namespace spillway::aws {
namespace {

constexpr size_t kMaxIds = 1000;          // of TerminateInstances and CreateTags
constexpr size_t kMaxFilterValues = 200;  // of one filter

Json texts(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const std::string& value : values) out.push(value);
  return out;
}

std::vector<std::vector<std::string>> chunks(const std::vector<InstanceId>& ids, size_t most) {
  std::vector<std::vector<std::string>> out;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i % most == 0) out.emplace_back();
    out.back().push_back(ids[i].value);
  }
  return out;
}

/// What instance_from() takes; an instance's description has ten times as much.
const Wanted kOfInstances{
    {"Instance",
     {"InstanceId", "State", "PrivateIpAddress", "InstanceType", "Placement", "SubnetId", "InstanceLifecycle",
      "StateReason", "ClientToken", "LaunchTime", "Tags"}}};

Instance instance_from(const Json& json) {
  Instance out;
  out.id = InstanceId(json["InstanceId"].as_string());
  out.state = json["State"]["Name"].as_string();
  out.private_ip = IpAddress(json["PrivateIpAddress"].as_string());
  out.type = json["InstanceType"].as_string();
  out.zone = json["Placement"]["AvailabilityZone"].as_string();
  out.subnet = json["SubnetId"].as_string();
  out.lifecycle = json.contains("InstanceLifecycle") ? json["InstanceLifecycle"].as_string() : "on-demand";
  if (const Json& reason = json["StateReason"]; !reason["Code"].as_string().empty()) {
    // EC2's message often begins with the code.
    const std::string &code = reason["Code"].as_string(), &message = reason["Message"].as_string();
    out.state_reason = message.starts_with(code) ? message : fmt::format("{}: {}", code, message);
  }
  out.client_token = json["ClientToken"].as_string();
  out.launched = Time{std::chrono::microseconds{static_cast<int64_t>(json["LaunchTime"].as_double() * 1e6)}};
  for (const Json& tag : json["Tags"].items())
    out.tags.push_back({tag["Key"].as_string(), tag["Value"].as_string()});
  return out;
}

FleetAnswer fleet_answer(const Json& answer) {
  FleetAnswer out{.fleet_id = answer["FleetId"].as_string()};
  for (const Json& set : answer["Instances"].items()) {
    const Json& place = set["LaunchTemplateAndOverrides"]["Overrides"];
    for (const Json& id : set["InstanceIds"].items())
      out.instances.push_back({InstanceId(id.as_string()), set["InstanceType"].as_string(),
                               place["SubnetId"].as_string(), place["AvailabilityZone"].as_string()});
  }
  for (const Json& error : answer["Errors"].items()) {
    const Json& place = error["LaunchTemplateAndOverrides"]["Overrides"];
    out.errors.push_back({error["ErrorCode"].as_string(), error["ErrorMessage"].as_string(),
                          place["InstanceType"].as_string(), place["SubnetId"].as_string(),
                          place["AvailabilityZone"].as_string()});
  }
  return out;
}

Json listing(const std::vector<Filter>& filters) {
  Json list = Json::array();
  for (const Filter& filter : filters)
    list.push(Json::object({{"Name", filter.name}, {"Values", texts(filter.values)}}));
  return Json::object({{"MaxResults", 1000}, {"Filters", std::move(list)}});
}

void append_instances(const Json& page, std::vector<Instance>& out) {
  for (const Json& reservation : page["Reservations"].items())
    for (const Json& instance : reservation["Instances"].items()) out.push_back(instance_from(instance));
}

// The ids that a NotFound names: "The instance IDs 'i-1, i-2' do not exist".
std::vector<std::string> named_ids(std::string_view message) {
  std::vector<std::string> out;
  for (size_t at = message.find("i-"); at != std::string_view::npos; at = message.find("i-", at + 2)) {
    const size_t end = std::min(message.find_first_not_of("0123456789abcdef", at + 2), message.size());
    if (end > at + 2) out.emplace_back(message.substr(at, end - at));
  }
  return out;
}

}  // namespace

std::string Instance::tag(std::string_view key) const {
  const auto found = std::ranges::find(tags, key, &Tag::key);
  return found == tags.end() ? "" : found->value;
}

Room Ec2::launches_left(Time now) const {
  Pacing* pacing = client_ ? client_->settings().pacing : nullptr;
  return pacing ? Room{pacing->launches_left(now), static_cast<size_t>(pacing->rates().launches.burst)}
                : Room{};
}

Room Ec2::ends_left(Time now) const {
  Pacing* pacing = client_ ? client_->settings().pacing : nullptr;
  return pacing ? Room{pacing->ends_left(now), static_cast<size_t>(pacing->rates().ends.burst)} : Room{};
}

Result<FleetAnswer> Ec2::create_fleet(const Json& request, Deadline deadline) {
  return fleet_answer(TRY(client_->call("ec2", "CreateFleet", request, deadline)));
}

std::vector<Result<FleetAnswer>> Ec2::create_fleets(const std::vector<Json>& requests, Deadline deadline) {
  std::vector<Result<FleetAnswer>> answers;
  if (!client_ || requests.size() < 2) {
    for (const Json& request : requests) answers.push_back(create_fleet(request, deadline));
    return answers;
  }
  std::vector<Call> calls;
  for (const Json& request : requests) calls.push_back({"ec2", "CreateFleet", request});
  for (Result<Json>& answer : client_->call_many(std::move(calls), deadline))
    answers.push_back(answer ? Result<FleetAnswer>(fleet_answer(*answer)) : std::move(answer).error());
  return answers;
}

Result<std::vector<Instance>> Ec2::describe_instances(const std::vector<Filter>& filters, Deadline deadline) {
  return list_instances({{"ec2", "DescribeInstances", listing(filters), &kOfInstances}}, deadline);
}

Result<std::vector<Instance>> Ec2::describe_each(const std::vector<Filter>& filters, Deadline deadline) {
  if (!client_) {
    std::vector<Instance> out;
    for (const Filter& filter : filters)
      std::ranges::move(TRY(describe_instances(std::vector{filter}, deadline)), std::back_inserter(out));
    return out;
  }
  std::vector<Call> calls;
  for (const Filter& filter : filters)
    calls.push_back({"ec2", "DescribeInstances", listing({filter}), &kOfInstances});
  return list_instances(std::move(calls), deadline);
}

Result<std::vector<Instance>> Ec2::list_instances(std::vector<Call> calls, Deadline deadline) {
  std::vector<Instance> out;
  while (!calls.empty()) {
    std::vector<Call> next_pages;
    const auto answers = client_->call_many(calls, deadline);
    for (size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return answers[i].error();
      append_instances(*answers[i], out);
      if (const std::string& token = (*answers[i])["NextToken"].as_string(); !token.empty()) {
        if (calls[i].input["NextToken"].as_string() == token)
          return Error{Kind::internal, "ec2 DescribeInstances gives the same page again"};
        next_pages.push_back(std::move(calls[i]));
        next_pages.back().input.set("NextToken", token);
      }
    }
    calls = std::move(next_pages);
  }
  return out;
}

Result<std::vector<Instance>> Ec2::describe_instances(const std::vector<InstanceId>& ids, Deadline deadline) {
  // By filter and not by InstanceIds: there, one id that is not yet visible would fail the rest.
  std::vector<Filter> filters;
  for (std::vector<std::string>& chunk : chunks(ids, kMaxFilterValues))
    filters.push_back({"instance-id", std::move(chunk)});
  return describe_each(filters, deadline);
}

Result<std::vector<Instance>> Ec2::terminate_known(std::vector<std::string> ids, Deadline deadline) {
  std::vector<Instance> out;
  while (!ids.empty()) {
    auto answer =
        client_->call("ec2", "TerminateInstances", Json::object({{"InstanceIds", texts(ids)}}), deadline);
    if (answer) {
      for (const Json& change : (*answer)["TerminatingInstances"].items())
        out.push_back({.id = InstanceId(change["InstanceId"].as_string()),
                       .state = change["CurrentState"]["Name"].as_string()});
      return out;
    }
    const std::string& code = error_code(answer.error());
    if (code != "InvalidInstanceID.NotFound" && code != "InvalidInstanceID.Malformed")
      return std::move(answer).error();
    if (ids.size() == 1) return out;
    const std::vector<std::string> bad = named_ids(answer.error().what);
    const size_t dropped =
        std::erase_if(ids, [&](const auto& id) { return std::ranges::find(bad, id) != bad.end(); });
    if (dropped > 0) continue;
    // The message does not tell which: halve until it must be this one.
    const std::vector<std::string> rest(ids.begin() + ids.size() / 2, ids.end());
    ids.resize(ids.size() / 2);
    std::ranges::move(TRY(terminate_known(rest, deadline)), std::back_inserter(out));
  }
  return out;
}

Result<std::vector<Instance>> Ec2::terminate(const std::vector<InstanceId>& ids, Deadline deadline) {
  std::vector<Instance> out;
  for (std::vector<std::string>& chunk : chunks(ids, kMaxIds))
    std::ranges::move(TRY(terminate_known(std::move(chunk), deadline)), std::back_inserter(out));
  return out;
}

Result<void> Ec2::create_tags(const std::vector<InstanceId>& ids, const std::vector<Tag>& tags,
                              Deadline deadline) {
  Json list = Json::array();
  for (const Tag& tag : tags) list.push(Json::object({{"Key", tag.key}, {"Value", tag.value}}));
  for (const std::vector<std::string>& chunk : chunks(ids, kMaxIds))
    TRY(client_->call("ec2", "CreateTags", Json::object({{"Resources", texts(chunk)}, {"Tags", list}}),
                      deadline));
  return {};
}

}  // namespace spillway::aws
