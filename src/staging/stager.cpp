#include "staging/stager.h"

#include <algorithm>

#include "base/log.h"
#include "staging/job_codes.h"

namespace spillway::staging {

Result<bool> Stager::wish(const JobFacts& facts) {
  const Directives directives = TRY(parse_directives(facts.script));
  if (directives.empty()) return false;
  const JobRun& run = facts.run;
  const JobNames names{run.job, run.array > 0 ? run.array : run.job, run.task, facts.user};
  JobData job{
      .run = run, .gid = facts.gid, .user = facts.user, .folder = facts.folder, .wished_at = clock_.now()};
  int inputs = 0, outputs = 0;
  for (const Directive& one : directives.all) {
    Item item{.direction = one.direction, .when = one.when, .updated_at = job.wished_at};
    item.number = one.direction == Direction::in ? ++inputs : ++outputs;
    item.source = TRY(expand_path(one.source, names, facts.folder));
    item.target = TRY(expand_path(one.target, names, facts.folder));
    if (one.direction == Direction::out) item.prefix = output_prefix(settings_.cluster, run, item.number);
    job.items.push_back(std::move(item));
  }
  TRY(journal_.wish(job));
  return true;
}

Result<void> Stager::started(std::string_view name, int64_t restart, const std::vector<NodeName>& nodes) {
  JobData job = TRY(journal_.newest(name));
  const bool has_results = std::any_of(job.items.begin(), job.items.end(),
                                       [](const Item& item) { return item.direction == Direction::out; });
  if (nodes.size() > 1 && has_results)
    return Error{Kind::invalid, kOneNodeOnly,
                 fmt::format("job {} stages out from {} nodes", name, nodes.size())};
  if (job.run.restart == restart && (job.nodes.empty() || job.nodes == nodes) && job.ended_at == Time{})
    return journal_.started(job.run, nodes);
  // Slurm runs it anew: what the last run left in the bucket stays its own, and inputs that are there need
  // not be sent again.
  job.run.attempt = job.run.restart == restart ? job.run.attempt + 1 : 1;
  job.run.restart = restart;
  job.nodes = nodes;
  job.exit_code = -1;
  job.wished_at = clock_.now();
  job.ended_at = job.access_until = Time{};
  for (Item& item : job.items) {
    item.error.clear();
    item.lost.clear();
    if (item.direction == Direction::out) {
      item.prefix = output_prefix(settings_.cluster, job.run, item.number);
      item.files = item.bytes = 0;
      item.state = ItemState::wanted;
    } else if (item.state == ItemState::fetched) {
      item.state = ItemState::staged;
    }
  }
  return journal_.wish(job);
}

Result<void> Stager::ended(std::string_view name, int exit_code) {
  const JobData job = TRY(journal_.newest(name));
  return journal_.ended(job.run, exit_code, clock_.now());
}

Result<void> Stager::tend_orders(const NodesLook& look, Deadline deadline) {
  for (const JobData& job : TRY(journal_.open_runs())) {
    if (job.nodes.empty()) continue;
    const Time now = clock_.now();
    const bool over = job.ended_at != Time{} && !job.needs_nodes();
    std::vector<std::string> keys;
    for (const NodeName& node : job.nodes)
      if (const NodeLook seen = look(node); !seen.instance.empty() && (seen.live || over))
        keys.push_back(order_key(settings_.cluster, settings_.compute_role_id, seen.instance, job.run.job));
    if (over && job.access_until != Time{}) {
      TRY(bucket_.remove_all(keys, deadline));
      TRY(journal_.gave_access(job.run, Time{}));
    }
    const bool known = std::all_of(job.items.begin(), job.items.end(), [](const Item& item) {
      return item.direction == Direction::out ||
             (item.state != ItemState::wanted && item.state != ItemState::uploading);
    });
    if (over || !known || keys.size() < job.nodes.size() || job.access_until > now + settings_.renew_before)
      continue;
    NodeOrder order{job, settings_.cluster, settings_.bucket, settings_.region,
                    TRY(access_.issue(grant_node(job, settings_.cluster), deadline))};
    const std::string text = to_text(order);
    for (const std::string& key : keys) TRY(bucket_.put(key, text, deadline));
    TRY(journal_.gave_access(job.run, order.session.expires.value_or(now + std::chrono::hours{1})));
  }
  return {};
}

Error Stager::keep_note(const JobData& job, Item& item, Error error) {
  item.error = error.what;
  if (const auto noted = journal_.note(job.run, item, error.what, clock_.now()); !noted)
    log::error("staging", "{}", to_string(noted.error()));
  return error;
}

}  // namespace spillway::staging
