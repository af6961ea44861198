#include "site/desired.h"

#include "base/crypto.h"

namespace spillway::site {

Resource resource(std::string key, std::string type, Json properties, std::string existing) {
  return {std::move(key), std::move(type), std::move(properties), {}, std::move(existing)};
}

std::vector<std::string> compute_subnet_keys(const Inputs& in) {
  const size_t count =
      in.existing.compute_subnets.empty() ? in.zones.size() : in.existing.compute_subnets.size();
  std::vector<std::string> keys;
  for (size_t i = 1; i <= count; ++i) keys.push_back(fmt::format("ComputeSubnet{}", i));
  return keys;
}

std::string digest_of(std::string_view content) {
  return to_hex(sha256(content));
}

Result<Resources> desired(const Inputs& in) {
  Resources out;
  TRY(want_network(in, out));
  want_groups(in, out);
  want_storage(in, out);
  want_access(in, out);
  TRY(want_gateway(in, out));
  want_templates(in, out);
  return in_order(std::move(out));
}

}  // namespace spillway::site
