#include "staging/journal.h"

#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace spillway::staging {
namespace {

constexpr std::string_view kSchema = R"(
CREATE TABLE uploads (bucket TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, part_size INTEGER NOT NULL, crc64 INTEGER NOT NULL,
  PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE transfers (id TEXT PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL,
  summary TEXT NOT NULL, began_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL, pid INTEGER NOT NULL,
  options TEXT NOT NULL) WITHOUT ROWID;
)";

}  // namespace

std::filesystem::path Journal::usual_place() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
    return std::filesystem::path(state) / "spillway";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home && *home ? home : "/tmp") / ".local/state/spillway";
}

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& state) {
  std::error_code failed;
  std::filesystem::create_directories(state, failed);
  if (failed) return system_error("make the folder", state, failed.value());
  auto database = TRY(store::Database::open(state / "transfers.db", {kSchema}));
  return std::unique_ptr<Journal>(new Journal(std::move(database)));
}

Result<void> Journal::begun(const Upload& upload) {
  const std::lock_guard lock(mutex_);
  TRY(database_.execute("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        {upload.bucket, upload.key, upload.id, upload.size, upload.mtime_ns, upload.inode,
                         upload.part_size, int64_t{upload.crc64}}));
  return {};
}

Result<std::optional<Journal::Upload>> Journal::find(const std::string& bucket, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto rows = TRY(database_.query(
      "SELECT id, size, mtime_ns, inode, part_size, crc64 FROM uploads WHERE bucket = ? AND key = ?",
      {bucket, key}));
  if (rows.empty()) return std::optional<Upload>();
  const store::Row& row = rows[0];
  return std::optional<Upload>({bucket, key, row.text(0), row.integer(1), row.integer(2), row.integer(3),
                                row.integer(4), row.integer(5) != 0});
}

Result<void> Journal::ended(const std::string& bucket, const std::string& key) {
  const std::lock_guard lock(mutex_);
  TRY(database_.execute("DELETE FROM uploads WHERE bucket = ? AND key = ?", {bucket, key}));
  return {};
}

Result<void> Journal::keep(const Transfer& transfer) {
  const std::lock_guard lock(mutex_);
  TRY(database_.execute("INSERT OR REPLACE INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        {transfer.id, transfer.source, transfer.target, transfer.state, transfer.summary,
                         transfer.began_ns, transfer.ended_ns, transfer.pid, transfer.options}));
  return {};
}

Result<std::vector<Journal::Transfer>> Journal::transfers() {
  const std::lock_guard lock(mutex_);
  std::vector<Transfer> out;
  for (const store::Row& row : TRY(database_.query(
           "SELECT id, source, target, state, summary, began_ns, ended_ns, pid, options FROM transfers "
           "ORDER BY began_ns DESC")))
    out.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.integer(5),
                   row.integer(6), row.integer(7), row.text(8)});
  return out;
}

}  // namespace spillway::staging
