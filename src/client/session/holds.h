// All that a client holds now, by token, and the moments when leases end.
#pragma once

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/time.h"
#include "client/session/hold.h"

namespace turnstile::client {

/// Belongs to the conversation's thread. A hold stays here until its release is
/// answered or it is lost.
class Holds {
 public:
  /// Adds a hold; `lease_until` is Time::never() if it has no lease of its own.
  void add(std::shared_ptr<Hold> hold, base::Time lease_until);
  /// Null if there is none.
  std::shared_ptr<Hold> find(std::uint64_t token) const;
  /// Moves the end of its lease. Does nothing if it is not here.
  void set_lease(const std::shared_ptr<Hold>& hold, base::Time until);
  /// Forgets it: it was released.
  void remove(std::uint64_t token);

  /// Forgets it and fires its stop token, unless its owner has released it already.
  void lose(std::uint64_t token);
  void lose_all();
  /// Loses those whose lease is over.
  void lose_expired(base::Time now);

  /// When the next lease is over.
  base::Time next_deadline() const;
  bool empty() const { return by_token_.empty(); }
  std::vector<std::uint64_t> tokens() const;

 private:
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<Hold>> by_token_;
  absl::btree_set<std::pair<base::Time, std::uint64_t>> leases_;
};

}  // namespace turnstile::client
