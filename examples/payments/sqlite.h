// As much of SQLite as the demo needs, with destructors and exceptions.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace payments::sqlite {

/// `code` is SQLite's extended result code.
struct Error : std::runtime_error {
  Error(int result, const std::string& what) : std::runtime_error(what), code(result) {}
  int code;
};

/// A prepared statement. Needs its Database alive.
class Statement {
 public:
  /// The first statement of `sql`, which afterwards is what follows it.
  Statement(sqlite3* database, std::string_view& sql);

  /// Starts it anew with these parameters: integers, texts, or nothing (NULL).
  template <class... Values>
  Statement& bind(const Values&... values) {
    sqlite3_reset(statement_.get());
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  /// Goes to the next row; false if there is none. Throws Error.
  bool step();

  /// Runs it to its end and leaves it ready for another bind(). Throws Error.
  void run();

  /// Nothing but blanks and comments.
  bool is_empty() const { return statement_ == nullptr; }

  /// Of the present row.
  int column_count() const { return sqlite3_column_count(statement_.get()); }
  bool is_null(int column) const;
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string text(int column) const;

 private:
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, std::string_view value);
  void bind_one(int index, std::optional<std::int64_t> value);
  [[noreturn]] void fail();

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  /// Opens it for reading and writing: with a write-ahead log, so that readers and the
  /// writer do not hold up each other, and patient with other writers.
  enum class Mode { Open, Create };
  Database(const std::filesystem::path& file, Mode mode);

  /// Runs a script of statements; what they select is not looked at. Throws Error.
  void run(const char* script);

  /// Calls `row(statement)` for every row that the statements of a script select.
  void query(std::string_view script, const std::function<void(const Statement&)>& row);

  Statement prepare(std::string_view sql) { return Statement(database_.get(), sql); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

/// A transaction that writes, from its first moment on: SQLite lets one in at a time.
/// Rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool is_open_ = true;
};

}  // namespace payments::sqlite
