#pragma once
#include "emu/ec2.h"

// How a fleet gets its instances. The pools are every template configuration times its overrides; they are
// tried in the order that the allocation strategy gives until the target is reached, so that one answer may
// hold instances as well as errors.
namespace spillway::emu {

struct Pool {
  LaunchData data;  // with the override
  Params over;
  std::string template_id;
  int64_t template_version = 0;
  double weight = 1, priority = 1e9;
  size_t place = 0;  // in the request
};

struct Success {
  const Pool* pool;
  std::string lifecycle;
  std::vector<std::string> instances;
};

struct Shortfall {
  const Pool* pool;
  std::string lifecycle;
  ApiError error;
};

struct Outcome {
  std::vector<Success> successes;
  std::vector<Shortfall> errors;
};

struct Share {            // what one purchasing option has to deliver
  std::string lifecycle;  // on-demand or spot
  double target = 0, least = 0;
  std::string strategy;
  bool one_type = false, one_zone = false;  // SingleInstanceType, SingleAvailabilityZone
};

Answer<std::vector<Pool>> pools_of(const Account& account, const Params& params);
Answer<std::vector<Share>> shares_of(const Params& params);

/// Buys for one fleet.
struct Buyer {
  Account& account;
  const std::string& fleet_id;
  const std::string& client_token;
  const std::map<std::string, Tags>& tags;  // by resource type
  Outcome& outcome;

  /// Fills one share from the pools: as much as there is, or nothing when that is less than its minimum.
  void fill(const std::vector<Pool>& pools, const Share& share);

 private:
  using Pools = std::vector<const Pool*>;
  double buy(const Pool& pool, const Share& share, double units);
  double buy_all(const Pools& pools, const Share& share);
  void give_back(size_t first);
};

}  // namespace spillway::emu
