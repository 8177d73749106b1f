// The way of a token into a database: what to execute, with which parameters, and
// what to make of the outcome. docs/fencing.md says why, and has the table.
//
//     turnstile::FencedGuard guard(client, {"account/7"});
//     begin();
//     guard.fence().show(turnstile::Sql::Sqlite, execute);   // before the read …
//     read();
//     commit();
//     begin();
//     guard.fence().show(turnstile::Sql::Sqlite, execute);   // … and before the write
//     write();
//     commit();
//
// `execute` is the caller's: this library knows no database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"

namespace turnstile {

/// How a database writes the parameters of a statement: ?1 or $1.
enum class Sql { Sqlite, Postgresql };

/// What is to be shown to a database for one grant: its token, for each of its keys. A plain
/// value; it holds nothing. Only for keys that are held exclusively: who shares a key writes
/// nothing, and needs no fence.
class Fence {
 public:
  struct Row {
    std::string resource;    ///< the key
    std::int64_t token = 0;  ///< below 2^53
  };

  Fence(std::uint64_t token, std::vector<std::string> keys);
  explicit Fence(const Grant& grant) : Fence(grant.token(), grant.keys()) {}

  /// The parameters, one execution of statement() for each; sorted by resource, so that two
  /// transactions cannot block each other crosswise.
  const std::vector<Row>& rows() const noexcept { return rows_; }

  /// Remembers ?2 ($2) as the greatest token of the resource ?1 ($1) and touches one row, or
  /// touches none if a greater one is remembered. Lives as long as the program.
  static std::string_view statement(Sql sql) noexcept;

  /// The table that it needs, made if there is none. fence.sql in examples/payments adds
  /// triggers that hold everybody to the rule.
  static std::string_view table(Sql sql) noexcept;

  /// Throws Stale if a statement touched no row. Then the transaction is to be rolled back; the
  /// token will never be good again.
  static void require(const Row& row, std::int64_t touched);
  static Result<bool> try_require(const Row& row, std::int64_t touched);

  /// Executes statement() for each row: `execute(std::string_view statement, const Row& row)` is
  /// to return how many rows it touched. Throws Stale, and what `execute` throws.
  template <class Execute>
  void show(Sql sql, Execute&& execute) const {
    try_show(sql, std::forward<Execute>(execute)).value();
  }
  template <class Execute>
  Result<bool> try_show(Sql sql, Execute&& execute) const {
    for (const Row& row : rows_) {
      if (auto passed = try_require(row, execute(statement(sql), row)); !passed) return passed;
    }
    return true;
  }

 private:
  std::vector<Row> rows_;
};

/// Holds a lock while it lives, and has the fence for it. To be used by one thread.
class FencedGuard {
 public:
  /// Acquires the keys. Throws as Client::lock_all().
  FencedGuard(Client& client, std::vector<Key> keys, AcquireOptions options = {})
      : FencedGuard(client.lock_all(std::move(keys), std::move(options))) {}

  /// Takes a grant over.
  explicit FencedGuard(Grant grant) : grant_(std::move(grant)) {}

  /// Locks a Mutex, ReentrantMutex or UpgradeMutex, as std::lock_guard does; it must live
  /// longer. Throws as its lock().
  template <class AnyMutex>
  explicit FencedGuard(AnyMutex& mutex) {
    mutex.lock();
    unlock_ = [&mutex] { mutex.unlock(); };
    mutex_fence_ = [&mutex] { return Fence(mutex.token(), {mutex.key()}); };
  }

  FencedGuard(const FencedGuard&) = delete;
  FencedGuard& operator=(const FencedGuard&) = delete;
  ~FencedGuard() {
    if (unlock_) unlock_();
  }

  /// For the token as it is now: an upgrade changes it.
  Fence fence() const { return mutex_fence_ ? mutex_fence_() : Fence(grant_); }

  /// Empty if this guard locks a mutex.
  Grant& grant() noexcept { return grant_; }
  const Grant& grant() const noexcept { return grant_; }

 private:
  Grant grant_;
  std::function<void()> unlock_;
  std::function<Fence()> mutex_fence_;
};

}  // namespace turnstile
