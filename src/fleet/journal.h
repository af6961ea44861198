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
/// Launches that are settled, but whose machines live, are there without their request.
struct Records {
  std::map<NodeName, NodeRecord> nodes;
  std::map<IntentId, LaunchRecord> launches;
  std::map<InstanceId, MachineRecord> machines;
  std::map<std::string, PoolRecord> pools;  // that rested
  std::map<GroupName, GroupRecord> groups;  // that something happened to
  bool operator==(const Records&) const = default;
};

/// The durable memory of wishes, intents and bindings (state.db). Everything that is about to touch the
/// outside is saved here first. All functions fail with SPW-STORE-001 when the file cannot be used. The
/// simulator keeps the same in memory.
class Journal {
 public:
  /// `generation` is given by who must have the same every time; it counts for a new file only.
  static Result<Journal> open(const std::filesystem::path& path, std::string generation = {});
  static Result<Journal> open_for_reading(const std::filesystem::path& path);
  Journal(Journal&&) = default;
  Journal& operator=(Journal&&) = default;
  virtual ~Journal() = default;

  /// A number drawn when the file was made: another file is another generation, whose tokens never meet the
  /// old ones.
  virtual Result<std::string> generation();
  /// Whether the journal has been compared with EC2 once, after which it is the truth about bindings.
  virtual Result<bool> recovered();
  virtual Result<void> set_recovered();
  /// The cluster's uuid as last used, empty in a new journal.
  virtual Result<std::string> cluster();
  virtual Result<void> set_cluster(const ClusterId& cluster);

  /// What held launches back at the last look, as JSON of to_json(gates); empty: never looked.
  virtual Result<std::string> gates();
  virtual Result<void> set_gates(const std::string& gates);

  /// A number that changes when another process writes to the file.
  virtual Result<int64_t> written_elsewhere();
  /// What lay about attached to nothing at the last look, as JSON of leftovers.h; empty: never looked.
  virtual Result<std::string> leftovers();
  virtual Result<void> set_leftovers(const std::string& seen);

  virtual Result<Records> load();
  /// Whether this wish has been taken before.
  virtual Result<bool> has_taken(const std::string& wish_id);
  virtual Result<void> take(const SpooledWish& wish, Time now);

  virtual Result<void> save(const NodeRecord& node);
  virtual Result<void> save(const LaunchRecord& launch);
  virtual Result<void> save(const MachineRecord& machine);
  virtual Result<void> save(const PoolRecord& pool);
  virtual Result<void> save(const GroupRecord& group);
  /// EC2 gave from this pool again.
  virtual Result<void> forget_pool(const std::string& pool);
  /// The group's record, or a fresh one.
  virtual Result<GroupRecord> group(const GroupName& name);
  /// The group of a machine that this node had in this epoch, living or not.
  virtual Result<std::optional<GroupName>> group_of(const NodeName& node, int64_t epoch);
  virtual Result<PoolRecord> pool(const std::string& name);
  virtual Result<void> note(const Event& event);
  /// All or nothing; nothing is visible to others before it returns.
  virtual Result<void> transaction(const std::function<Result<void>()>& body) {
    return db_.transaction(body);
  }

  /// Events from `since` on, oldest first.
  virtual Result<std::vector<Event>> events(Time since, size_t at_most = 100'000);
  virtual Result<std::optional<MachineRecord>> machine(const InstanceId& id);
  virtual Result<std::optional<NodeRecord>> node(const NodeName& name);
  /// Adds to the number of calls of each AWS operation that Spillway has made for this cluster.
  virtual Result<void> add_api_calls(const std::map<std::string, int64_t>& calls);
  virtual Result<std::map<std::string, int64_t>> api_calls();

 protected:
  Journal() : db_(store::Database::none()) {}

 private:
  explicit Journal(store::Database db) : db_(std::move(db)) {}
  Result<std::string> meta(std::string_view key);
  Result<void> set_meta(std::string_view key, std::string value);

  store::Database db_;
};

}  // namespace spillway::fleet
