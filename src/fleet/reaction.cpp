#include "fleet/reaction.h"

#include "aws/errors.h"

namespace spillway::fleet {
namespace {

struct Known {
  std::string_view code;
  Reaction reaction;
};

// What aws::kind_of() takes together and a launch must tell apart.
constexpr Known kKnown[] = {
    {"VcpuLimitExceeded", Reaction::quota},
    {"InstanceLimitExceeded", Reaction::quota},
    {"MaxSpotInstanceCountExceeded", Reaction::quota},
    {"MaxFleetCountExceeded", Reaction::quota},
    {"SpotFleetRequestConfigRateExceeded", Reaction::quota},
    {"InvalidIamInstanceProfile", Reaction::settle},
    {"InvalidIamInstanceProfileArn.Malformed", Reaction::configuration},
    {"PendingVerification", Reaction::authentication},
    {"Blocked", Reaction::authentication},
    {"InternalError", Reaction::later},
    {"InternalFailure", Reaction::later},
    {"Unavailable", Reaction::later},
    {"ServiceUnavailable", Reaction::later},
};

}  // namespace

std::string_view to_string(Reaction reaction) {
  constexpr std::string_view kWords[] = {"capacity", "quota",         "later",
                                         "settle",   "configuration", "authentication"};
  return kWords[static_cast<int>(reaction)];
}

Reaction reaction_to(std::string_view aws_code, std::string_view message) {
  for (const Known& known : kKnown)
    if (known.code == aws_code) return known.reaction;
  // EC2 says InvalidParameterValue of an instance profile that IAM has not told it of yet.
  if (aws_code == "InvalidParameterValue" && (message.find("nstance profile") != std::string_view::npos ||
                                              message.find("nstance Profile") != std::string_view::npos))
    return Reaction::settle;
  switch (aws::kind_of(aws_code, 400)) {
    case Kind::no_capacity:
      return Reaction::next_offering;
    case Kind::throttled:
    case Kind::unavailable:
    case Kind::timeout:
      return Reaction::later;
    case Kind::denied:
    case Kind::credentials:
      return Reaction::authentication;
    default:
      return Reaction::configuration;
  }
}

}  // namespace spillway::fleet
