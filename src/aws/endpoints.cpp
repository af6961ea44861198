#include "aws/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/encode.h"

namespace spillway::aws {
namespace {

std::string_view dns_suffix(std::string_view region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("us-iso-")) return "c2s.ic.gov";
  if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
  return "amazonaws.com";
}

// Services without regions answer, and sign, in one place.
bool is_global(std::string_view service) {
  return service == "iam" || service == "budgets" || service == "route53";
}

std::string without_last_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// A bucket whose name can be a host label under AWS's wildcard certificate: no dots, no capitals.
bool fits_host(std::string_view bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && std::ranges::all_of(bucket, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Endpoint endpoint_for(const Model& model, std::string_view region, const Endpoints& endpoints) {
  const bool global =
      is_global(model.service) && !region.starts_with("cn-") && !region.starts_with("us-gov-");
  const std::string signing_region(global ? "us-east-1" : region);
  const auto own = endpoints.by_service.find(model.service);
  if (own != endpoints.by_service.end()) return {without_last_slash(own->second), signing_region, true};
  if (!endpoints.all.empty()) return {without_last_slash(endpoints.all), signing_region, true};
  if (global) return {fmt::format("https://{}.amazonaws.com", model.endpoint_prefix), signing_region, false};
  return {fmt::format("https://{}.{}.{}", model.endpoint_prefix, region, dns_suffix(region)), signing_region,
          false};
}

std::string address(const Model& model, const Endpoint& endpoint, const Wire& wire) {
  Url url = split_url(endpoint.url);
  std::string base = url.path == "/" ? "" : url.path;
  std::string path = wire.path;
  if (model.service == "s3" && !endpoint.custom) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string bucket = path.substr(1, end - 1);
    if (fits_host(bucket)) {
      url.authority = bucket + "." + url.authority;
      path = end == path.size() ? "/" : path.substr(end);
    }
  }
  url.authority = wire.host_prefix + url.authority;
  url.path = base + path;
  url.query = wire.query;
  return url.str();
}

}  // namespace spillway::aws
