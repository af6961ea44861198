#pragma once
#include <optional>
#include <string>

#include "cost/usd.h"
#include "site/diff.h"
#include "site/inputs.h"

namespace spillway::site {

/// What the plan costs, as far as the price list knows.
struct Costs {
  cost::Usd fixed_month, burst_hour;
  std::string price_date;
  std::vector<std::string> unpriced;  // instance types without a price
};
Costs costs_of(const Inputs& in, const config::Partitions& partitions);

/// A plan as people read it: a tree by area, destructions last, then costs and counts. `colour` for
/// terminals.
std::string plan_text(const Inputs& in, const Difference& difference, const Costs& costs, bool colour);
/// The same as JSON, schema spillway.plan/v1. `digest` names the state that it was made from.
Json plan_json(const Inputs& in, const Difference& difference, const Costs& costs);
/// Of everything that decides what the plan does; equal digests mean that it would do the same.
std::string plan_digest(const Difference& difference);

}  // namespace spillway::site
