#include "store/database.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"

namespace spillway::store {
namespace {

constexpr Code kUnusable{
    "SPW-STORE-001", "the state file cannot be read or written",
    "check owner, mode and free space; the file may also be moved away: state is rebuilt from EC2, Slurm and "
    "the bucket"};
constexpr Code kNewer{"SPW-STORE-002", "a newer Spillway has written this state file",
                      "run that version, or move the file away"};

/// Lets go of a statement's locks and values.
struct Resetter {
  void operator()(sqlite3_stmt* statement) const {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

/// The value must outlive the statement's use.
void bind(sqlite3_stmt* statement, int position, const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, position, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, position, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, position);
  }
}

Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_NULL:
      return nullptr;
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement, index)));
    }
  }
}

}  // namespace

int64_t Row::integer(size_t column) const {
  const auto* value = std::get_if<int64_t>(&values_.at(column));
  return value ? *value : 0;
}

const std::string& Row::text(size_t column) const {
  static const std::string kEmpty;
  const auto* value = std::get_if<std::string>(&values_.at(column));
  return value ? *value : kEmpty;
}

bool Row::is_null(size_t column) const {
  return std::holds_alternative<std::nullptr_t>(values_.at(column));
}

void Database::Closer::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}
void Database::Closer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Error Database::failure(std::string_view doing) const {
  const int code = sqlite3_errcode(handle_.get()) & 0xff;
  const Kind kind = code == SQLITE_NOTADB || code == SQLITE_CORRUPT                         ? Kind::invalid
                    : code == SQLITE_READONLY || code == SQLITE_PERM || code == SQLITE_AUTH ? Kind::denied
                    : code == SQLITE_BUSY || code == SQLITE_LOCKED ? Kind::unavailable
                                                                   : Kind::io;
  return Error{kind, kUnusable, fmt::format("{}: {}", doing, sqlite3_errmsg(handle_.get()))};
}

Result<Database> Database::open(const std::filesystem::path& path,
                                const std::vector<std::string_view>& migrations) {
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database{handle};
  const std::string doing = "open " + path.string();
  if (opened != SQLITE_OK) return database.failure(doing);
  sqlite3_busy_timeout(handle, 10'000);
  for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"})
    if (sqlite3_exec(handle, pragma, nullptr, nullptr, nullptr) != SQLITE_OK) return database.failure(doing);

  const auto migrated = database.transaction([&]() -> Result<void> {
    const int64_t version = TRY(database.query("PRAGMA user_version")).front().integer(0);
    if (version > static_cast<int64_t>(migrations.size()))
      return Error{
          Kind::invalid, kNewer,
          fmt::format("{} has schema {}, this program knows {}", path.string(), version, migrations.size())};
    for (size_t i = static_cast<size_t>(version); i < migrations.size(); ++i)
      if (sqlite3_exec(handle, std::string(migrations[i]).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return database.failure(fmt::format("migrate {} to schema {}", path.string(), i + 1));
    TRY(database.execute(fmt::format("PRAGMA user_version={}", migrations.size())));
    return {};
  });
  if (!migrated) return migrated.error();
  return database;
}

Result<Database> Database::open_for_reading(const std::filesystem::path& path) {
  if (access(path.c_str(), R_OK) != 0)
    return errno == ENOENT ? Error{Kind::not_found, fmt::format("there is no state file {}", path.string())}
                           : system_error("read", path, errno);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  Database database{handle};
  if (opened != SQLITE_OK) return database.failure("open " + path.string());
  sqlite3_busy_timeout(handle, 10'000);
  return database;
}

Result<sqlite3_stmt*> Database::compiled(std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second.get();
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &raw, nullptr) != SQLITE_OK)
    return failure(sql);
  statements_.emplace(sql, raw);
  return raw;
}

Result<std::vector<Row>> Database::query(std::string_view sql, const std::vector<Value>& values) {
  sqlite3_stmt* raw = TRY(compiled(sql));
  const std::unique_ptr<sqlite3_stmt, Resetter> in_use{raw};
  for (size_t i = 0; i < values.size(); ++i) bind(raw, static_cast<int>(i + 1), values[i]);
  std::vector<Row> rows;
  for (;;) {
    const int step = sqlite3_step(raw);
    if (step == SQLITE_DONE) return rows;
    if (step != SQLITE_ROW) return failure(sql);
    std::vector<Value> row;
    for (int i = 0; i < sqlite3_column_count(raw); ++i) row.push_back(column(raw, i));
    rows.emplace_back(std::move(row));
  }
}

Result<int64_t> Database::execute(std::string_view sql, const std::vector<Value>& values) {
  TRY(query(sql, values));
  return int64_t{sqlite3_changes64(handle_.get())};
}

Result<void> Database::transaction(const std::function<Result<void>()>& body) {
  if (depth_ > 0) return body();  // the outermost one commits
  TRY(execute("BEGIN IMMEDIATE"));
  ++depth_;
  Result<void> done;
  try {
    done = body();
  } catch (...) {
    --depth_;
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
  --depth_;
  if (done) {
    if (auto committed = execute("COMMIT"); !committed) done = committed.error();
  }
  if (!done) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return done;
}

}  // namespace spillway::store
