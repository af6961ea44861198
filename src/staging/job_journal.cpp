#include "staging/job_journal.h"

#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

// Times are microseconds since 1970, 0 for never; task is -1 where there is none. A migration is never edited
// once released.
const std::vector<std::string_view> kMigrations = {R"(
CREATE TABLE runs(id TEXT PRIMARY KEY, job INTEGER NOT NULL, name TEXT NOT NULL, array INTEGER NOT NULL, task INTEGER NOT NULL,
                  uid INTEGER NOT NULL, gid INTEGER NOT NULL, user TEXT NOT NULL, folder TEXT NOT NULL, restart INTEGER NOT NULL,
                  attempt INTEGER NOT NULL, nodes TEXT NOT NULL, exit_code INTEGER NOT NULL, wished_at INTEGER NOT NULL,
                  ended_at INTEGER NOT NULL, access_until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX runs_job ON runs(job);
CREATE INDEX runs_name ON runs(name);
CREATE TABLE items(run TEXT NOT NULL, direction INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL,
                   target TEXT NOT NULL, on_success INTEGER NOT NULL, state TEXT NOT NULL, prefix TEXT NOT NULL,
                   files INTEGER NOT NULL, bytes INTEGER NOT NULL, error TEXT NOT NULL, lost TEXT NOT NULL,
                   updated_at INTEGER NOT NULL, PRIMARY KEY(run, direction, number)) WITHOUT ROWID;
CREATE INDEX items_state ON items(direction, state);
CREATE TABLE inputs(uid INTEGER NOT NULL, fingerprint TEXT NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL,
                    kept_at INTEGER NOT NULL, PRIMARY KEY(uid, fingerprint)) WITHOUT ROWID;
)"};

int64_t us(Time time) {
  return time.time_since_epoch().count();
}
Time time_of(int64_t us) {
  return Time{Duration{us}};
}
int64_t number_of(Direction direction) {
  return direction == Direction::in ? 0 : 1;
}

std::string list_text(const std::vector<std::string>& words) {
  Json out = Json::array();
  for (const std::string& word : words) out.push(word);
  return out.dump();
}
std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> out;
  if (const auto json = Json::parse(text))
    for (const Json& one : json->items()) out.push_back(one.as_string());
  return out;
}
std::string nodes_text(const std::vector<NodeName>& nodes) {
  std::vector<std::string> words;
  for (const NodeName& node : nodes) words.push_back(node.value);
  return list_text(words);
}

Item item_of(const store::Row& row) {
  return {.direction = row.integer(0) == 0 ? Direction::in : Direction::out,
          .number = static_cast<int>(row.integer(1)),
          .source = row.text(2),
          .target = row.text(3),
          .when = row.integer(4) != 0 ? When::success : When::always,
          .state = item_state(row.text(5)).value_or(ItemState::wanted),
          .prefix = row.text(6),
          .files = row.integer(7),
          .bytes = row.integer(8),
          .error = row.text(9),
          .lost = list_of(row.text(10)),
          .updated_at = time_of(row.integer(11))};
}

}  // namespace

Result<JobJournal> JobJournal::open(const std::filesystem::path& path) {
  return JobJournal{TRY(store::Database::open(path, kMigrations))};
}

Result<JobJournal> JobJournal::open_for_reading(const std::filesystem::path& path) {
  return JobJournal{TRY(store::Database::open_for_reading(path))};
}

Result<void> JobJournal::wish(const JobData& job) {
  return database_.transaction([&]() -> Result<void> {
    const JobRun& run = job.run;
    const int64_t made = TRY(database_.execute(
        "INSERT OR IGNORE INTO runs VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        {run.id(), run.job, run.name(), run.array, run.task.value_or(-1), static_cast<int64_t>(run.uid),
         static_cast<int64_t>(job.gid), job.user, job.folder, run.restart, run.attempt, nodes_text(job.nodes),
         int64_t{job.exit_code}, us(job.wished_at), us(job.ended_at), us(job.access_until)}));
    if (made == 0) return {};
    for (const Item& item : job.items)
      TRY(database_.execute(
          "INSERT INTO items VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
          {run.id(), number_of(item.direction), int64_t{item.number}, item.source, item.target,
           int64_t{item.when == When::success}, std::string(to_string(item.state)), item.prefix, item.files,
           item.bytes, item.error, list_text(item.lost), us(job.wished_at)}));
    return {};
  });
}

Result<std::vector<JobData>> JobJournal::read(std::string_view where,
                                              const std::vector<store::Value>& values) {
  std::vector<JobData> out;
  const std::string sql = fmt::format(
      "SELECT id, job, array, task, uid, gid, user, folder, restart, attempt, nodes, exit_code, wished_at, "
      "ended_at, "
      "access_until FROM runs {} ORDER BY job, restart, attempt",
      where);
  for (const store::Row& row : TRY(database_.query(sql, values))) {
    JobData job;
    job.run = {.job = row.integer(1),
               .array = row.integer(2),
               .task = row.integer(3) < 0 ? std::nullopt : std::optional(row.integer(3)),
               .uid = static_cast<uid_t>(row.integer(4)),
               .restart = row.integer(8),
               .attempt = row.integer(9)};
    job.gid = static_cast<gid_t>(row.integer(5));
    job.user = row.text(6);
    job.folder = row.text(7);
    for (const std::string& node : list_of(row.text(10))) job.nodes.emplace_back(node);
    job.exit_code = static_cast<int>(row.integer(11));
    job.wished_at = time_of(row.integer(12));
    job.ended_at = time_of(row.integer(13));
    job.access_until = time_of(row.integer(14));
    out.push_back(std::move(job));
  }
  for (JobData& job : out)
    for (const store::Row& row : TRY(database_.query("SELECT direction, number, source, target, on_success, "
                                                     "state, prefix, files, bytes, error, lost, updated_at "
                                                     "FROM items WHERE run = ? ORDER BY direction, number",
                                                     {job.run.id()})))
      job.items.push_back(item_of(row));
  return out;
}

Result<std::vector<JobData>> JobJournal::runs(std::string_view job) {
  return read("WHERE name = ?1 OR CAST(job AS TEXT) = ?1", {std::string(job)});
}

Result<JobData> JobJournal::newest(std::string_view job) {
  auto found = TRY(runs(job));
  if (found.empty()) return Error{Kind::not_found, kNoSuchJob, fmt::format("no data of job {}", job)};
  return std::move(found.back());
}

Result<std::vector<JobData>> JobJournal::all() {
  return read("", {});
}

Result<std::vector<JobData>> JobJournal::open_runs() {
  return read(
      "WHERE id IN (SELECT run FROM items WHERE (direction = 1 AND state NOT IN ('VERIFIED', 'LOST', "
      "'skipped')) "
      "OR (direction = 0 AND state <> 'fetched'))",
      {});
}

Result<void> JobJournal::advance(const JobRun& run, Item& item, ItemState to, Time now) {
  const auto refused = [&](std::string_view why) {
    return Error{Kind::conflict, kBadStep,
                 fmt::format("{} {} of job {}: {} to {}: {}", to_string(item.direction), item.number,
                             run.id(), to_string(item.state), to_string(to), why)};
  };
  if (!may_become(item.direction, item.state, to)) return refused("the one does not follow the other");
  const int64_t changed = TRY(database_.execute(
      "UPDATE items SET state = ?, prefix = ?, files = ?, bytes = ?, error = '', lost = ?, updated_at = ? "
      "WHERE run = ? AND direction = ? AND number = ? AND state = ?",
      {std::string(to_string(to)), item.prefix, item.files, item.bytes, list_text(item.lost), us(now),
       run.id(), number_of(item.direction), int64_t{item.number}, std::string(to_string(item.state))}));
  if (changed != 1) return refused("it is in another state by now");
  item.state = to;
  item.error.clear();
  item.updated_at = now;
  return {};
}

Result<void> JobJournal::note(const JobRun& run, const Item& item, std::string_view error, Time now) {
  TRY(database_.execute(
      "UPDATE items SET error = ?, updated_at = ? WHERE run = ? AND direction = ? AND number = ?",
      {std::string(error), us(now), run.id(), number_of(item.direction), int64_t{item.number}}));
  return {};
}

Result<void> JobJournal::started(const JobRun& run, const std::vector<NodeName>& nodes) {
  TRY(database_.execute("UPDATE runs SET nodes = ? WHERE id = ?", {nodes_text(nodes), run.id()}));
  return {};
}

Result<void> JobJournal::ended(const JobRun& run, int exit_code, Time now) {
  TRY(database_.execute("UPDATE runs SET exit_code = ?, ended_at = ? WHERE id = ? AND ended_at = 0",
                        {int64_t{exit_code}, us(now), run.id()}));
  return {};
}

Result<void> JobJournal::gave_access(const JobRun& run, Time until) {
  TRY(database_.execute("UPDATE runs SET access_until = ? WHERE id = ?", {us(until), run.id()}));
  return {};
}

Result<bool> JobJournal::has_input(uid_t uid, std::string_view fingerprint) {
  return !TRY(database_.query("SELECT 1 FROM inputs WHERE uid = ? AND fingerprint = ?",
                              {static_cast<int64_t>(uid), std::string(fingerprint)}))
              .empty();
}

Result<void> JobJournal::keep_input(uid_t uid, std::string_view fingerprint, int64_t files, int64_t bytes,
                                    Time now) {
  TRY(database_.execute("INSERT OR REPLACE INTO inputs VALUES(?,?,?,?,?)",
                        {static_cast<int64_t>(uid), std::string(fingerprint), files, bytes, us(now)}));
  return {};
}

Result<std::set<NodeName>> JobJournal::nodes_to_keep() {
  std::set<NodeName> out;
  for (const store::Row& row :
       TRY(database_.query("SELECT nodes FROM runs WHERE id IN (SELECT run FROM items WHERE direction = 1 "
                           "AND state IN ('wanted', 'pushed'))")))
    for (std::string& node : list_of(row.text(0))) out.emplace(std::move(node));
  return out;
}

Result<std::vector<std::string>> JobJournal::removable(Time before) {
  std::vector<std::string> out;
  for (const store::Row& row : TRY(database_.query(
           "SELECT prefix FROM items WHERE direction = 1 AND state = 'VERIFIED' AND updated_at < ?",
           {us(before)})))
    out.push_back(row.text(0));
  return out;
}

}  // namespace spillway::staging
