#include "site/plan_view.h"

#include <map>

#include "base/crypto.h"
#include "cost/prices.h"
#include "site/provider.h"

namespace spillway::site {
namespace {

constexpr std::string_view kRed = "\033[31m", kGreen = "\033[32m", kYellow = "\033[33m", kPlain = "\033[0m";

std::string_view sign(Action action) {
  switch (action) {
    case Action::create:
      return "+";
    case Action::update:
      return "~";
    case Action::replace:
      return "±";
    case Action::destroy:
      return "-";
  }
  return "?";
}

std::string_view colour_of(Action action) {
  return action == Action::create ? kGreen : action == Action::update ? kYellow : kRed;
}

/// The heading under which a type stands: "AWS::EC2::…" under network or machines, and so on.
std::string_view area_of(std::string_view type) {
  if (type.find("IAM") != std::string_view::npos) return "access";
  if (type.find("S3") != std::string_view::npos || type.find("Key") != std::string_view::npos)
    return "storage";
  for (std::string_view machine :
       {"AWS::EC2::Instance", "AWS::EC2::EIP", "AWS::EC2::EIPAssociation", "AWS::EC2::LaunchTemplate"})
    if (type == machine) return "machines";
  return "network";
}

std::string line_of(const Change& change) {
  const Provider* provider = provider_of(change.type);
  std::string out = fmt::format("{} {:<20} {:<26}", sign(change.action),
                                provider ? provider->noun : change.type, change.key);
  if (change.action != Action::create) out += " " + change.id;
  if (change.action == Action::update) out += fmt::format("  changes {}", fmt::join(change.properties, ", "));
  if (change.action == Action::replace)
    out += fmt::format("  is made anew: {} differs", fmt::join(change.properties, ", "));
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

Json money(cost::Usd amount) {
  return Json::object({{"amount", cost::to_string(amount)}, {"currency", "USD"}});
}

}  // namespace

Costs costs_of(const Inputs& in, const config::Partitions& partitions) {
  const cost::Prices prices = cost::Prices::shipped(in.region);
  Costs out;
  out.price_date = prices.date();
  const bool nodes = !in.vpn.onprem_cidrs.empty() && vpn::is_node_mode(in.vpn);
  if (!in.vpn.onprem_cidrs.empty() && !nodes) {
    const auto gateway = prices.instance_hour(in.own.gateway_type);
    if (!gateway) out.unpriced.push_back(in.own.gateway_type);
    const cost::Usd one =
        (gateway.value_or(cost::Usd{}) + prices.public_address_hour()) * cost::kHoursAMonth +
        prices.volume_gib_month() * 8;
    out.fixed_month = one * in.vpn.gateways;
  }
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) {
      cost::Usd dearest;
      for (const std::string& type : group.instance_types()) {
        const auto price = prices.instance_hour(type);
        if (!price) out.unpriced.push_back(type);
        dearest = std::max(dearest, price.value_or(cost::Usd{}));
      }
      // A node that calls the premises itself has an address of its own while it lives.
      if (nodes && in.existing.compute_subnets.empty()) dearest = dearest + prices.public_address_hour();
      out.burst_hour += dearest * group.max_nodes;
    }
  return out;
}

std::string plan_text(const Inputs& in, const Difference& difference, const Costs& costs, bool colour) {
  std::string out;
  const auto line = [&](const Change& change) {
    out += fmt::format("   {}{}{}\n", colour ? colour_of(change.action) : "", line_of(change),
                       colour ? kPlain : "");
  };
  for (std::string_view area : {"network", "access", "storage", "machines"}) {
    bool headed = false;
    for (const Change& change : difference.changes) {
      if (change.action == Action::destroy || change.action == Action::replace ||
          area_of(change.type) != area)
        continue;
      if (!headed) out += fmt::format(" {}\n", area);
      headed = true;
      line(change);
    }
  }
  for (Action last : {Action::replace, Action::destroy}) {
    if (difference.count(last) == 0) continue;
    out += last == Action::replace ? " destroyed and made anew\n" : " destroyed\n";
    for (const Change& change : difference.changes)
      if (change.action == last) line(change);
  }
  if (difference.empty())
    out += fmt::format("No changes: AWS has what the configuration of {} says.\n", in.name);
  out += fmt::format("Fixed ${}/month · burst ceiling ${}/h", cost::to_cents(costs.fixed_month),
                     cost::to_cents(costs.burst_hour));
  out += fmt::format("   (on-demand prices of {}, {})\n", "us-east-1", costs.price_date);
  if (!costs.unpriced.empty())
    out += fmt::format("No price is known for {}: the figures lack it.\n", fmt::join(costs.unpriced, ", "));
  if (!difference.empty())
    out += fmt::format("Plan: {} to add, {} to change, {} to replace, {} to destroy.\n",
                       difference.count(Action::create), difference.count(Action::update),
                       difference.count(Action::replace), difference.count(Action::destroy));
  return out;
}

Json plan_json(const Inputs& in, const Difference& difference, const Costs& costs) {
  Json changes = Json::array();
  for (const Change& change : difference.changes) {
    Json one =
        Json::object({{"action", to_string(change.action)}, {"key", change.key}, {"type", change.type}});
    if (!change.id.empty()) one.set("id", change.id);
    if (!change.properties.empty())
      one.set("properties", Json(Json::Array(change.properties.begin(), change.properties.end())));
    changes.push(std::move(one));
  }
  return Json::object({{"schema", "spillway.plan/v1"},
                       {"cluster", in.cluster.value},
                       {"name", in.name},
                       {"region", in.region},
                       {"counts", Json::object({{"add", difference.count(Action::create)},
                                                {"change", difference.count(Action::update)},
                                                {"replace", difference.count(Action::replace)},
                                                {"destroy", difference.count(Action::destroy)}})},
                       {"changes", std::move(changes)},
                       {"fixed_monthly", money(costs.fixed_month)},
                       {"burst_ceiling_hourly", money(costs.burst_hour)},
                       {"prices", Json::object({{"region", "us-east-1"}, {"date", costs.price_date}})},
                       {"digest", plan_digest(difference)}});
}

std::string plan_digest(const Difference& difference) {
  std::string all;
  for (const Change& change : difference.changes)
    all += fmt::format("{}|{}|{}|{}|{}\n", to_string(change.action), change.key, change.id,
                       change.wanted.properties.dump(), change.actual.properties.dump());
  return to_hex(sha256(all));
}

}  // namespace spillway::site
