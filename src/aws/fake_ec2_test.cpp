#include "aws/fake_ec2.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/encode.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

net::Response answer(const std::string& operation, const std::string& body) {
  return {200,
          {{"Content-Type", "text/xml;charset=UTF-8"}},
          fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{0}Response "
                      "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n    "
                      "<requestId>r-1</requestId>\n    {1}\n</{0}Response>",
                      operation, body)};
}

net::Response failure(int status, const std::string& code, const std::string& message) {
  return {status,
          {},
          fmt::format("<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}"
                      "</Message></Error></Errors><RequestID>r-2</RequestID></Response>",
                      code, message)};
}

std::vector<std::string> numbered(const std::map<std::string, std::string>& form, const std::string& name) {
  std::vector<std::string> out;
  for (int i = 1; form.contains(fmt::format("{}.{}", name, i)); ++i)
    out.push_back(form.at(fmt::format("{}.{}", name, i)));
  return out;
}

}  // namespace

Result<net::Response> FakeEc2::send(const net::Request& request, Deadline) {
  Form form;
  for (const auto part : split(request.body, '&')) {
    const size_t equals = part.find('=');
    form[percent_decode(part.substr(0, equals))] = percent_decode(part.substr(equals + 1));
  }
  last_headers = request.headers;
  const std::string action = form["Action"];
  if (action == "CreateFleet") tokens.push_back(form["ClientToken"]);
  if (const Failure failing = std::exchange(fail_next, {}); failing.status)
    return failure(failing.status, failing.code, "as told");
  if (request.method != "POST" || request.url != "https://ec2.us-east-1.amazonaws.com/")
    return failure(400, "InvalidRequest", request.method + " " + request.url);
  if (form["Version"] != "2016-11-15") return failure(400, "NoSuchVersion", form["Version"]);
  if (action == "CreateFleet") return create_fleet(form);
  if (action == "DescribeInstances") return describe(form);
  if (action == "TerminateInstances") return terminate(form);
  if (action == "CreateTags") return create_tags(form);
  return failure(400, "InvalidAction", action);
}

net::Response FakeEc2::create_fleet(const Form& form) {
  const size_t wanted = std::stoul(form.at("TargetCapacitySpecification.TotalTargetCapacity"));
  const std::string place = fmt::format(
      "<launchTemplateAndOverrides><overrides><instanceType>{}</instanceType><subnetId>{}</subnetId>"
      "<availabilityZone>us-east-1a</availabilityZone></overrides></launchTemplateAndOverrides>",
      form.at("LaunchTemplateConfigs.1.Overrides.1.InstanceType"),
      form.at("LaunchTemplateConfigs.1.Overrides.1.SubnetId"));
  std::string ids;
  size_t launched = 0;
  for (; launched < wanted && machines_.size() < capacity; ++launched) {
    const std::string id = fmt::format("i-{:017x}", machines_.size());
    ids += fmt::format("<item>{}</item>", id);
    for (int i = 1; form.contains(fmt::format("TagSpecification.1.Tag.{}.Key", i)); ++i)
      machines_[id].tags[form.at(fmt::format("TagSpecification.1.Tag.{}.Key", i))] =
          form.at(fmt::format("TagSpecification.1.Tag.{}.Value", i));
  }
  std::string body = "<fleetId>fleet-1</fleetId>";
  if (launched < wanted)
    body +=
        "<errorSet><item><errorCode>InsufficientInstanceCapacity</errorCode><errorMessage>none "
        "left</errorMessage>"
        "<lifecycle>on-demand</lifecycle>" +
        place + "</item></errorSet>";
  if (launched > 0)
    body += fmt::format(
        "<fleetInstanceSet><item>{}<lifecycle>on-demand</lifecycle><instanceIds>{}</instanceIds>"
        "<instanceType>c5.large</instanceType></item></fleetInstanceSet>",
        place, ids);
  return answer("CreateFleet", body);
}

net::Response FakeEc2::describe(const Form& form) const {
  std::vector<std::string> shown;
  if (form.contains("Filter.1.Name") && form.at("Filter.1.Name") == "instance-id") {
    for (const std::string& id : numbered(form, "Filter.1.Value"))
      if (machines_.contains(id)) shown.push_back(id);
  } else {
    for (const auto& [id, machine] : machines_) shown.push_back(id);
  }
  const size_t from = form.contains("NextToken") ? std::stoul(form.at("NextToken")) : 0;
  const size_t to = std::min(shown.size(), from + page_size);
  std::string body = "<reservationSet>";
  for (size_t i = from; i < to; ++i) {
    const Machine& machine = machines_.at(shown[i]);
    std::string tags;
    for (const auto& [key, value] : machine.tags)
      tags += fmt::format("<item><key>{}</key><value>{}</value></item>", escaped(key), escaped(value));
    body += fmt::format(
        "<item><reservationId>r-{0}</reservationId><instancesSet><item><instanceId>{1}</"
        "instanceId><instanceState>"
        "<code>0</code><name>{2}</name></instanceState><launchTime>2026-11-22T21:54:03.000Z</launchTime>"
        "<tagSet>{3}</tagSet></item></instancesSet></item>",
        i, shown[i], machine.state, tags);
  }
  body += "</reservationSet>";
  if (to < shown.size()) body += fmt::format("<nextToken>{}</nextToken>", to);
  return answer("DescribeInstances", body);
}

net::Response FakeEc2::terminate(const Form& form) {
  std::string unknown, body = "<instancesSet>";
  for (const std::string& id : numbered(form, "InstanceId"))
    if (!machines_.contains(id)) unknown += (unknown.empty() ? "" : ", ") + id;
  if (!unknown.empty())
    return failure(400, "InvalidInstanceID.NotFound",
                   names_unknown_ids ? fmt::format("The instance IDs '{}' do not exist", unknown) : "no");
  for (const std::string& id : numbered(form, "InstanceId")) {
    machines_[id].state = "shutting-down";
    body += fmt::format(
        "<item><instanceId>{}</instanceId><currentState><code>32</code><name>shutting-down</name>"
        "</currentState></item>",
        id);
  }
  return answer("TerminateInstances", body + "</instancesSet>");
}

net::Response FakeEc2::create_tags(const Form& form) {
  for (const std::string& id : numbered(form, "ResourceId"))
    for (int i = 1; form.contains(fmt::format("Tag.{}.Key", i)); ++i)
      machines_.at(id).tags[form.at(fmt::format("Tag.{}.Key", i))] = form.at(fmt::format("Tag.{}.Value", i));
  return answer("CreateTags", "<return>true</return>");
}

Json fleet_request(int count) {
  return Json::object(
      {{"ClientToken", "token-1"},
       {"Type", "instant"},
       {"LaunchTemplateConfigs",
        Json::array({Json::object(
            {{"LaunchTemplateSpecification",
              Json::object({{"LaunchTemplateName", "spillway"}, {"Version", "$Latest"}})},
             {"Overrides",
              Json::array({Json::object({{"InstanceType", "c5.large"}, {"SubnetId", "subnet-1"}})})}})})},
       {"TargetCapacitySpecification",
        Json::object({{"TotalTargetCapacity", count}, {"DefaultTargetCapacityType", "on-demand"}})},
       {"TagSpecifications",
        Json::array({Json::object({{"ResourceType", "instance"},
                                   {"Tags", Json::array({Json::object({{"Key", "spillway:intent"},
                                                                       {"Value", "one & only"}})})}})})}});
}

}  // namespace spillway::aws
