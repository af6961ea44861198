#include "emu/ec2_list.h"

// DescribeSpotInstanceRequests. A request is known as long as its instance: nothing of its own is kept.
namespace spillway::emu {
namespace {

struct Status {
  std::string_view state, code, message;
};

Status status_of(const Instance& instance) {
  const bool reclaimed = instance.reason_code == kSpotTermination;
  const bool ended = instance.state == State::terminated || instance.state == State::shutting_down;
  if (ended && reclaimed)
    return {"closed", "instance-terminated-no-capacity",
            "Your Spot instance was terminated because there is no Spot capacity available that matches your "
            "request."};
  if (ended)
    return {"closed", "instance-terminated-by-user",
            "Your Spot instance was terminated by the user, either through user-initiated shutdown or "
            "instance termination."};
  if (instance.reclaimed)
    return {"active", "marked-for-termination", "Your Spot instance is marked for termination."};
  return {"active", "fulfilled", "Your spot request is fulfilled."};
}

struct SpotRequest {
  const Instance* instance = nullptr;
  Tags tags;
};

std::optional<Values> request_values(const Account&, const SpotRequest& request, std::string_view name) {
  static const Instance kNone;
  const Instance& instance = request.instance ? *request.instance : kNone;
  if (name == "spot-instance-request-id") return Values{spot_request_of(instance)};
  if (name == "instance-id") return Values{instance.id.value};
  if (name == "state") return Values{std::string(status_of(instance).state)};
  if (name == "status-code") return Values{std::string(status_of(instance).code)};
  if (name == "launched-availability-zone") return Values{instance.zone};
  if (name == "launch.instance-type") return Values{instance.launch.type};
  return std::nullopt;
}

void write_request(Xml& xml, const Account&, const SpotRequest& request) {
  const Instance& instance = *request.instance;
  const Status status = status_of(instance);
  xml.text("spotInstanceRequestId", spot_request_of(instance)).text("type", "one-time");
  xml.text("state", status.state).in("status", [&] {
    const Time when = instance.changed == Time{} ? instance.launched : instance.changed;
    xml.text("code", status.code).text("updateTime", to_iso8601(when)).text("message", status.message);
  });
  xml.text("instanceId", instance.id.value).text("createTime", to_iso8601(instance.launched));
  xml.text("launchedAvailabilityZone", instance.zone).text("productDescription", "Linux/UNIX");
  xml.text("instanceInterruptionBehavior", "terminate");
}

Answer<Xml> describe_spot_requests(Account& account, const Call& call) {
  std::map<std::string, SpotRequest> requests;
  for (const auto& [id, instance] : account.instances)
    if (instance.launch.market == "spot") {
      auto tags = instance.launch.tags.find("spot-instances-request");
      requests[spot_request_of(instance)] = {&instance,
                                             tags == instance.launch.tags.end() ? Tags{} : tags->second};
    }
  return list<SpotRequest>(account, call, requests,
                           {"SpotInstanceRequestId",
                            "spotInstanceRequestSet",
                            {"sir-", "spot-instances-request", "spot instance request ID",
                             "InvalidSpotInstanceRequestID.NotFound"},
                            request_values,
                            write_request});
}

}  // namespace

std::string spot_request_of(const Instance& instance) {
  const std::string& id = instance.id.value;
  return "sir-" + (id.size() > 8 ? id.substr(id.size() - 8) : id);
}

const XmlOperations& ec2_spot_operations() {
  static const XmlOperations kTable = {{"DescribeSpotInstanceRequests", describe_spot_requests}};
  return kTable;
}

}  // namespace spillway::emu
