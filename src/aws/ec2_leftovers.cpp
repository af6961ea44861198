// What instances can leave behind: volumes and network interfaces.
#include <fmt/format.h>

#include "aws/ec2.h"
#include "aws/errors.h"

namespace spillway::aws {
namespace {

struct Listing {
  Leftover::What what;
  const char *list, *set, *id, *erase;
};
constexpr Listing kListings[] = {
    {Leftover::What::volume, "DescribeVolumes", "Volumes", "VolumeId", "DeleteVolume"},
    {Leftover::What::interface, "DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId",
     "DeleteNetworkInterface"},
};

Json json_of(const Filter& filter) {
  Json values = Json::array();
  for (const std::string& value : filter.values) values.push(value);
  return Json::object({{"Name", filter.name}, {"Values", std::move(values)}});
}

}  // namespace

Result<std::vector<Leftover>> Ec2::leftovers(const std::vector<Filter>& filters, Deadline deadline) {
  std::vector<Leftover> out;
  if (!client_) return out;  // a model of EC2 whose machines leave nothing
  Json wanted = Json::array({json_of({"status", {"available"}})});
  for (const Filter& filter : filters) wanted.push(json_of(filter));
  for (const Listing& listing : kListings) {
    const Json answer = TRY(client_->call_all(
        "ec2", listing.list, Json::object({{"MaxResults", 500}, {"Filters", wanted}}), deadline));
    for (const Json& one : answer[listing.set].items())
      out.push_back({listing.what, one[listing.id].as_string()});
  }
  return out;
}

Result<void> Ec2::discard(const Leftover& leftover, Deadline deadline) {
  if (!client_) return {};
  const Listing& listing = kListings[leftover.what == Leftover::What::volume ? 0 : 1];
  const auto answer =
      client_->call("ec2", listing.erase, Json::object({{listing.id, leftover.id}}), deadline);
  if (answer || answer.error().kind == Kind::not_found) return {};
  return answer.error();
}

}  // namespace spillway::aws
