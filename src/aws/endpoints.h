#pragma once
#include <map>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/protocol.h"

namespace spillway::aws {

/// Endpoints that the environment or the configuration name instead of AWS's own.
struct Endpoints {
  std::map<std::string, std::string, std::less<>> by_service;  // "ec2" → "https://10.0.0.1:8443"
  std::string all;                                             // for every service that has none of its own
};

struct Endpoint {
  std::string url;  // scheme, authority and perhaps a path, without a slash at the end
  std::string signing_region;
  bool custom = false;  // named by the user: no bucket goes into its host name
};

/// Where a service answers in a region. Source: "Service endpoints", AWS general reference.
Endpoint endpoint_for(const Model& model, std::string_view region, const Endpoints& endpoints);

/// The complete URL of a call there. On AWS an S3 bucket moves from the path into the host name.
std::string address(const Model& model, const Endpoint& endpoint, const Wire& wire);

}  // namespace spillway::aws
