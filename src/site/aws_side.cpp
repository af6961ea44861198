#include "site/aws_side.h"

#include "site/applier.h"
#include "site/gather.h"

namespace spillway::site {
namespace {

bool lets_wireguard_in(const Json& rules, int64_t port) {
  for (const Json& rule : rules.items()) {
    const std::string& protocol = rule["IpProtocol"].as_string();
    if (protocol == "-1") return true;
    if (protocol == "udp" && rule["FromPort"].as_int() <= port && port <= rule["ToPort"].as_int())
      return true;
  }
  return false;
}

}  // namespace

vpn::AwsSide aws_side_of(const vpn::Tunnel& tunnel, const Actuals& actuals) {
  vpn::AwsSide out;
  const auto get = [&](const char* key) { return actuals.contains(key) ? actuals.at(key) : Actual{}; };
  const Actual gateway = get("Gateway");
  out.running = gateway.attributes["State"].as_string() == "running";
  out.source_dest_check = gateway.properties["SourceDestCheck"].as_bool();
  out.gateway_address = get("GatewayAddress").attributes["PublicIp"].as_string();
  out.wireguard_open = lets_wireguard_in(get("GatewayGroupRules").properties["SecurityGroupIngress"],
                                         tunnel.config.listen_port);
  const Json routes = get("ComputeRoutes").properties["Routes"];
  for (const std::string& network : tunnel.config.onprem_cidrs) {
    bool found = false;
    for (const Json& route : routes.items())
      found = found || (route["DestinationCidrBlock"].as_string() == network &&
                        route["InstanceId"].as_string() == gateway.id);
    if (!found) out.unrouted.push_back(network);
  }
  return out;
}

Result<vpn::AwsSide> ask_aws_side(const Invocation& asked, const vpn::Tunnel& tunnel) {
  const Gathered gathered = TRY(gather_for_destroy(asked));
  SystemClock clock;
  return aws_side_of(tunnel, TRY(observe({gathered.aws->client(), gathered.inputs, clock}, {})));
}

}  // namespace spillway::site
