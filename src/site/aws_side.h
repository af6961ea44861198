#pragma once
#include <memory>

#include "base/command.h"
#include "site/gather.h"
#include "site/resource.h"
#include "vpn/aws_side.h"
#include "vpn/rotation.h"

namespace spillway::site {

/// The account and its clients, gathered when somebody asks for them first: most commands of the tunnel need
/// no credentials.
class Reach {
 public:
  explicit Reach(Invocation asked) : asked_(std::move(asked)) {}
  /// Errors: those of gather_for_destroy().
  Result<const Gathered*> gathered();

 private:
  Invocation asked_;
  std::unique_ptr<Gathered> gathered_;
};

/// What AWS says of the tunnel's far end: the gateway instance, its groups, the routes of the nodes' subnets
/// and the keys, by the cluster's tag.
std::shared_ptr<vpn::AwsSide> aws_side(std::shared_ptr<Reach> reach);
/// The part of it that was observed; a pure function.
vpn::AwsFacts facts_of(const vpn::VpnConfig& config, const Actuals& actuals);

/// The peers document in the bucket, the gateway's keys among the parameters, and apply's record.
std::shared_ptr<vpn::Publisher> tunnel_publisher(std::shared_ptr<Reach> reach);

}  // namespace spillway::site
