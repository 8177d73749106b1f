// What the naive model knows, as plain lists, and what can be read off them.
//
// Nothing here is derived and kept: who stands in whose way, which keys are shut
// and how many permits are out is found each time by a look at all there is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"

namespace checker {

/// What a name is the name of.
enum class Realm : std::uint8_t { Lock, Semaphore, Election };

/// A request for keys, while it waits and while it holds. Times are in microseconds.
struct ModelClaim {
  std::uint64_t id = 0;     ///< index of its entry
  std::uint64_t token = 0;  ///< 0 while it waits
  Realm realm = Realm::Lock;
  std::vector<command::KeyMode> keys;
  command::Origin origin;
  std::uint64_t request = 0;
  std::string ticket;
  std::uint8_t priority = 0;
  std::string owner;
  std::string agent;
  command::OnLoss on_loss;
  std::int64_t permits = 1;
  std::string value;
  std::optional<std::int64_t> lease;

  // While it waits.
  std::int64_t virtual_arrival = 0;
  std::int64_t asked = 0;  ///< when it was asked for last
  std::int64_t give_up = 0;
  std::uint64_t upgrades = 0;  ///< id of the claim of whose hold it wants more
  std::optional<std::int64_t> grace;
  std::optional<std::int64_t> cut_off;
  std::set<std::uint64_t> told;  ///< ids of those that were asked to leave

  // While it holds.
  std::optional<std::int64_t> lease_end;
  std::int64_t entries = 1;

  bool waits() const { return token == 0; }
  bool may_shut() const { return on_loss.kind != command::OnLoss::Kind::Free; }
  /// Null if it is not about the key.
  const command::KeyMode* on(const std::string& key) const {
    for (const auto& k : keys) {
      if (k.key == key) return &k;
    }
    return nullptr;
  }
  bool is_about(Realm r, const std::string& key) const { return realm == r && on(key) != nullptr; }
  /// Virtual arrival, then index.
  std::pair<std::int64_t, std::uint64_t> place() const { return {virtual_arrival, id}; }
};

/// An answer that a repeat must get: the reply, of a grant its token, of a wait its claim.
struct ModelAnswer {
  std::uint64_t print = 0;  ///< of what was asked
  command::Reply reply;
};

struct ModelSession {
  std::uint64_t id = 0;
  std::string user;
  std::int64_t ttl = 0;
  std::int64_t renewed = 0;
  std::map<std::uint64_t, ModelAnswer> kept;
  std::uint64_t forgotten = 0;
};

/// What a lost holder left behind.
struct ModelMark {
  std::uint64_t token = 0;
  std::vector<command::KeyMode> keys;
  std::optional<std::int64_t> until;
};

struct ModelSemaphore {
  std::uint64_t id = 0;
  std::string name;
  std::int64_t limit = 0;
  std::optional<std::int64_t> forget;  ///< none while it is used
};

struct ModelState {
  std::int64_t now = 0;
  command::Rules rules;
  bool is_configured = false;
  std::list<ModelSession> sessions;
  std::list<ModelClaim> claims;  ///< by rising id
  std::list<ModelMark> marks;
  std::list<ModelSemaphore> semaphores;
  std::vector<std::pair<std::uint64_t, std::string>> ended;  ///< token, cause

  template <class Predicate>
  std::int64_t count(Predicate&& is_counted) const {
    return std::count_if(claims.begin(), claims.end(), is_counted);
  }
  const ModelSession* find_session(std::uint64_t id) const {
    for (const ModelSession& session : sessions) {
      if (session.id == id) return &session;
    }
    return nullptr;
  }
  const ModelClaim* find_claim(std::uint64_t id) const {
    for (const ModelClaim& claim : claims) {
      if (claim.id == id) return &claim;
    }
    return nullptr;
  }
  const ModelSemaphore* find_semaphore(const std::string& name) const {
    for (const ModelSemaphore& semaphore : semaphores) {
      if (semaphore.name == name) return &semaphore;
    }
    return nullptr;
  }
  bool is_shut(const std::string& key) const {
    return std::any_of(marks.begin(), marks.end(), [&](const ModelMark& mark) {
      return std::any_of(mark.keys.begin(), mark.keys.end(),
                         [&](const auto& k) { return k.key == key; });
    });
  }
  /// Who wants a shut key reserves nothing and gets nothing.
  bool is_shut_out(const ModelClaim& claim) const {
    return claim.realm == Realm::Lock && !marks.empty() &&
           std::any_of(claim.keys.begin(), claim.keys.end(),
                       [&](const auto& k) { return is_shut(k.key); });
  }
  std::int64_t permits_out(const std::string& semaphore) const {
    std::int64_t out = 0;
    for (const ModelClaim& claim : claims) {
      if (!claim.waits() && claim.is_about(Realm::Semaphore, semaphore)) out += claim.permits;
    }
    return out;
  }

  static bool conflict(const ModelClaim& a, const ModelClaim& b) {
    if (a.realm != b.realm) return false;
    for (const auto& x : a.keys) {
      for (const auto& y : b.keys) {
        if (x.key == y.key && !(x.shared && y.shared)) return true;
      }
    }
    return false;
  }
  /// The holders that must leave before the waiter can have its keys. Permits have none: any will
  /// do.
  std::vector<const ModelClaim*> holders_in_the_way(const ModelClaim& waiter) const {
    std::vector<const ModelClaim*> holders;
    for (const ModelClaim& other : claims) {
      const bool is_in_the_way = !other.waits() && other.id != waiter.upgrades &&
                                 waiter.realm != Realm::Semaphore && conflict(other, waiter);
      if (is_in_the_way) holders.push_back(&other);
    }
    return holders;
  }
  /// L1 and L6: by a mark, by a holder, by a conflicting waiter that comes before, or for want of
  /// permits.
  bool is_obstructed(const ModelClaim& claim) const {
    if (is_shut_out(claim) || !holders_in_the_way(claim).empty()) return true;
    for (const ModelClaim& other : claims) {
      const bool comes_before = other.waits() && other.id != claim.id && conflict(other, claim) &&
                                other.place() < claim.place();
      if (comes_before && !is_shut_out(other)) return true;
    }
    if (claim.realm != Realm::Semaphore) return false;
    const std::string& name = claim.keys.front().key;
    return permits_out(name) + claim.permits > find_semaphore(name)->limit;
  }
  /// L9: it is the first on all its keys, and whoever is in its way has a lower priority.
  bool may_preempt(const ModelClaim& waiter) const {
    if (!waiter.waits() || !waiter.grace || is_shut_out(waiter)) return false;
    for (const ModelClaim& other : claims) {
      if (!other.waits() || other.realm != waiter.realm || is_shut_out(other)) continue;
      const bool meets = std::any_of(waiter.keys.begin(), waiter.keys.end(),
                                     [&](const auto& k) { return other.on(k.key) != nullptr; });
      if (meets && other.place() < waiter.place()) return false;
    }
    const auto holders = holders_in_the_way(waiter);
    return std::all_of(holders.begin(), holders.end(),
                       [&](const ModelClaim* h) { return h->priority < waiter.priority; });
  }
};

}  // namespace checker
