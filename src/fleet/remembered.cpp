#include "fleet/remembered.h"

namespace spillway::fleet {

Result<void> Remembered::refresh() {
  const int64_t version = TRY(file_.written_elsewhere());
  if (version_ == version) return {};
  version_.reset();
  records_ = TRY(file_.load());
  machines_of_.clear();
  for (const auto& [id, machine] : records_.machines) ++machines_of_[machine.intent];
  version_ = version;
  return {};
}

Result<void> Remembered::up_to_date() {
  return version_ ? Result<void>{} : refresh();
}

Result<Records> Remembered::load() {
  TRY(refresh());
  return records_;
}

Result<void> Remembered::transaction(const std::function<Result<void>()>& body) {
  // Nobody else writes to the file from its beginning on, so what is at hand is looked at then.
  const auto whole = [&]() -> Result<void> {
    if (depth_ == 1) TRY(refresh());
    return body();
  };
  ++depth_;
  Result<void> done;
  try {
    done = file_.transaction(whole);
  } catch (...) {
    --depth_;
    version_.reset();
    throw;
  }
  --depth_;
  if (!done) version_.reset();  // what was changed here may not be in the file
  return done;
}

template <class Record, class Change>
Result<void> Remembered::save_both(const Record& record, const Change& change) {
  if (depth_ == 0) return transaction([&] { return save_both(record, change); });
  TRY(file_.save(record));
  change();
  return {};
}

Result<void> Remembered::save(const NodeRecord& node) {
  return save_both(node, [&] { records_.nodes.insert_or_assign(node.name, node); });
}

Result<void> Remembered::save(const PoolRecord& pool) {
  return save_both(pool, [&] { records_.pools.insert_or_assign(pool.pool, pool); });
}

Result<void> Remembered::save(const GroupRecord& group) {
  return save_both(group, [&] { records_.groups.insert_or_assign(group.group, group); });
}

Result<void> Remembered::save(const LaunchRecord& launch) {
  return save_both(launch, [&] {
    LaunchRecord& known = records_.launches[launch.intent];
    known = launch;
    if (known.settled()) known.request = {};
    let_go_of(launch.intent);
  });
}

Result<void> Remembered::save(const MachineRecord& machine) {
  return save_both(machine, [&] {
    const auto known = records_.machines.find(machine.id);
    if (known != records_.machines.end()) {
      const IntentId before = known->second.intent;
      if (machine.live()) {
        known->second = machine;
        if (before == machine.intent) return;
        ++machines_of_[machine.intent];
      } else {
        records_.machines.erase(known);
      }
      --machines_of_[before];
      let_go_of(before);
    } else if (machine.live()) {
      records_.machines.emplace(machine.id, machine);
      // The file may know its launch, from a time when no machine of it was known to live.
      if (++machines_of_[machine.intent] == 1 && !records_.launches.contains(machine.intent))
        version_.reset();
    }
  });
}

void Remembered::let_go_of(const IntentId& intent) {
  const auto count = machines_of_.find(intent);
  if (count != machines_of_.end() && count->second > 0) return;
  if (count != machines_of_.end()) machines_of_.erase(count);
  const auto launch = records_.launches.find(intent);
  if (launch != records_.launches.end() && launch->second.settled()) records_.launches.erase(launch);
}

Result<void> Remembered::forget_pool(const std::string& pool) {
  TRY(up_to_date());
  if (!records_.pools.contains(pool)) return {};
  if (depth_ == 0) return transaction([&] { return forget_pool(pool); });
  TRY(file_.forget_pool(pool));
  records_.pools.erase(pool);
  return {};
}

Result<PoolRecord> Remembered::pool(const std::string& name) {
  TRY(up_to_date());
  const auto found = records_.pools.find(name);
  return found == records_.pools.end() ? PoolRecord{.pool = name} : found->second;
}

Result<GroupRecord> Remembered::group(const GroupName& name) {
  TRY(up_to_date());
  const auto found = records_.groups.find(name);
  return found == records_.groups.end() ? GroupRecord{.group = name} : found->second;
}

Result<std::optional<GroupName>> Remembered::group_of(const NodeName& node, int64_t epoch) {
  return file_.group_of(node, epoch);
}

Result<std::optional<MachineRecord>> Remembered::machine(const InstanceId& id) {
  TRY(up_to_date());
  const auto found = records_.machines.find(id);
  return found == records_.machines.end() ? file_.machine(id) : std::optional(found->second);
}

Result<std::optional<NodeRecord>> Remembered::node(const NodeName& name) {
  TRY(up_to_date());
  const auto found = records_.nodes.find(name);
  return found == records_.nodes.end() ? std::optional<NodeRecord>{} : std::optional(found->second);
}

}  // namespace spillway::fleet
