#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace spillway::store {

using Value = std::variant<std::nullptr_t, int64_t, std::string>;

/// One row of an answer; a column of another type reads as 0 or "".
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  int64_t integer(size_t column) const;
  const std::string& text(size_t column) const;
  bool is_null(size_t column) const;

 private:
  std::vector<Value> values_;
};

/// A SQLite file in WAL mode with every commit synced, so that what was journaled survives a power cut.
/// Not for several threads at once; several processes may read while one writes.
class Database {
 public:
  /// Opens or creates `path` and brings its schema up to date: migration i takes it from version i to i + 1,
  /// each in one transaction. Errors: invalid (not a database, or written by a newer Spillway), denied, io;
  /// SPW-STORE-001, -002.
  static Result<Database> open(const std::filesystem::path& path,
                               const std::vector<std::string_view>& migrations);
  /// Opens an existing file for reading only. Errors: not_found, denied, io.
  static Result<Database> open_for_reading(const std::filesystem::path& path);

  /// Stands where nothing is stored; not to be used.
  static Database none() { return Database{nullptr}; }
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// `sql` is compiled once and kept, so it holds no values of its own.
  Result<std::vector<Row>> query(std::string_view sql, const std::vector<Value>& values = {});
  /// Runs a statement that answers nothing; returns the number of rows it changed.
  Result<int64_t> execute(std::string_view sql, const std::vector<Value>& values = {});
  /// All of `body` or nothing: committed when it succeeds, rolled back when it returns an error. May be
  /// nested.
  Result<void> transaction(const std::function<Result<void>()>& body);

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Error failure(std::string_view doing) const;
  Result<sqlite3_stmt*> compiled(std::string_view sql);

  std::unique_ptr<sqlite3, Closer> handle_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Closer>, std::less<>> statements_;
  int depth_ = 0;
};

}  // namespace spillway::store
