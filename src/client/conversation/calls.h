// The calls whose callers still wait, and how long each of them will.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/conversation/operation.h"

namespace turnstile::client {

/// Knows every operation that has a `done`, from start to finish. Not thread-safe.
class Calls {
 public:
  /// `patience`: how long a caller bears that no server is there.
  explicit Calls(base::Duration patience) : patience_(patience) {}

  /// Sets started, id and give_up_at.
  void add(base::Time now, const OperationPtr& operation);

  /// Tells the caller, if he still waits, and forgets the call.
  void finish(const OperationPtr& operation, Outcome outcome);
  void fail(const OperationPtr& operation, Error error);

  /// Those whose callers wait no longer: their time is over, or no server was there for
  /// too long. `away_since` is Time::never() while one is there. They remain until finished.
  /// Those that are owed are never among them.
  std::vector<OperationPtr> overdue(base::Time now, base::Time away_since) const;

  /// When overdue() will next have something to say.
  base::Time next_deadline(base::Time away_since) const;

  std::vector<OperationPtr> all() const;
  base::Duration patience() const { return patience_; }

 private:
  base::Time bears_until(const Operation& operation, base::Time away_since) const;

  base::Duration patience_;
  std::uint64_t last_id_ = 0;
  absl::btree_map<std::uint64_t, OperationPtr> by_id_;  // and so by the time of their start
  absl::btree_set<std::pair<base::Time, std::uint64_t>> by_deadline_;
  absl::btree_map<std::uint64_t, OperationPtr> owed_;  // in neither of the two
};

}  // namespace turnstile::client
