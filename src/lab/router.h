#pragma once
#include <cstdint>
#include <mutex>
#include <string>

#include "emu/aws.h"
#include "emu/network.h"
#include "lab/workbench.h"

namespace spillway::lab {

/// The name of an instance's cable in the VPC's namespace; names of interfaces have at most 15 letters.
std::string cable_of(const InstanceId& id);

/// nftables for the VPC's router: security groups, source/destination checks, route tables, and public
/// addresses as one to one translation. Everything that the view does not allow is dropped. A pure function.
std::string render_router_rules(const emu::NetworkView& view);
/// Routes that lead through instances, as `ip -batch` takes them.
std::string render_router_routes(const emu::NetworkView& view);

/// Keeps the router as EC2's networks are.
class Router {
 public:
  Router(const Workbench& bench, const emu::Aws& aws) : bench_(bench), aws_(aws) {}
  /// Brings rules and routes up to date; cheap when nothing changed. Routes through an instance that is not
  /// plugged in yet are tried again the next time. Safe to call from several threads.
  void sync();

 private:
  const Workbench& bench_;
  const emu::Aws& aws_;
  std::mutex mutex_;
  uint64_t version_ = ~uint64_t{0};
  std::string rules_, routes_;
  bool routes_set_ = true;
};

}  // namespace spillway::lab
