// The statements of the fence.
#include "turnstile/fenced_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace turnstile {

Fence::Fence(std::uint64_t token, std::vector<std::string> keys) {
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
  for (std::string& key : keys) rows_.push_back({std::move(key), static_cast<std::int64_t>(token)});
}

std::string_view Fence::statement(Sql sql) noexcept {
  switch (sql) {
    case Sql::Sqlite:
      return "INSERT INTO fence (resource, token) VALUES (?1, ?2) "
             "ON CONFLICT (resource) DO UPDATE SET token = excluded.token "
             "WHERE fence.token <= excluded.token";
    case Sql::Postgresql:
      return "INSERT INTO fence (resource, token) VALUES ($1, $2) "
             "ON CONFLICT (resource) DO UPDATE SET token = excluded.token "
             "WHERE fence.token <= excluded.token";
  }
  return {};
}

std::string_view Fence::table(Sql sql) noexcept {
  switch (sql) {
    case Sql::Sqlite:
      return "CREATE TABLE IF NOT EXISTS fence "
             "(resource TEXT PRIMARY KEY, token INTEGER NOT NULL) WITHOUT ROWID";
    case Sql::Postgresql:
      return "CREATE TABLE IF NOT EXISTS fence "
             "(resource text PRIMARY KEY, token bigint NOT NULL)";
  }
  return {};
}

Result<bool> Fence::try_require(const Row& row, std::int64_t touched) {
  if (row.token == 0) {
    return Error(ErrorCode::Stale,
                 fmt::format("STALE there is no token for '{}': it is not held", row.resource));
  }
  if (touched > 0) return true;
  return Error(ErrorCode::Stale,
               fmt::format("STALE the database has seen a greater token than {} for '{}': the "
                           "lock was lost and somebody else has it",
                           row.token, row.resource));
}

void Fence::require(const Row& row, std::int64_t touched) { try_require(row, touched).value(); }

}  // namespace turnstile
