#include "store/database.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/ids.h"

namespace spillway::store {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::path file_ = folder_ / "state.db";
};

TEST_F(DatabaseTest, KeepsValuesAndMigratesOnce) {
  {
    Database db = *Database::open(file_, {"CREATE TABLE t(a INTEGER, b TEXT)"});
    EXPECT_EQ(
        *db.execute("INSERT INTO t VALUES(?, ?), (?, NULL)", {int64_t{7}, "x'; DROP TABLE t;--", int64_t{8}}),
        2);
  }
  Database db =
      *Database::open(file_, {"CREATE TABLE t(a INTEGER, b TEXT)", "ALTER TABLE t ADD COLUMN c TEXT"});
  const auto rows = *db.query("SELECT a, b, c FROM t ORDER BY a");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].integer(0), 7);
  EXPECT_EQ(rows[0].text(1), "x'; DROP TABLE t;--");
  EXPECT_TRUE(rows[1].is_null(1));
}

TEST_F(DatabaseTest, RollsBackWhatFails) {
  Database db = *Database::open(file_, {"CREATE TABLE t(a INTEGER)"});
  const auto failed = db.transaction([&]() -> Result<void> {
    TRY(db.execute("INSERT INTO t VALUES(1)"));
    return db.transaction([&]() -> Result<void> { return Error{Kind::io, "cut"}; });
  });
  EXPECT_EQ(failed.error().what, "cut");
  EXPECT_EQ(db.query("SELECT count(*) FROM t")->front().integer(0), 0);
  EXPECT_TRUE(db.transaction(
      [&]() -> Result<void> { return TRY(db.execute("INSERT INTO t VALUES(1)")), Result<void>{}; }));
  EXPECT_EQ(db.query("SELECT count(*) FROM t")->front().integer(0), 1);
}

TEST_F(DatabaseTest, RefusesWhatItCannotTrust) {
  ASSERT_TRUE(write_file_atomically(file_, "this is not a database, whatever its name says it is"));
  EXPECT_EQ(Database::open(file_, {}).error().code, "SPW-STORE-001");
  std::filesystem::remove(file_);
  ASSERT_TRUE(Database::open(file_, {"CREATE TABLE a(x)", "CREATE TABLE b(x)"}));
  EXPECT_EQ(Database::open(file_, {"CREATE TABLE a(x)"}).error().code, "SPW-STORE-002");
  EXPECT_EQ(Database::open_for_reading(folder_ / "none").error().kind, Kind::not_found);
  EXPECT_FALSE(Database::open(folder_ / "no" / "such" / "folder", {}));
}

TEST_F(DatabaseTest, ReadersSeeWhatIsCommitted) {
  Database writer = *Database::open(file_, {"CREATE TABLE t(a INTEGER)"});
  Database reader = *Database::open_for_reading(file_);
  ASSERT_TRUE(writer.execute("INSERT INTO t VALUES(5)"));
  EXPECT_EQ(reader.query("SELECT a FROM t")->front().integer(0), 5);
  EXPECT_EQ(reader.execute("INSERT INTO t VALUES(6)").error().kind, Kind::denied);
}

}  // namespace
}  // namespace spillway::store
