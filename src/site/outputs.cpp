#include "site/outputs.h"

#include "base/file.h"
#include "site/desired.h"

namespace spillway::site {
namespace {

const Actual& one(const Actuals& actuals, const std::string& key) {
  static const Actual kNone;
  const auto found = actuals.find(key);
  return found == actuals.end() ? kNone : found->second;
}

}  // namespace

Json outputs_of(const Inputs& in, const Actuals& actuals) {
  Json subnets = Json::array();
  for (const std::string& key : compute_subnet_keys(in)) subnets.push(one(actuals, key).id);
  Json out = Json::object(
      {{"schema", "spillway.site/v1"},
       {"cluster", in.cluster.value},
       {"region", in.region},
       {"bucket", in.bucket},
       {"vpc", one(actuals, "Vpc").id},
       {"subnets", std::move(subnets)},
       {"head_role", one(actuals, "HeadRole").attributes["Arn"]},
       {"stage_role", one(actuals, "StageRole").attributes["Arn"]},
       {"compute_role_id", one(actuals, "ComputeRole").attributes["RoleId"]},
       {"image", Json::object({{"source", in.own.image}, {"id", in.image}})},
       {"gateway_image", Json::object({{"source", in.own.gateway_image}, {"id", in.gateway_image}})}});
  const Actual& launch_template = one(actuals, "ComputeTemplate");
  out.set("launch_template", Json::object({{"id", launch_template.id},
                                           {"version", launch_template.attributes["VersionNumber"].dump()}}));
  if (const Actual& gateway = one(actuals, "Gateway"); !gateway.id.empty())
    out.set("gateway", Json::object({{"instance", gateway.id},
                                     {"group", one(actuals, "GatewayGroup").id},
                                     {"address", one(actuals, "GatewayAddress").attributes["PublicIp"]},
                                     {"private_address", gateway.attributes["PrivateIp"]},
                                     {"public_key", one(actuals, "GatewayKey").attributes["PublicKey"]}}));
  if (const Actual& standby = one(actuals, "Standby"); !standby.id.empty())
    out.set("standby", Json::object({{"instance", standby.id},
                                     {"address", one(actuals, "StandbyAddress").attributes["PublicIp"]},
                                     {"private_address", standby.attributes["PrivateIp"]},
                                     {"public_key", one(actuals, "StandbyKey").attributes["PublicKey"]}}));
  if (const Actual& tunnel = one(actuals, "TunnelRole"); !tunnel.id.empty())
    out.set("tunnel_role", tunnel.attributes["Arn"]);
  return out;
}

Result<void> write_outputs(const std::filesystem::path& file, const Json& outputs) {
  return write_file_atomically(file, outputs.dump(2) + "\n", 0644);
}

}  // namespace spillway::site
