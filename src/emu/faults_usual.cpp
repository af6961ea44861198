#include "emu/faults.h"

// What AWS says with the codes that rules give most. Sources: EC2 API Reference, "Error codes"; answers seen.
namespace spillway::emu {
namespace {

struct Usual {
  std::string_view code;
  int status;
  std::string_view message;  // {0}: the instance type, {1}: the zone
};
constexpr Usual kUsual[] = {
    {"InsufficientInstanceCapacity", 500,
     "We currently do not have sufficient {0} capacity in the Availability Zone you requested ({1}). Our "
     "system will be working on provisioning additional capacity."},
    {"InsufficientHostCapacity", 500, "There is not enough capacity to fulfill your Dedicated Host request."},
    {"InsufficientReservedInstanceCapacity", 500,
     "There are not enough available Reserved Instances to satisfy your request."},
    {"ReservationCapacityExceeded", 400, "The targeted Capacity Reservation has not enough capacity left."},
    {"UnfulfillableCapacity", 400,
     "Unable to fulfill capacity due to your request configuration. Please adjust your request and try "
     "again."},
    {"MaxSpotInstanceCountExceeded", 400, "Max spot instance count exceeded"},
    {"SpotMaxPriceTooLow", 400,
     "Your Spot request price is lower than the minimum required Spot request fulfillment price."},
    {"Unsupported", 400,
     "Your requested instance type ({0}) is not supported in your requested Availability Zone ({1})."},
    {"VcpuLimitExceeded", 400,
     "You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that "
     "the specified instance type belongs to."},
    {"InstanceLimitExceeded", 400,
     "You have requested more instances than your current instance limit allows."},
    {"MaxFleetCountExceeded", 400, "You have reached the limit of fleets in this Region."},
    {"InsufficientFreeAddressesInSubnet", 400,
     "There are not enough free addresses in the subnet to satisfy the requested number of instances."},
    {"InvalidLaunchTemplateId.NotFound", 400, "The specified launch template, with that ID, does not exist."},
    {"InvalidLaunchTemplateId.VersionNotFound", 400,
     "Could not find the specified version of the launch template."},
    {"InvalidLaunchTemplateName.NotFoundException", 400,
     "The specified launch template, with that name, does not exist."},
    {"UnauthorizedOperation", 403, "You are not authorized to perform this operation."},
    {"AccessDenied", 403, "Access Denied"},
    {"RequestLimitExceeded", 503, "Request limit exceeded."},
    {"EC2ThrottledException", 503, "Request limit exceeded."},
    {"Throttling", 400, "Rate exceeded"},
    {"ThrottlingException", 400, "Rate exceeded"},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"InternalError", 500, "An internal error has occurred"},
    {"InternalFailure", 500, "An internal failure has occurred"},
    {"Unavailable", 503, "The server is overloaded and can't handle the request."},
    {"ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server."},
    {"RequestExpired", 400, "Request has expired."},
    {"ExpiredToken", 403, "The security token included in the request is expired"},
    {"AuthFailure", 401, "AWS was not able to validate the provided access credentials"},
};

const Usual* find_usual(std::string_view code) {
  for (const Usual& usual : kUsual)
    if (usual.code == code) return &usual;
  return nullptr;
}

}  // namespace

std::string usual_message(const std::string& code, std::string_view type, std::string_view zone) {
  const Usual* usual = find_usual(code);
  if (!usual) return "The request was refused by a rule of the emulator.";
  return fmt::format(fmt::runtime(usual->message), type, zone);
}

int usual_status(const std::string& code) {
  const Usual* usual = find_usual(code);
  return usual ? usual->status : 400;
}

}  // namespace spillway::emu
