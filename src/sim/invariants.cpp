#include "sim/invariants.h"

#include <algorithm>

namespace spillway::sim {
namespace {

using std::chrono::seconds;

/// What a look every few seconds, or a pass that just began, may add to any of the limits.
Duration slack(const View& view) {
  return view.terms.idle + seconds{15};
}

/// Whether something that began then had its time, counted in calm.
bool overdue(const View& view, Time since, Duration limit, Duration after_calm) {
  return view.now > std::max(since + limit, view.calm_since + after_calm) + slack(view);
}

/// 1. At most one non-terminated instance per node name; no two nodes share an id or address.
std::string invariant_01(const View& view) {
  std::map<NodeName, InstanceId> holders, believers;
  for (const auto& [text, instance] : view.account.instances) {
    if (!is_alive(instance)) continue;
    if (const auto bound = view.ledger.bound.find(instance.id); bound != view.ledger.bound.end()) {
      const auto [other, is_new] = holders.emplace(bound->second, instance.id);
      if (!is_new)
        return fmt::format("{} has two instances: {} and {}", bound->second, other->second, instance.id);
    }
    if (const NodeName name = view.machines.name_of(instance.id); !name.empty()) {
      const auto [other, is_new] = believers.emplace(name, instance.id);
      if (!is_new)
        return fmt::format("two instances believe to be {}: {} and {}", name, other->second, instance.id);
    }
  }
  std::map<std::string_view, const NodeName*> addresses;
  for (const auto& [name, record] : view.disk.nodes) {
    const slurm::Node& node = view.slurm.look(name);
    if (node.address == name.value) continue;
    const auto [other, is_new] = addresses.emplace(node.address, &name);
    if (!is_new) return fmt::format("{} and {} have the address {}", *other->second, name, node.address);
  }
  return {};
}

/// 2. No instance with the cluster's tag stays unbound for over 120 s of healthy API, or 60 s after an outage
/// ends.
std::string invariant_02(const View& view) {
  for (const auto& [id, since] : view.ledger.unbound_since)
    if (overdue(view, since, seconds{120}, seconds{60}))
      return fmt::format("{} belongs to no node since {} s", id, (view.now - since).count() / 1'000'000);
  return {};
}

/// 5. Every node is usable, or down with a reason, within ResumeTimeout + 60 s; no illegal state lasts over
/// 120 s.
std::string invariant_05(const View& view) {
  for (const auto& [name, since] : view.ledger.illegal_since)
    if (overdue(view, since, seconds{120}, seconds{120}))
      return fmt::format("{} is {} '{}' since {} s", name, to_string(view.slurm.look(name).state),
                         view.slurm.look(name).reason, (view.now - since).count() / 1'000'000);
  return {};
}

/// 6. An idle node is gone by SuspendTime + 120 s, even if slurmctld never suspends it.
std::string invariant_06(const View& view) {
  for (const auto& [id, since] : view.ledger.useless_since)
    if (overdue(view, since, view.terms.suspend_time + seconds{120}, seconds{120}))
      return fmt::format("{} works for nobody since {} s", id, (view.now - since).count() / 1'000'000);
  return {};
}

/// 9. At rest our DNS records equal the bindings. (Foreign ones never change: judged at each message.)
std::string invariant_09(const View& view) {
  for (const auto& [name, since] : view.ledger.left_since)
    if (overdue(view, since, seconds{60}, seconds{90}))
      return fmt::format("{} belongs to no machine since {} s", name, (view.now - since).count() / 1'000'000);
  return {};
}

/// 10. Retries per job are bounded.
std::string invariant_10_retries(const View& view) {
  for (const auto& [name, times] : view.ledger.attempts)
    if (times.size() > 5 && times.back() - times[times.size() - 6] < seconds{200})
      return fmt::format("6 launches for {} in {} s", name,
                         (times.back() - times[times.size() - 6]).count() / 1'000'000);
  for (const auto& [intent, calls] : view.ledger.intents)
    if (calls.calls.size() > 40 &&
        calls.calls.back() - calls.calls[calls.calls.size() - 41] < std::chrono::minutes{10})
      return fmt::format("41 calls for {} within ten minutes", intent);
  return {};
}

/// 11. Partial fleet: surplus released within 60 s.
std::string invariant_11(const View& view) {
  for (const auto& [id, since] : view.ledger.surplus_since)
    if (overdue(view, since, seconds{60}, seconds{60}))
      return fmt::format("{} is surplus since {} s", id, (view.now - since).count() / 1'000'000);
  return {};
}

/// Whether a job that began until then runs on the node.
bool runs_there(const View& view, const NodeName& node, Time began_until) {
  const auto& jobs = view.slurm.jobs_now();
  return std::any_of(jobs.begin(), jobs.end(), [&](const auto& entry) {
    const slurm::Job& job = entry.second;
    return job.state == "RUNNING" && *job.start <= began_until &&
           std::find(job.nodes.begin(), job.nodes.end(), node) != job.nodes.end();
  });
}

struct Rate {
  std::string_view operation;
  double most, each_second;
};
// Source: EC2 User Guide, "Request throttling"; CreateFleet is not listed and taken for a mutating call.
constexpr Rate kRates[] = {{"CreateFleet", 50, 5},
                           {"TerminateInstances", 100, 5},
                           {"DescribeInstances", 100, 20},
                           {"CreateTags", 100, 10}};

}  // namespace

const std::vector<Invariant>& invariants() {
  static const std::vector<Invariant> kAll = {
      {"01", "At most one non-terminated instance per node name; no two nodes share an id or address.",
       invariant_01},
      {"02",
       "No instance with the cluster's tag stays unbound for over 120 s of healthy API, or 60 s after an "
       "outage ends.",
       invariant_02},
      {"05",
       "Every node is usable, or down with a reason, within ResumeTimeout + 60 s; no illegal state lasts "
       "over "
       "120 s.",
       invariant_05},
      {"06", "An idle node is gone by SuspendTime + 120 s, even if slurmctld never suspends it.",
       invariant_06},
      {"09", "Foreign DNS records never change; at rest our records equal the bindings.", invariant_09},
      {"10", "Retries per job are bounded; API calls/s stay under the limit at any failure rate.",
       invariant_10_retries},
      {"11", "Partial fleet: surplus released within 60 s.", invariant_11},
  };
  return kAll;
}

void check_all(const View& view) {
  for (const Invariant& each : invariants())
    if (std::string what = each.check(view); !what.empty())
      throw Broken{std::string(each.number), std::move(what)};
}

std::string tag_in(const Json& request, std::string_view key) {
  for (const Json& specification : request["TagSpecifications"].items())
    if (specification["ResourceType"].as_string() == "instance")
      for (const Json& tag : specification["Tags"].items())
        if (tag["Key"].as_string() == key) return tag["Value"].as_string();
  return {};
}

std::string invariant_03_before(const View& view, const Json& request) {
  if (tag_in(request, "spillway:cluster") != view.policy.cluster.value)
    return "a launch whose instances nobody could find by the cluster's tag";
  const std::string intent = tag_in(request, "spillway:intent");
  const auto launch = view.disk.launches.find(IntentId{intent});
  if (launch == view.disk.launches.end()) return fmt::format("no durable intent '{}'", intent);
  if (launch->second.request != request) return fmt::format("{} was journaled with another request", intent);
  return {};
}

std::string invariant_03_after(const View& view, const std::string& intent) {
  const auto found = view.ledger.intents.find(intent);
  if (found == view.ledger.intents.end()) return {};
  const auto made = static_cast<int64_t>(found->second.instances.size());
  if (made > found->second.capacity)
    return fmt::format("{} instances for {}, which asked for {}", made, intent, found->second.capacity);
  return {};
}

std::string invariant_04(const View& view, const std::vector<InstanceId>& ids, Time looked_at, bool strict) {
  for (const InstanceId& id : ids) {
    const auto found = view.account.instances.find(id.value);
    if (found == view.account.instances.end()) continue;
    if (!is_ours(view, found->second)) return fmt::format("{} is not ours", id);
    if (!runs(found->second)) continue;
    for (const auto& [name, record] : view.disk.nodes) {
      const slurm::Node& node = view.slurm.look(name);
      if (node.address == found->second.private_ip && node.state.is_registered() &&
          runs_there(view, name, strict ? Time::max() : looked_at))
        return fmt::format("{} is {}, and a job runs there", id, name);
    }
  }
  return {};
}

std::string Buckets::invariant_10(Time now, std::string_view operation) {
  for (const Rate& rate : kRates) {
    if (rate.operation != operation) continue;
    auto& bucket = buckets_.try_emplace(std::string(operation), Bucket{rate.most, now}).first->second;
    const double passed = static_cast<double>((now - bucket.at).count()) / 1e6;
    bucket.tokens = std::min(rate.most, bucket.tokens + passed * rate.each_second) - 1;
    bucket.at = now;
    if (bucket.tokens < 0) return fmt::format("{} is called faster than EC2 allows", operation);
  }
  return {};
}

}  // namespace spillway::sim
