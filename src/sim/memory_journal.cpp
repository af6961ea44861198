#include "sim/memory_journal.h"

#include "sim/broken.h"

namespace spillway::sim {

using fleet::LaunchState;
using fleet::Records;

namespace {

/// Copied without what is largest: nobody asks for it again.
fleet::LaunchRecord without_request(const fleet::LaunchRecord& launch) {
  return {.intent = launch.intent,
          .group = launch.group,
          .nodes = launch.nodes,
          .state = launch.state,
          .tries = launch.tries,
          .made_at = launch.made_at,
          .not_before = launch.not_before,
          .answered_at = launch.answered_at,
          .error = launch.error,
          .assigned = launch.assigned};
}

}  // namespace

Records Disk::records() const {
  Records records;
  records.nodes = nodes;
  records.machines = machines;
  records.pools = pools;
  records.groups = groups;
  std::set<IntentId> referred;
  for (const auto& [id, machine] : machines) referred.insert(machine.intent);
  for (const auto& [intent, launch] : launches) {
    const bool settled = launch.state == LaunchState::failed || launch.assigned;
    if (!settled)
      records.launches.emplace(intent, launch);
    else if (referred.contains(intent))
      records.launches.emplace(intent, without_request(launch));
  }
  return records;
}

template <class Map>
void MemoryJournal::put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value) {
  const auto found = map.find(key);
  if (found == map.end()) {
    undo_.push_back([&map, key] { map.erase(key); });
    map.emplace(key, std::move(value));
  } else {
    undo_.push_back([&map, key, old = std::move(found->second)] { map.insert_or_assign(key, old); });
    found->second = std::move(value);
  }
}

void MemoryJournal::roll_back() {
  while (!undo_.empty()) {
    undo_.back()();
    undo_.pop_back();
  }
  machines_saved_.clear();
  launches_saved_.clear();
}

Action MemoryJournal::action() const {
  const bool alone = effects_.current() == kActions;
  return !alone ? effects_.current() : takes_ ? kTakeWishes : kRecover;
}

void MemoryJournal::lose_power() {
  for (; !unsynced_.empty(); unsynced_.pop_back()) {
    undo_ = std::move(unsynced_.back());
    roll_back();
  }
}

/// What happens as a transaction ends: until here nothing of it is on the disk.
Result<void> MemoryJournal::transaction(const std::function<Result<void>()>& body) {
  if (depth_ > 0) return body();
  std::optional<Fault> fault;
  const auto guarded = [&]() -> Result<void> {
    TRY(body());
    fault = effects_.before(action());
    if (fault == Fault::fail_before) return Error{Kind::io, "the disk is full"};
    return {};
  };
  takes_ = false;
  ++depth_;
  Result<void> done;
  try {
    done = real ? real->transaction(guarded) : guarded();
  } catch (...) {
    --depth_;
    roll_back();
    throw;
  }
  --depth_;
  if (!done) return roll_back(), done;
  if (!syncs) unsynced_.push_back(std::exchange(undo_, {}));
  if (unsynced_.size() > 3) unsynced_.pop_front();
  undo_.clear();
  for (const InstanceId& id : std::exchange(machines_saved_, {})) {
    const auto alive = disk_.machines.find(id);
    saw_machine(alive != disk_.machines.end() ? alive->second : disk_.closed.at(id));
  }
  for (const IntentId& intent : std::exchange(launches_saved_, {})) saw_launch(disk_.launches.at(intent));
  effects_.after(fault);
  if (fault == Fault::fail_after) return Error{Kind::io, "the disk said nothing good"};
  return done;
}

Result<std::string> MemoryJournal::generation() {
  return real ? real->generation() : disk_.generation;
}
Result<bool> MemoryJournal::recovered() {
  return real ? real->recovered() : disk_.meta.contains("recovered");
}
Result<void> MemoryJournal::set_meta(const std::string& key, std::string value) {
  if (depth_ == 0) return transaction([&] { return set_meta(key, value); });
  put(disk_.meta, key, std::move(value));
  return {};
}
Result<void> MemoryJournal::set_recovered() {
  if (real) TRY(real->set_recovered());
  return set_meta("recovered", "1");
}
Result<std::string> MemoryJournal::cluster() {
  return disk_.meta["cluster"];
}
Result<void> MemoryJournal::set_cluster(const ClusterId& cluster) {
  if (real) TRY(real->set_cluster(cluster));
  return set_meta("cluster", cluster.value);
}

Result<std::string> MemoryJournal::gates() {
  return disk_.meta["gates"];
}
Result<std::string> MemoryJournal::leftovers() {
  return disk_.meta["leftovers"];
}
Result<void> MemoryJournal::set_leftovers(const std::string& seen) {
  if (real) TRY(real->set_leftovers(seen));
  return set_meta("leftovers", seen);
}
Result<void> MemoryJournal::set_gates(const std::string& gates) {
  if (real) TRY(real->set_gates(gates));
  return set_meta("gates", gates);
}

Result<Records> MemoryJournal::load() {
  Records mine = disk_.records();
  if (!real) return mine;
  Records theirs = TRY(real->load());
  if (mine.nodes != theirs.nodes) differs("nodes");
  if (mine.machines != theirs.machines) differs("machines");
  if (mine.launches != theirs.launches) differs("launches");
  if (mine.pools != theirs.pools) differs("pools");
  if (mine.groups != theirs.groups) differs("groups");
  return theirs;
}

Result<bool> MemoryJournal::has_taken(const std::string& wish_id) {
  return disk_.wishes.contains(wish_id);
}

Result<void> MemoryJournal::take(const fleet::SpooledWish& wish, Time now) {
  if (depth_ == 0) return transaction([&] { return take(wish, now); });
  takes_ = true;
  if (loses && loses(kTakeWishes, 0, 'w')) return {};
  if (real) TRY(real->take(wish, now));
  if (disk_.wishes.contains(wish.id)) throw Broken{"22", "a wish was taken twice: " + wish.id};
  if (disk_.wishes.insert(wish.id).second) undo_.push_back([this, id = wish.id] { disk_.wishes.erase(id); });
  return {};
}

Result<void> MemoryJournal::save(const fleet::PoolRecord& pool) {
  if (depth_ == 0) return transaction([&] { return save(pool); });
  if (real) TRY(real->save(pool));
  put(disk_.pools, pool.pool, pool);
  return {};
}

Result<void> MemoryJournal::save(const fleet::GroupRecord& group) {
  if (depth_ == 0) return transaction([&] { return save(group); });
  if (real) TRY(real->save(group));
  put(disk_.groups, group.group, group);
  return {};
}

Result<void> MemoryJournal::forget_pool(const std::string& name) {
  if (depth_ == 0) return transaction([&] { return forget_pool(name); });
  if (real) TRY(real->forget_pool(name));
  if (const auto found = disk_.pools.find(name); found != disk_.pools.end()) {
    undo_.push_back([this, old = found->second] { disk_.pools.emplace(old.pool, old); });
    disk_.pools.erase(found);
  }
  return {};
}

Result<fleet::PoolRecord> MemoryJournal::pool(const std::string& name) {
  const auto found = disk_.pools.find(name);
  return found == disk_.pools.end() ? fleet::PoolRecord{.pool = name} : found->second;
}

Result<fleet::GroupRecord> MemoryJournal::group(const GroupName& name) {
  const auto found = disk_.groups.find(name);
  return found == disk_.groups.end() ? fleet::GroupRecord{.group = name} : found->second;
}

Result<std::optional<GroupName>> MemoryJournal::group_of(const NodeName& node, int64_t epoch) {
  for (const auto* all : {&disk_.machines, &disk_.closed})
    for (const auto& [id, machine] : *all)
      if (machine.node == node && machine.epoch == epoch) return std::optional(machine.group);
  return std::optional<GroupName>{};
}

Result<void> MemoryJournal::save(const fleet::NodeRecord& node) {
  if (depth_ == 0) return transaction([&] { return save(node); });
  if (loses && loses(action(), effects_.effects_of_action(), 'n')) return {};
  if (real) TRY(real->save(node));
  put(disk_.nodes, node.name, node);
  return {};
}

Result<void> MemoryJournal::save(const fleet::LaunchRecord& launch) {
  if (depth_ == 0) return transaction([&] { return save(launch); });
  if (loses && loses(action(), effects_.effects_of_action(), 'l')) return {};
  if (real) TRY(real->save(launch));
  put(disk_.launches, launch.intent, launch);
  launches_saved_.push_back(launch.intent);
  return {};
}

Result<void> MemoryJournal::save(const fleet::MachineRecord& machine) {
  if (depth_ == 0) return transaction([&] { return save(machine); });
  if (loses && loses(action(), effects_.effects_of_action(), 'm')) return {};
  if (real) TRY(real->save(machine));
  auto& to = machine.live() ? disk_.machines : disk_.closed;
  auto& from = machine.live() ? disk_.closed : disk_.machines;
  if (const auto found = from.find(machine.id); found != from.end()) {
    undo_.push_back([&from, old = found->second] { from.insert_or_assign(old.id, old); });
    from.erase(found);
  }
  put(to, machine.id, machine);
  machines_saved_.push_back(machine.id);
  return {};
}

Result<void> MemoryJournal::note(const fleet::Event& event) {
  if (depth_ == 0) return transaction([&] { return note(event); });
  if (real) TRY(real->note(event));
  return {};
}

Result<std::vector<fleet::Event>> MemoryJournal::events(Time since, size_t at_most) {
  return real ? real->events(since, at_most) : std::vector<fleet::Event>{};
}

Result<std::optional<fleet::MachineRecord>> MemoryJournal::machine(const InstanceId& id) {
  for (const auto* map : {&disk_.machines, &disk_.closed})
    if (const auto found = map->find(id); found != map->end()) return std::optional(found->second);
  return std::optional<fleet::MachineRecord>{};
}

Result<std::optional<fleet::NodeRecord>> MemoryJournal::node(const NodeName& name) {
  const auto found = disk_.nodes.find(name);
  return found == disk_.nodes.end() ? std::optional<fleet::NodeRecord>{} : std::optional(found->second);
}

}  // namespace spillway::sim
