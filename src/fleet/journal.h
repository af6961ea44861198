#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "fleet/records.h"
#include "fleet/wish.h"
#include "store/database.h"

namespace spillway::fleet {

/// What is still in motion: every node ever wished for, launches not settled, machines not seen dead.
struct Records {
  std::map<NodeName, NodeRecord> nodes;
  std::map<IntentId, LaunchRecord> launches;
  std::map<InstanceId, MachineRecord> machines;
  std::map<std::string, PoolRecord> pools;  // that rested
  std::map<GroupName, GroupRecord> groups;  // that something happened to
};

/// The durable memory of wishes, intents and bindings (state.db). Everything that is about to touch the
/// outside is saved here first. All functions fail with SPW-STORE-001 when the file cannot be used.
class Journal {
 public:
  static Result<Journal> open(const std::filesystem::path& path);
  static Result<Journal> open_for_reading(const std::filesystem::path& path);

  /// A number drawn when the file was made: another file is another generation, whose tokens never meet the
  /// old ones.
  Result<std::string> generation();
  /// Whether the journal has been compared with EC2 once, after which it is the truth about bindings.
  Result<bool> recovered();
  Result<void> set_recovered();
  /// The cluster's uuid as last used, empty in a new journal.
  Result<std::string> cluster();
  Result<void> set_cluster(const ClusterId& cluster);

  /// What held launches back at the last look, as JSON of to_json(gates); empty: never looked.
  Result<std::string> gates();
  Result<void> set_gates(const std::string& gates);

  Result<Records> load();
  /// Whether this wish has been taken before.
  Result<bool> has_taken(const std::string& wish_id);
  Result<void> take(const SpooledWish& wish, Time now);

  Result<void> save(const NodeRecord& node);
  Result<void> save(const LaunchRecord& launch);
  Result<void> save(const MachineRecord& machine);
  Result<void> save(const PoolRecord& pool);
  Result<void> save(const GroupRecord& group);
  /// EC2 gave from this pool again.
  Result<void> forget_pool(const std::string& pool);
  /// The group's record, or a fresh one.
  Result<GroupRecord> group(const GroupName& name);
  /// The group of a machine that this node had in this epoch, living or not.
  Result<std::optional<GroupName>> group_of(const NodeName& node, int64_t epoch);
  Result<PoolRecord> pool(const std::string& name);
  Result<void> note(const Event& event);
  /// All or nothing; nothing is visible to others before it returns.
  Result<void> transaction(const std::function<Result<void>()>& body) { return db_.transaction(body); }

  /// Events from `since` on, oldest first.
  Result<std::vector<Event>> events(Time since, size_t at_most = 100'000);
  Result<std::optional<MachineRecord>> machine(const InstanceId& id);
  Result<std::optional<NodeRecord>> node(const NodeName& name);
  /// Adds to the number of calls of each AWS operation that Spillway has made for this cluster.
  Result<void> add_api_calls(const std::map<std::string, int64_t>& calls);
  Result<std::map<std::string, int64_t>> api_calls();

 private:
  explicit Journal(store::Database db) : db_(std::move(db)) {}
  Result<std::string> meta(std::string_view key);
  Result<void> set_meta(std::string_view key, std::string value);

  store::Database db_;
};

}  // namespace spillway::fleet
