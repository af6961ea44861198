#pragma once
#include <deque>
#include <functional>
#include <set>

#include "fleet/journal.h"
#include "sim/effects.h"

namespace spillway::sim {

/// What lies on the disk: it outlives the process.
struct Disk {
  std::string generation;
  std::map<std::string, std::string> meta;
  std::map<NodeName, fleet::NodeRecord> nodes;
  std::map<IntentId, fleet::LaunchRecord> launches;
  std::map<InstanceId, fleet::MachineRecord> machines;  // alive
  std::map<InstanceId, fleet::MachineRecord> closed;
  std::map<std::string, fleet::PoolRecord> pools;
  std::map<GroupName, fleet::GroupRecord> groups;
  std::set<std::string> wishes;

  /// As Journal::load() has it.
  fleet::Records records() const;
};

/// The journal without SQLite: the same transactions on a disk in memory. With `real` set, both are kept, all
/// answers are the real one's, and a difference is told to `differs`.
class MemoryJournal final : public fleet::Journal {
 public:
  /// What writes are lost, for planted bugs: those for which it says so.
  using Loses = std::function<bool(Action, int effect, char record)>;

  MemoryJournal(Disk& disk, Effects& effects) : disk_(disk), effects_(effects) {}
  fleet::Journal* real = nullptr;
  std::function<void(std::string)> differs;
  std::function<void(const fleet::MachineRecord&)> saw_machine;  // once it is durable
  std::function<void(const fleet::LaunchRecord&)> saw_launch;
  Loses loses;
  bool syncs = true;

  /// The power is cut: what was not synced is gone. The real journal syncs every commit, and so does this.
  void lose_power();

  Result<std::string> generation() override;
  Result<bool> recovered() override;
  Result<void> set_recovered() override;
  Result<std::string> cluster() override;
  Result<void> set_cluster(const ClusterId& cluster) override;
  Result<int64_t> written_elsewhere() override { return 0; }
  Result<fleet::Records> load() override;
  Result<bool> has_taken(const std::string& wish_id) override;
  Result<void> take(const fleet::SpooledWish& wish, Time now) override;
  Result<void> save(const fleet::NodeRecord& node) override;
  Result<void> save(const fleet::LaunchRecord& launch) override;
  Result<void> save(const fleet::MachineRecord& machine) override;
  Result<void> save(const fleet::PoolRecord& pool) override;
  Result<void> save(const fleet::GroupRecord& group) override;
  Result<void> forget_pool(const std::string& pool) override;
  Result<fleet::PoolRecord> pool(const std::string& name) override;
  Result<fleet::GroupRecord> group(const GroupName& name) override;
  Result<std::optional<GroupName>> group_of(const NodeName& node, int64_t epoch) override;
  Result<std::string> gates() override;
  Result<void> set_gates(const std::string& gates) override;
  Result<std::string> leftovers() override;
  Result<void> set_leftovers(const std::string& seen) override;
  Result<void> note(const fleet::Event& event) override;
  Result<void> transaction(const std::function<Result<void>()>& body) override;
  Result<std::vector<fleet::Event>> events(Time since, size_t at_most) override;
  Result<std::optional<fleet::MachineRecord>> machine(const InstanceId& id) override;
  Result<std::optional<fleet::NodeRecord>> node(const NodeName& name) override;
  Result<void> add_api_calls(const std::map<std::string, int64_t>&) override { return {}; }
  Result<std::map<std::string, int64_t>> api_calls() override { return std::map<std::string, int64_t>{}; }

 private:
  template <class Map>
  void put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value);
  Result<void> set_meta(const std::string& key, std::string value);
  Result<void> commit();
  void roll_back();
  /// What a write belongs to.
  Action action() const;

  Disk& disk_;
  Effects& effects_;
  int depth_ = 0;
  std::vector<std::function<void()>> undo_;
  std::vector<InstanceId> machines_saved_;
  std::vector<IntentId> launches_saved_;
  bool takes_ = false;                                       // the transaction takes a wish
  std::deque<std::vector<std::function<void()>>> unsynced_;  // transactions that a power cut would undo
};

}  // namespace spillway::sim
