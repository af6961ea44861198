#include "app/rooms.h"

#include "aws/commands.h"
#include "dns/dns_config.h"
#include "fleet/commands.h"
#include "fleet/fleet_config.h"
#include "fleet/setup.h"
#include "insight/commands.h"
#include "insight/job_commands.h"
#include "site/commands.h"
#include "site/site_config.h"
#include "site/vpn_site.h"
#include "slurm/config_commands.h"
#include "staging/commands.h"
#include "staging/stage_commands.h"
#include "vpn/commands.h"
#include "vpn/gateway_daemon.h"
#include "vpn/vpn_config.h"

namespace spillway::app {

namespace {

/// The sections of spillway.yaml that rooms above the configuration describe.
std::vector<config::Section> sections() {
  return {[](config::Reader& reader) {
    fleet::FleetConfig fleet;
    vpn::VpnConfig vpn;
    dns::DnsConfig dns;
    describe(reader, fleet);
    vpn::describe(reader, vpn);
    dns::describe(reader, dns);
    site::SiteConfig site;
    site::ExistingConfig existing;
    site::describe(reader, site);
    site::describe(reader, existing);
  }};
}

/// `spillway daemon` looks after the cluster; on the premises' gateway, often another host, after the tunnel.
void give_roles(Command& daemon) {
  daemon.description +=
      "\nWith --role gateway it keeps the tunnel up instead, on the premises' gateway, as root: it asks the "
      "far "
      "gateway five times\n"
      "a second, and what is silent is called anew at its newest address; with a standby, that takes over. "
      "/run/spillway/tunnel.json\n"
      "tells what it sees. Its unit, spillway-gateway.service, comes from: spillway vpn config.\n\n"
      "With --role staging, as root, it becomes a job's user for each move of that job's data, when "
      "SlurmUser asks.";
  daemon.options.push_back({"--role", "ROLE", "controller, gateway or staging.", "controller", ""});
  daemon.examples.push_back({"sudo spillway daemon --role gateway", "Keep the tunnel up."});
  daemon.run = [controller = daemon.run](const Invocation& asked) -> Result<int> {
    const std::string role = asked.get("role");
    if (role == "controller") return controller(asked);
    if (role == "staging") return staging::run_stage_helper(asked);
    if (role == "gateway") return vpn::run_gateway(site::load_vpn_site, asked);
    return Error{Kind::invalid, fmt::format("--role {}: it is controller, gateway or staging", role)};
  };
}

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const auto& room :
       {site::commands(), insight::commands(), insight::job_commands(), vpn::commands(site::load_vpn_site),
        fleet::commands(), staging::commands(), aws::commands(), slurm::config_commands(sections())})
    all.insert(all.end(), room.begin(), room.end());
  for (Command& command : all)
    if (command.path == "daemon") give_roles(command);
  return all;
}

std::string site_prolog() {
  const auto loaded = fleet::load(Invocation{});
  return loaded ? loaded->fleet.site_prolog : std::string{};
}

}  // namespace spillway::app
