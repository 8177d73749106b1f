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
/// answered or it is lost. Levels of one re-entered grant have the same token, and are
/// lost together.
class Holds {
 public:
  using HoldPtr = std::shared_ptr<Hold>;

  /// Adds a hold; `lease_until` is Time::never() if it has no lease of its own.
  void add(HoldPtr hold, base::Time lease_until);
  /// One of those with the token; null if there is none.
  HoldPtr find(std::uint64_t token) const;
  bool contains(const HoldPtr& hold) const;
  /// Moves the end of the lease of all with the token.
  void set_lease(std::uint64_t token, base::Time until);
  /// All with the old token have the new one from now on.
  void change_token(std::uint64_t old_token, std::uint64_t new_token);
  /// Forgets it: it was released.
  void remove(const HoldPtr& hold);

  /// Forgets all with the token and fires their alarms, but for those that their owner has
  /// released already.
  void lose(std::uint64_t token, const Loss& loss);
  void lose_all(const Loss& loss);
  /// Loses those whose lease is over.
  void lose_expired(base::Time now);
  /// Tells the holders that they are asked to leave.
  void ask(std::uint64_t token, const Revocation& revocation);

  /// When the next lease is over.
  base::Time next_deadline() const;
  bool empty() const { return by_token_.empty(); }
  std::vector<std::uint64_t> tokens() const;

 private:
  using Levels = std::vector<HoldPtr>;
  Levels levels(std::uint64_t token) const;

  absl::flat_hash_map<std::uint64_t, Levels> by_token_;
  absl::btree_set<std::pair<base::Time, std::uint64_t>> leases_;  ///< one a token
};

}  // namespace turnstile::client
