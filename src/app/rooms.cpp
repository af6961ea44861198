#include "app/rooms.h"

#include "aws/commands.h"
#include "dns/dns_config.h"
#include "fleet/commands.h"
#include "fleet/fleet_config.h"
#include "fleet/setup.h"
#include "insight/commands.h"
#include "site/aws_side.h"
#include "site/commands.h"
#include "site/gather.h"
#include "site/site_config.h"
#include "slurm/config_commands.h"
#include "vpn/commands.h"
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

}  // namespace

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const auto& room :
       {site::commands(), insight::commands(), vpn::commands(site::load_tunnel, site::ask_aws_side),
        fleet::commands(), aws::commands(), slurm::config_commands(sections())})
    all.insert(all.end(), room.begin(), room.end());
  return all;
}

std::string site_prolog() {
  const auto loaded = fleet::load(Invocation{});
  return loaded ? loaded->fleet.site_prolog : std::string{};
}

}  // namespace spillway::app
