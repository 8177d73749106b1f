// See sqlite.h.
#include "sqlite.h"

#include <fmt/format.h>
#include <fmt/std.h>

namespace payments::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

[[noreturn]] void fail_with(sqlite3* database) {
  throw Error(sqlite3_extended_errcode(database),
              fmt::format("SQLite: {}", sqlite3_errmsg(database)));
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view& sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int result =
      sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, &rest);
  statement_.reset(statement);
  if (result != SQLITE_OK) fail_with(database);
  sql.remove_prefix(static_cast<std::size_t>(rest - sql.data()));
}

bool Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: fail();
  }
}

void Statement::run() {
  while (step()) {
  }
  sqlite3_reset(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text == nullptr ? "" : text;
}

void Statement::bind_one(int index, std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), index, value) != SQLITE_OK) fail();
}

void Statement::bind_one(int index, std::string_view value) {
  if (sqlite3_bind_text(statement_.get(), index, value.data(), static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK) {
    fail();
  }
}

void Statement::bind_one(int index, std::optional<std::int64_t> value) {
  if (value) return bind_one(index, *value);
  if (sqlite3_bind_null(statement_.get(), index) != SQLITE_OK) fail();
}

/// Leaves the statement reset, so that the transaction can be rolled back.
void Statement::fail() {
  sqlite3* const database = sqlite3_db_handle(statement_.get());
  const Error error(sqlite3_extended_errcode(database),
                    fmt::format("SQLite: {}", sqlite3_errmsg(database)));
  sqlite3_reset(statement_.get());
  throw error;
}

Database::Database(const std::filesystem::path& file, Mode mode) {
  const int flags = SQLITE_OPEN_READWRITE | (mode == Mode::Create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
  database_.reset(database);
  if (result != SQLITE_OK) {
    throw Error(result, fmt::format("{}: {}", file.string(), sqlite3_errmsg(database)));
  }
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
}

void Database::run(const char* script) {
  if (sqlite3_exec(database_.get(), script, nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail_with(database_.get());
  }
}

void Database::query(std::string_view script, const std::function<void(const Statement&)>& row) {
  while (!script.empty()) {
    Statement statement(database_.get(), script);
    if (statement.is_empty()) continue;
    while (statement.step()) row(statement);
  }
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!is_open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const Error&) {
    // SQLite has rolled back by itself.
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  is_open_ = false;
}

}  // namespace payments::sqlite
