#include "site/aws_side.h"

#include <set>

#include "site/applier.h"
#include "vpn/peers.h"

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

class ObservedSide final : public vpn::AwsSide {
 public:
  explicit ObservedSide(std::shared_ptr<Reach> reach)
      : reach_(reach), publisher_(tunnel_publisher(std::move(reach))) {}

  Result<vpn::AwsFacts> facts(Deadline deadline) override {
    const Gathered& gathered = *TRY(reach_->gathered());
    SystemClock clock;
    Session session{gathered.aws->client(), gathered.inputs, clock};
    session.deadline = deadline;
    vpn::AwsFacts out = facts_of(gathered.inputs.vpn, TRY(observe(session, {})));
    auto document = publisher_->peers(deadline);
    if (!document && document.error().kind != Kind::not_found) return document.error();
    if (document)
      for (const vpn::Peer& peer : document->peers) out.near_keys.push_back(peer.public_key);
    return out;
  }

 private:
  std::shared_ptr<Reach> reach_;
  std::shared_ptr<vpn::Publisher> publisher_;
};

}  // namespace

Result<const Gathered*> Reach::gathered() {
  if (!gathered_) gathered_ = std::make_unique<Gathered>(TRY(gather_for_destroy(asked_)));
  return gathered_.get();
}

vpn::AwsFacts facts_of(const vpn::VpnConfig& config, const Actuals& actuals) {
  vpn::AwsFacts out;
  const auto get = [&](const char* key) { return actuals.contains(key) ? actuals.at(key) : Actual{}; };
  const Actual gateway = get("Gateway");
  out.running = gateway.attributes["State"].as_string() == "running";
  out.source_dest_check = gateway.properties["SourceDestCheck"].as_bool();
  out.public_address = gateway.attributes["PublicIp"].as_string();
  out.public_key = vpn::PublicKey{get("GatewayKey").attributes["PublicKey"].as_string()};
  out.tunnel_port_open =
      lets_wireguard_in(get("GatewayGroupRules").properties["SecurityGroupIngress"], config.listen_port);
  // Of two gateways, the one that the premises send to has taken the routes.
  std::set<std::string> gateways{gateway.id};
  if (actuals.contains("Standby")) gateways.insert(actuals.at("Standby").id);
  const Json routes = get("ComputeRoutes").properties["Routes"];
  for (const std::string& network : config.onprem_cidrs) {
    bool found = false;
    for (const Json& route : routes.items())
      found = found || (route["DestinationCidrBlock"].as_string() == network &&
                        gateways.contains(route["InstanceId"].as_string()));
    if (!found) out.unrouted.push_back(network);
  }
  return out;
}

std::shared_ptr<vpn::AwsSide> aws_side(std::shared_ptr<Reach> reach) {
  return std::make_shared<ObservedSide>(std::move(reach));
}

}  // namespace spillway::site
