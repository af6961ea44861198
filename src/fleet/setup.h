#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "aws/stack.h"
#include "base/command.h"
#include "config/site.h"
#include "dns/publisher.h"
#include "fleet/fleet_config.h"
#include "fleet/outside.h"
#include "fleet/places.h"
#include "fleet/tcp_tunnel.h"
#include "vpn/vpn_config.h"

namespace spillway::fleet {

/// A site's configuration and where its state lies.
struct Loaded {
  Places places;
  config::Site site;
  FleetConfig fleet;
  vpn::VpnConfig vpn;
  dns::DnsConfig dns;
};

/// From --config, SPILLWAY_CONFIG or the usual place. `above` are the sections of rooms above this one;
/// without them, theirs are not looked at. Errors: as config::load_site.
Result<Loaded> load(const Invocation& asked, const std::vector<config::Section>& above = {});
/// Where state lies for --config, without reading the configuration.
Places places_of(const Invocation& asked);

/// The live collaborators of a reconciler, wired from configuration. Not copyable: others borrow its parts.
class Setup {
 public:
  /// Also makes the cluster's uuid if it has none yet. Errors: invalid, credentials, io; those of
  /// dns::load_key.
  static Result<std::unique_ptr<Setup>> make(Loaded loaded);
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  const Loaded& loaded() const { return loaded_; }
  const Policy& policy() const { return policy_; }
  Outside& outside() { return *outside_; }
  /// Makes this account and region (as cloud_of() names it) part of outside(), for machines whose group was
  /// taken out of the configuration. Errors: credentials, invalid.
  Result<void> reach(const std::string& cloud);
  /// AWS calls made since the last time this was asked, by operation.
  std::map<std::string, int64_t> calls_since_last();

 private:
  Setup() = default;
  Result<void> reach_name_server();
  Result<void> reach_tunnel();
  Result<aws::Stack*> stack(const std::string& profile, const std::string& region);

  Loaded loaded_;
  Policy policy_;
  SystemClock clock_;
  PosixRunner runner_;
  std::unique_ptr<slurm::Controller> slurm_;
  std::map<std::string, std::unique_ptr<aws::Stack>> stacks_;  // by cloud_of
  std::map<std::string, std::unique_ptr<aws::Ec2>> ec2_;
  std::unique_ptr<aws::S3> bucket_;
  std::unique_ptr<dns::Exchange> name_server_;
  std::unique_ptr<dns::Publisher> names_;
  std::unique_ptr<Tunnel> tunnel_;
  std::optional<Outside> outside_;
  std::map<std::string, int64_t> counted_;
};

}  // namespace spillway::fleet
