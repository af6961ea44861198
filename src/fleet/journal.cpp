#include "fleet/journal.h"

#include "base/crypto.h"

namespace spillway::fleet {
namespace {

// Times are microseconds since 1970, 0 for never. A migration is never edited once released; the next is
// appended.
const std::vector<std::string_view> kMigrations = {R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE wishes(id TEXT PRIMARY KEY, kind TEXT NOT NULL, nodes TEXT NOT NULL, made_at INTEGER NOT NULL,
                    taken_at INTEGER NOT NULL, resume_file TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE nodes(name TEXT PRIMARY KEY, wanted INTEGER NOT NULL, epoch INTEGER NOT NULL, since INTEGER NOT NULL,
                   job INTEGER NOT NULL, reason TEXT NOT NULL, marked_down INTEGER NOT NULL, hold_until INTEGER NOT NULL,
                   failures INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE launches(intent TEXT PRIMARY KEY, grp TEXT NOT NULL, request TEXT NOT NULL, nodes TEXT NOT NULL,
                      state INTEGER NOT NULL, tries INTEGER NOT NULL, made_at INTEGER NOT NULL,
                      not_before INTEGER NOT NULL, answered_at INTEGER NOT NULL, error TEXT NOT NULL,
                      assigned INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX launches_open ON launches(state, assigned);
CREATE TABLE machines(id TEXT PRIMARY KEY, intent TEXT NOT NULL, grp TEXT NOT NULL, node TEXT NOT NULL,
                      epoch INTEGER NOT NULL, address TEXT NOT NULL, launched_at INTEGER NOT NULL,
                      published_at INTEGER NOT NULL, released_at INTEGER NOT NULL, addressed_at INTEGER NOT NULL,
                      tagged_at INTEGER NOT NULL, joined_at INTEGER NOT NULL, withdrawn_at INTEGER NOT NULL,
                      terminate_at INTEGER NOT NULL, closed_at INTEGER NOT NULL, end_reason TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX machines_live ON machines(closed_at);
CREATE TABLE events(seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, event TEXT NOT NULL, node TEXT NOT NULL,
                    instance TEXT NOT NULL, intent TEXT NOT NULL, job INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX events_at ON events(at);
CREATE TABLE api_calls(operation TEXT PRIMARY KEY, calls INTEGER NOT NULL) WITHOUT ROWID;
)",
                                                   R"(
ALTER TABLE machines ADD COLUMN cloud TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN unseen_since INTEGER NOT NULL DEFAULT 0;
)",
                                                   R"(
ALTER TABLE machines ADD COLUMN registering_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN registered_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN unregistered_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN name_trouble TEXT NOT NULL DEFAULT '';
)",
                                                   R"(
ALTER TABLE nodes ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN joined_epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN interrupted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE machines ADD COLUMN signalled_at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE pools(pool TEXT PRIMARY KEY, strikes INTEGER NOT NULL, until INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE groups(grp TEXT PRIMARY KEY, parked_until INTEGER NOT NULL, reason TEXT NOT NULL, strikes INTEGER NOT NULL,
                    boot_failures INTEGER NOT NULL) WITHOUT ROWID;
)"};

constexpr std::string_view kMachineColumns =
    "id, intent, grp, node, epoch, address, launched_at, published_at, released_at, addressed_at, tagged_at, "
    "joined_at, "
    "withdrawn_at, terminate_at, closed_at, end_reason, cloud, unseen_since, registering_at, "
    "registered_at, unregistered_at, name_trouble, interrupted_at, signalled_at";

constexpr std::string_view kNodeColumns =
    "name, wanted, epoch, since, job, reason, marked_down, hold_until, failures, attempt, joined_epoch";

int64_t micros(Time time) {
  return time.time_since_epoch().count();
}
Time time_of(int64_t micros) {
  return Time{Duration{micros}};
}

Json to_json(const std::vector<LaunchNode>& nodes) {
  Json list = Json::array();
  for (const LaunchNode& n : nodes)
    list.push(
        Json::object({{"node", n.node.value}, {"epoch", n.epoch}, {"job", n.job}, {"attempt", n.attempt}}));
  return list;
}

Result<std::vector<LaunchNode>> launch_nodes(const std::string& text) {
  const Json list = TRY(Json::parse(text));
  std::vector<LaunchNode> nodes;
  for (const Json& n : list.items())
    nodes.push_back(
        {NodeName{n["node"].as_string()}, n["epoch"].as_int(), n["job"].as_int(), n["attempt"].as_int()});
  return nodes;
}

NodeRecord node_of(const store::Row& row) {
  return {.name = NodeName{row.text(0)},
          .wanted = static_cast<Wanted>(row.integer(1)),
          .epoch = row.integer(2),
          .since = time_of(row.integer(3)),
          .job = row.integer(4),
          .reason = row.text(5),
          .marked_down = row.integer(6) != 0,
          .hold_until = time_of(row.integer(7)),
          .failures = static_cast<int>(row.integer(8)),
          .attempt = row.integer(9),
          .joined_epoch = row.integer(10)};
}

PoolRecord pool_record_of(const store::Row& row) {
  return {.pool = row.text(0),
          .strikes = static_cast<int>(row.integer(1)),
          .until = time_of(row.integer(2)),
          .reason = row.text(3)};
}

GroupRecord group_record_of(const store::Row& row) {
  return {.group = GroupName{row.text(0)},
          .parked_until = time_of(row.integer(1)),
          .reason = row.text(2),
          .strikes = static_cast<int>(row.integer(3)),
          .boot_failures = static_cast<int>(row.integer(4))};
}

MachineRecord machine_of(const store::Row& row) {
  return {.id = InstanceId{row.text(0)},
          .intent = IntentId{row.text(1)},
          .group = GroupName{row.text(2)},
          .cloud = row.text(16),
          .node = NodeName{row.text(3)},
          .epoch = row.integer(4),
          .address = IpAddress{row.text(5)},
          .launched_at = time_of(row.integer(6)),
          .published_at = time_of(row.integer(7)),
          .released_at = time_of(row.integer(8)),
          .addressed_at = time_of(row.integer(9)),
          .tagged_at = time_of(row.integer(10)),
          .joined_at = time_of(row.integer(11)),
          .withdrawn_at = time_of(row.integer(12)),
          .registering_at = time_of(row.integer(18)),
          .registered_at = time_of(row.integer(19)),
          .unregistered_at = time_of(row.integer(20)),
          .name_trouble = row.text(21),
          .unseen_since = time_of(row.integer(17)),
          .interrupted_at = time_of(row.integer(22)),
          .signalled_at = time_of(row.integer(23)),
          .terminate_at = time_of(row.integer(13)),
          .closed_at = time_of(row.integer(14)),
          .end_reason = row.text(15)};
}

}  // namespace

std::string_view to_string(Wanted wanted) {
  constexpr std::string_view kWords[] = {"up", "down", "failed"};
  return kWords[static_cast<int>(wanted)];
}

std::string_view to_string(LaunchState state) {
  constexpr std::string_view kWords[] = {"intended", "answered", "failed"};
  return kWords[static_cast<int>(state)];
}

Result<Journal> Journal::open(const std::filesystem::path& path, std::string generation) {
  Journal journal{TRY(store::Database::open(path, kMigrations))};
  if (generation.empty()) generation = to_hex(random_bytes(8));
  TRY(journal.db_.execute("INSERT OR IGNORE INTO meta VALUES('generation', ?)", {std::move(generation)}));
  return journal;
}

Result<Journal> Journal::open_for_reading(const std::filesystem::path& path) {
  return Journal{TRY(store::Database::open_for_reading(path))};
}

Result<std::string> Journal::meta(std::string_view key) {
  const auto rows = TRY(db_.query("SELECT value FROM meta WHERE key=?", {std::string(key)}));
  return rows.empty() ? std::string{} : rows.front().text(0);
}

Result<void> Journal::set_meta(std::string_view key, std::string value) {
  TRY(db_.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", {std::string(key), std::move(value)}));
  return {};
}

Result<std::string> Journal::generation() {
  return meta("generation");
}
Result<bool> Journal::recovered() {
  return !TRY(meta("recovered")).empty();
}
Result<void> Journal::set_recovered() {
  return set_meta("recovered", "1");
}
Result<std::string> Journal::cluster() {
  return meta("cluster");
}
Result<void> Journal::set_cluster(const ClusterId& cluster) {
  return set_meta("cluster", cluster.value);
}
Result<std::string> Journal::gates() {
  return meta("gates");
}
Result<std::string> Journal::leftovers() {
  return meta("leftovers");
}
Result<void> Journal::set_leftovers(const std::string& seen) {
  return set_meta("leftovers", seen);
}
Result<void> Journal::set_gates(const std::string& gates) {
  return set_meta("gates", gates);
}

Result<int64_t> Journal::written_elsewhere() {
  return TRY(db_.query("PRAGMA data_version")).front().integer(0);
}

Result<Records> Journal::load() {
  Records records;
  for (const store::Row& row : TRY(db_.query("SELECT " + std::string(kNodeColumns) + " FROM nodes"))) {
    NodeRecord node = node_of(row);
    records.nodes.emplace(node.name, node);
  }
  for (const store::Row& row :
       TRY(db_.query("SELECT " + std::string(kMachineColumns) + " FROM machines WHERE closed_at=0"))) {
    MachineRecord machine = machine_of(row);
    records.machines.emplace(machine.id, std::move(machine));
  }
  // Launches that are not settled, and those that live machines still refer to.
  for (const store::Row& row : TRY(db_.query("SELECT intent, grp, request, nodes, state, tries, made_at, "
                                             "not_before, answered_at, error, assigned FROM launches "
                                             "WHERE state=0 OR (state=1 AND assigned=0) OR intent IN (SELECT "
                                             "intent FROM machines WHERE closed_at=0)"))) {
    std::vector<LaunchNode> nodes = TRY(launch_nodes(row.text(3)));
    LaunchRecord launch{.intent = IntentId{row.text(0)},
                        .group = GroupName{row.text(1)},
                        .nodes = std::move(nodes),
                        .state = static_cast<LaunchState>(row.integer(4)),
                        .tries = static_cast<int>(row.integer(5)),
                        .made_at = time_of(row.integer(6)),
                        .not_before = time_of(row.integer(7)),
                        .answered_at = time_of(row.integer(8)),
                        .error = row.text(9),
                        .assigned = row.integer(10) != 0};
    // Nobody asks again for one that is settled, and there are many.
    if (!launch.settled()) launch.request = TRY(Json::parse(row.text(2)));
    records.launches.emplace(launch.intent, std::move(launch));
  }
  for (const store::Row& row : TRY(db_.query("SELECT pool, strikes, until, reason FROM pools"))) {
    PoolRecord pool = pool_record_of(row);
    records.pools.emplace(pool.pool, std::move(pool));
  }
  for (const store::Row& row :
       TRY(db_.query("SELECT grp, parked_until, reason, strikes, boot_failures FROM groups"))) {
    GroupRecord group = group_record_of(row);
    records.groups.emplace(group.group, std::move(group));
  }
  return records;
}

Result<bool> Journal::has_taken(const std::string& wish_id) {
  return !TRY(db_.query("SELECT 1 FROM wishes WHERE id=?", {wish_id})).empty();
}

Result<void> Journal::take(const SpooledWish& spooled, Time now) {
  const Wish& wish = spooled.wish;
  // Kept long enough that no copy of its file is taken twice.
  TRY(db_.execute("DELETE FROM wishes WHERE taken_at<?", {micros(now - std::chrono::hours{24 * 7})}));
  TRY(db_.execute("INSERT OR IGNORE INTO wishes VALUES(?, ?, ?, ?, ?, ?)",
                  {spooled.id, std::string(to_string(wish.kind)), wish.nodes, micros(wish.made_at),
                   micros(now), wish.resume_file}));
  return {};
}

Result<void> Journal::save(const NodeRecord& node) {
  TRY(db_.execute("INSERT OR REPLACE INTO nodes VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  {node.name.value, int64_t(node.wanted), node.epoch, micros(node.since), node.job,
                   node.reason, int64_t{node.marked_down}, micros(node.hold_until), int64_t{node.failures},
                   node.attempt, node.joined_epoch}));
  return {};
}

Result<void> Journal::save(const PoolRecord& pool) {
  TRY(db_.execute("INSERT OR REPLACE INTO pools VALUES(?, ?, ?, ?)",
                  {pool.pool, int64_t{pool.strikes}, micros(pool.until), pool.reason}));
  return {};
}

Result<void> Journal::forget_pool(const std::string& pool) {
  TRY(db_.execute("DELETE FROM pools WHERE pool=?", {pool}));
  return {};
}

Result<PoolRecord> Journal::pool(const std::string& name) {
  const auto rows = TRY(db_.query("SELECT pool, strikes, until, reason FROM pools WHERE pool=?", {name}));
  return rows.empty() ? PoolRecord{.pool = name} : pool_record_of(rows.front());
}

Result<void> Journal::save(const GroupRecord& group) {
  TRY(db_.execute("INSERT OR REPLACE INTO groups VALUES(?, ?, ?, ?, ?)",
                  {group.group.value, micros(group.parked_until), group.reason, int64_t{group.strikes},
                   int64_t{group.boot_failures}}));
  return {};
}

Result<GroupRecord> Journal::group(const GroupName& name) {
  const auto rows = TRY(db_.query(
      "SELECT grp, parked_until, reason, strikes, boot_failures FROM groups WHERE grp=?", {name.value}));
  return rows.empty() ? GroupRecord{.group = name} : group_record_of(rows.front());
}

Result<void> Journal::save(const LaunchRecord& launch) {
  TRY(db_.execute(
      "INSERT OR REPLACE INTO launches VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {launch.intent.value, launch.group.value, launch.request.dump(), to_json(launch.nodes).dump(),
       int64_t(launch.state), int64_t{launch.tries}, micros(launch.made_at), micros(launch.not_before),
       micros(launch.answered_at), launch.error, int64_t{launch.assigned}}));
  return {};
}

Result<void> Journal::save(const MachineRecord& m) {
  TRY(
      db_.execute("INSERT OR REPLACE INTO machines VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                  "?, ?, ?, ?, ?, ?, ?)",
                  {m.id.value,
                   m.intent.value,
                   m.group.value,
                   m.node.value,
                   m.epoch,
                   m.address.value,
                   micros(m.launched_at),
                   micros(m.published_at),
                   micros(m.released_at),
                   micros(m.addressed_at),
                   micros(m.tagged_at),
                   micros(m.joined_at),
                   micros(m.withdrawn_at),
                   micros(m.terminate_at),
                   micros(m.closed_at),
                   m.end_reason,
                   m.cloud,
                   micros(m.unseen_since),
                   micros(m.registering_at),
                   micros(m.registered_at),
                   micros(m.unregistered_at),
                   m.name_trouble,
                   micros(m.interrupted_at),
                   micros(m.signalled_at)}));
  return {};
}

Result<void> Journal::note(const Event& e) {
  TRY(db_.execute(
      "INSERT INTO events(at, event, node, instance, intent, job, detail) VALUES(?, ?, ?, ?, ?, ?, ?)",
      {micros(e.at), e.event, e.node.value, e.instance.value, e.intent.value, e.job, e.detail}));
  return {};
}

Result<std::vector<Event>> Journal::events(Time since, size_t at_most) {
  std::vector<Event> events;
  for (const store::Row& row : TRY(db_.query("SELECT at, event, node, instance, intent, job, detail FROM "
                                             "events WHERE at>=? ORDER BY seq LIMIT ?",
                                             {micros(since), static_cast<int64_t>(at_most)})))
    events.push_back({time_of(row.integer(0)), row.text(1), NodeName{row.text(2)}, InstanceId{row.text(3)},
                      IntentId{row.text(4)}, row.integer(5), row.text(6)});
  return events;
}

Result<std::optional<MachineRecord>> Journal::machine(const InstanceId& id) {
  const auto rows =
      TRY(db_.query("SELECT " + std::string(kMachineColumns) + " FROM machines WHERE id=?", {id.value}));
  return rows.empty() ? std::optional<MachineRecord>{} : machine_of(rows.front());
}

Result<std::optional<GroupName>> Journal::group_of(const NodeName& node, int64_t epoch) {
  const auto rows =
      TRY(db_.query("SELECT grp FROM machines WHERE node=? AND epoch=? LIMIT 1", {node.value, epoch}));
  return rows.empty() ? std::optional<GroupName>{} : GroupName{rows.front().text(0)};
}

Result<std::optional<NodeRecord>> Journal::node(const NodeName& name) {
  const auto rows =
      TRY(db_.query("SELECT " + std::string(kNodeColumns) + " FROM nodes WHERE name=?", {name.value}));
  return rows.empty() ? std::optional<NodeRecord>{} : node_of(rows.front());
}

Result<void> Journal::add_api_calls(const std::map<std::string, int64_t>& calls) {
  return db_.transaction([&]() -> Result<void> {
    for (const auto& [operation, count] : calls)
      TRY(
          db_.execute("INSERT INTO api_calls VALUES(?, ?) ON CONFLICT(operation) DO UPDATE SET "
                      "calls=calls+excluded.calls",
                      {operation, count}));
    return {};
  });
}

Result<std::map<std::string, int64_t>> Journal::api_calls() {
  std::map<std::string, int64_t> calls;
  for (const store::Row& row : TRY(db_.query("SELECT operation, calls FROM api_calls")))
    calls[row.text(0)] = row.integer(1);
  return calls;
}

}  // namespace spillway::fleet
