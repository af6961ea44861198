#include "insight/checks.h"

#include <memory>

#include "aws/encode.h"
#include "aws/stack.h"
#include "base/file.h"
#include "base/text.h"
#include "dns/checks.h"
#include "dns/exchange.h"
#include "dns/key_file.h"
#include "fleet/journal.h"
#include "fleet/names.h"
#include "fleet/setup.h"
#include "site/vpn_site.h"
#include "slurm/command_controller.h"
#include "vpn/examine.h"

namespace spillway::insight {
namespace {

/// What the checks share and keep alive.
struct Installation {
  fleet::Loaded loaded;
  SystemClock clock;
  PosixRunner runner;
  std::unique_ptr<aws::Stack> aws;
  std::unique_ptr<dns::TcpExchange> name_server;
  std::vector<std::unique_ptr<dns::TcpExchange>> resolvers;
  std::unique_ptr<dns::Publisher> publisher;
};
using Shared = std::shared_ptr<Installation>;

Result<std::unique_ptr<aws::Stack>> stack_of(const Installation& here) {
  aws::Overrides overrides;
  overrides.endpoint_url = here.loaded.site.aws.endpoint_url;
  overrides.ca_file = here.loaded.site.aws.ca_bundle;
  return aws::make_stack(here.loaded.site.aws.profile, here.loaded.site.aws.region, std::move(overrides));
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

std::vector<Finding> check_bucket(const Shared& here, Deadline deadline) {
  const std::string& bucket = here->loaded.site.data.bucket;
  if (bucket.empty() || !here->aws) return {};
  const auto cluster = read_file(here->loaded.places.cluster_id, 100);
  const std::string uuid = !here->loaded.site.cluster.id.empty() ? here->loaded.site.cluster.id
                           : cluster                             ? std::string(trim(*cluster))
                                                                 : "";
  const auto listed = here->aws->client().call(
      "s3", "ListObjectsV2",
      Json::object({{"Bucket", bucket}, {"Prefix", uuid + "/secrets/"}, {"MaxKeys", 1}}), deadline);
  if (!listed) return {finding_of(listed.error())};
  if ((*listed)["Contents"].size() == 0)
    return {finding_of(Error{Kind::not_found, fmt::format("the bucket {} holds no key for the nodes", bucket)}
                           .because("nodes get munge's key from there, and root's apply puts it there")
                           .fixed_by("sudo spillway apply"))};
  return {good(fmt::format("bucket {} holds the nodes' key", bucket))};
}

std::vector<Finding> check_tunnel(const Shared& here, const Invocation& asked, Deadline deadline) {
  if (here->loaded.vpn.onprem_cidrs.empty()) return {good("no tunnel is configured")};
  auto site = site::load_vpn_site(asked);
  if (!site) return {finding_of(site.error())};
  site->aws = nullptr;  // asked in its own area
  vpn::WgDevice device{here->runner, site->vpn.interface};
  vpn::NetProber prober{here->runner};
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

std::vector<Finding> check_slurm(const Shared& here, Deadline deadline) {
  slurm::CommandController slurm{here->runner,
                                 slurm::Commands{.bin = here->loaded.site.cluster.slurm_bin,
                                                 .slurm_conf = here->loaded.site.cluster.slurm_conf}};
  const auto running = slurm.configuration(deadline);
  if (!running) return {finding_of(running.error())};
  return judge_power_saving(*running);
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
  const auto cluster = read_file(here->loaded.places.cluster_id, 100);
  const ClusterId id{!here->loaded.site.cluster.id.empty() ? here->loaded.site.cluster.id
                                                           : std::string(trim(cluster.value_or("")))};
  dns::Key key = TRY(dns::load_key(config.tsig));
  here->name_server = std::make_unique<dns::TcpExchange>(config.server);
  here->publisher = std::make_unique<dns::Publisher>(*here->name_server, here->clock, std::move(key),
                                                     TRY(dns::names_of(config, id)));
  std::vector<dns::Exchange*> resolvers;
  for (const std::string& server : dns::nameservers(read_file("/etc/resolv.conf").value_or(""))) {
    here->resolvers.push_back(std::make_unique<dns::TcpExchange>(server));
    resolvers.push_back(here->resolvers.back().get());
  }
  const auto bindings = [here]() -> Result<std::vector<dns::Binding>> {
    std::vector<dns::Binding> names;
    auto journal = fleet::Journal::open_for_reading(here->loaded.places.state);
    if (!journal) return names;  // nothing has been launched yet
    for (const auto& [instance, machine] : TRY(journal->load()).machines)
      if (machine.registered_at != Time{} && machine.unregistered_at == Time{})
        names.push_back(fleet::binding_of(machine));
    return names;
  };
  for (Check& check : dns::checks({*here->publisher, std::move(resolvers), bindings, here->clock})) {
    auto run = std::move(check.run);
    check.run = [here, run](Deadline deadline) { return run(deadline); };
    out.push_back(std::move(check));
  }
  return {};
}

}  // namespace

Result<std::vector<Check>> all_checks(const Invocation& asked) {
  auto here = std::make_shared<Installation>();
  here->loaded = TRY(fleet::load(asked));
  std::vector<Check> out;
  out.push_back({"aws", "identity", [here](Deadline d) { return check_identity(here, d); }, {}});
  out.push_back({"aws", "bucket", [here](Deadline d) { return check_bucket(here, d); }, {}});
  out.push_back({"vpn", "tunnel", [here, asked](Deadline d) { return check_tunnel(here, asked, d); }, {}});
  if (const auto named = add_names(here, out); !named)
    out.push_back(
        {"dns", "key", [error = named.error()](Deadline) { return std::vector{finding_of(error)}; }, {}});
  out.push_back({"slurm", "power saving", [here](Deadline d) { return check_slurm(here, d); }, {}});
  out.push_back({"time", "clock", [here](Deadline d) { return check_clock(here, d); }, {}});
  return out;
}

}  // namespace spillway::insight
