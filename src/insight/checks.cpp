#include "insight/checks.h"

#include <ctime>

#include "base/file.h"
#include "dns/checks.h"
#include "dns/key_file.h"
#include "fleet/journal.h"
#include "insight/installation.h"
#include "site/vpn_site.h"
#include "vpn/examine.h"
#include "vpn/node_gateway.h"
#include "vpn/report.h"

namespace spillway::insight {
namespace {

Result<std::unique_ptr<aws::Stack>> stack_of(const Installation& here) {
  const config::AwsConfig& aws = here.loaded.site.aws;
  aws::Overrides overrides;
  overrides.endpoint_url = aws.endpoint_url;
  overrides.ca_file = aws.ca_bundle;
  return aws::make_stack(here.asked.get("profile", aws.profile), aws.region, std::move(overrides));
}

std::vector<Finding> check_identity(const Shared& here, Deadline deadline) {
  if (!here->aws) {
    auto stack = stack_of(*here);
    if (!stack) return {finding_of(stack.error())};
    here->aws = *std::move(stack);
  }
  const auto identity = here->aws->client().call("sts", "GetCallerIdentity", Json::object(), deadline);
  if (!identity) return {finding_of(identity.error())};
  return {good((*identity)["Arn"].as_string())};
}

std::vector<Finding> check_tunnel(const Shared& here, Deadline deadline) {
  if (here->loaded.vpn.onprem_cidrs.empty()) return {good("no tunnel is configured")};
  auto site = site::load_vpn_site(here->asked);
  if (!site) return {finding_of(site.error())};
  site->aws = nullptr;  // asked in its own area
  vpn::WgDevice device{here->runner, site->vpn.interface};
  vpn::NetProber prober{here->runner};
  if (vpn::is_node_mode(site->vpn)) {
    const auto state = device.show(deadline);
    if (!state) return {good("each node is a peer of the premises' gateway, which is another host")};
    return vpn::diagnose_nodes(*state, vpn::monitors_word(site->run_dir), here->clock.now());
  }
  if (device.show(deadline))
    return vpn::diagnose(
        vpn::examine(*site, device, prober, vpn::resolve, here->clock, IpAddress{}, deadline));
  // The gateway is another host: what can be seen from here is whether the far end answers.
  const auto networks = vpn::networks_of(site->vpn, site->vpc_cidr);
  if (!networks) return {finding_of(networks.error())};
  const std::string& far = networks->aws_end.value;
  const auto ping =
      here->runner.run({{"/usr/bin/ping", "-n", "-q", "-c", "2", "-i", "0.2", "-W", "1", far}}, deadline);
  if (ping && ping->exit_code == 0) return {good(fmt::format("the far gateway {} answers from here", far))};
  return {
      finding_of(Error{Kind::unavailable, fmt::format("the far gateway {} does not answer from here", far)}
                     .because("the tunnel is down, or this host has no way to it")
                     .fixed_by("on the premises' gateway: sudo spillway vpn check"))};
}

/// AWS tells its time in each answer.
std::vector<Finding> check_clock(const Shared& here, Deadline deadline) {
  if (!here->aws) return {};
  const std::string url = here->loaded.site.aws.endpoint_url.empty()
                              ? fmt::format("https://sts.{}.amazonaws.com/", here->loaded.site.aws.region)
                              : here->loaded.site.aws.endpoint_url;
  const auto answer = here->aws->transport().send({"GET", url, {}, ""}, deadline);
  if (!answer) return {finding_of(answer.error())};
  const std::string* date = net::find_header(answer->headers, "date");
  tm parts{};
  if (!date || !strptime(date->c_str(), "%a, %d %b %Y %H:%M:%S", &parts)) return {};
  return {judge_clock("AWS's clock", Time{std::chrono::seconds{timegm(&parts)}} - here->clock.now())};
}

Result<void> add_names(const Shared& here, std::vector<Check>& out) {
  const dns::DnsConfig& config = here->loaded.dns;
  if (config.zone.empty()) return {};
  dns::Key key = TRY(dns::load_key(config.tsig));
  here->name_server = std::make_unique<dns::TcpExchange>(config.server);
  here->publisher = std::make_unique<dns::Publisher>(*here->name_server, here->clock, std::move(key),
                                                     TRY(dns::names_of(config, here->cluster())));
  std::vector<dns::Exchange*> resolvers;
  for (const std::string& server : dns::nameservers(read_file("/etc/resolv.conf").value_or(""))) {
    here->resolvers.push_back(std::make_unique<dns::TcpExchange>(server));
    resolvers.push_back(here->resolvers.back().get());
  }
  for (Check& check :
       dns::checks({*here->publisher, std::move(resolvers), [raw = here.get()] { return raw->bindings(); },
                    here->clock, [raw = here.get()] { return raw->node_names(); }})) {
    check.run = [here, run = std::move(check.run)](Deadline deadline) { return run(deadline); };
    if (check.mend)
      check.mend = [here, mend = std::move(check.mend)](Deadline deadline) { return mend(deadline); };
    out.push_back(std::move(check));
  }
  return {};
}

}  // namespace

Result<std::vector<Check>> all_checks(const Invocation& asked) {
  auto here = std::make_shared<Installation>();
  here->asked = asked;
  const config::Section sections = [&](config::Reader& reader) {
    describe(reader, here->own);
    describe(reader, here->existing);
  };
  here->loaded = TRY(fleet::load(asked, {sections}));
  if (const auto kept = read_file(here->loaded.places.site()))
    here->applied = Json::parse(*kept).value_or(Json());
  const config::ClusterConfig& cluster = here->loaded.site.cluster;
  here->slurm = std::make_unique<slurm::CommandController>(
      here->runner, slurm::Commands{.bin = cluster.slurm_bin, .slurm_conf = cluster.slurm_conf});
  std::vector<Check> out{check(here, "aws", "identity", check_identity)};
  const auto add = [&](std::vector<Check> more) {
    for (Check& each : more) out.push_back(std::move(each));
  };
  add(aws_checks(here));
  out.push_back(check(here, "vpn", "tunnel", check_tunnel));
  if (const auto named = add_names(here, out); !named)
    out.push_back(
        {"dns", "key", [error = named.error()](Deadline) { return std::vector{finding_of(error)}; }, {}, {}});
  add(slurm_checks(here));
  out.push_back(check(here, "time", "clock", check_clock));
  if (asked.has("on")) add(node_checks(here, NodeName{asked.get("on")}));
  return out;
}

}  // namespace spillway::insight
