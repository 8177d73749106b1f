// What the naive model knows, as plain lists, and what can be read off them.
//
// Nothing here is derived and kept: who stands in whose way, which keys are shut
// and how many permits are out is found each time by a look at all who have to do
// with the name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checker/model_claims.h"
#include "command/entry.h"
#include "command/reply.h"

namespace checker {

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
  command::KeyModes keys;
  std::optional<std::int64_t> until;
};

struct ModelSemaphore {
  std::uint64_t id = 0;
  std::string name;
  std::int64_t limit = 0;
  std::optional<std::int64_t> forget;  ///< none while it is used
};

/// The grants that have ended last, and how.
class ModelEnds {
 public:
  void add(std::uint64_t token, std::string cause, std::size_t max) {
    tokens_.push_back(token);
    causes_[token] = std::move(cause);
    for (; tokens_.size() > max; tokens_.pop_front()) causes_.erase(tokens_.front());
  }
  std::string cause_of(std::uint64_t token) const {
    const auto it = causes_.find(token);
    return it == causes_.end() ? "unknown" : it->second;
  }

 private:
  std::deque<std::uint64_t> tokens_;
  absl::flat_hash_map<std::uint64_t, std::string> causes_;
};

struct ModelState {
  std::int64_t now = 0;
  command::Rules rules;
  bool is_configured = false;
  std::map<std::uint64_t, ModelSession> sessions;
  ModelClaims claims;
  std::list<ModelMark> marks;
  std::list<ModelSemaphore> semaphores;
  ModelEnds ended;

  template <class Predicate>
  std::int64_t count(Predicate&& is_counted) const {
    return std::count_if(claims.begin(), claims.end(), is_counted);
  }
  const ModelSession* find_session(std::uint64_t id) const {
    const auto it = sessions.find(id);
    return it == sessions.end() ? nullptr : &it->second;
  }
  const ModelSemaphore* find_semaphore(std::string_view name) const {
    for (const ModelSemaphore& semaphore : semaphores) {
      if (semaphore.name == name) return &semaphore;
    }
    return nullptr;
  }
  bool is_shut(std::string_view key) const {
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
  std::int64_t permits_out(std::string_view semaphore) const {
    std::int64_t out = 0;
    for (const ModelClaim* claim : claims.about(Realm::Semaphore, semaphore)) {
      if (!claim->waits()) out += claim->permits;
    }
    return out;
  }

  /// Whether somebody who wants one of its keys, and not both to share it, fulfils the condition.
  template <class Predicate>
  bool any_in_conflict(const ModelClaim& claim, Predicate&& is_meant) const {
    return std::any_of(claim.keys.begin(), claim.keys.end(), [&](const command::KeyMode& wanted) {
      const auto& others = claims.about(claim.realm, wanted.key);
      return std::any_of(others.begin(), others.end(), [&](const ModelClaim* other) {
        if (other->id == claim.id || (wanted.shared && other->on(wanted.key)->shared)) return false;
        return is_meant(*other);
      });
    });
  }
  /// The holders that must leave before the waiter can have its keys, by rising id. Permits have
  /// none: any will do.
  std::vector<const ModelClaim*> holders_in_the_way(const ModelClaim& waiter) const {
    std::vector<const ModelClaim*> holders;
    if (waiter.realm == Realm::Semaphore) return holders;
    any_in_conflict(waiter, [&](const ModelClaim& other) {
      if (holds_against(other, waiter)) holders.push_back(&other);
      return false;
    });
    std::sort(holders.begin(), holders.end(), [](auto* a, auto* b) { return a->id < b->id; });
    holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
    return holders;
  }
  /// L1 and L6: by a mark, by a holder, by a conflicting waiter that comes before, or for want of
  /// permits.
  bool is_obstructed(const ModelClaim& claim) const {
    if (is_shut_out(claim)) return true;
    const bool is_permit = claim.realm == Realm::Semaphore;
    const bool is_stopped = any_in_conflict(claim, [&](const ModelClaim& other) {
      if (!other.waits()) return !is_permit && holds_against(other, claim);
      return other.place() < claim.place() && !is_shut_out(other);
    });
    if (is_stopped || !is_permit) return is_stopped;
    const std::string_view name = claim.keys.front().key;
    return permits_out(name) + claim.permits > find_semaphore(name)->limit;
  }
  /// L9: it is the first on all its keys, and whoever is in its way has a lower priority.
  bool may_preempt(const ModelClaim& waiter) const {
    if (!waiter.waits() || !waiter.grace || is_shut_out(waiter)) return false;
    for (const command::KeyMode& wanted : waiter.keys) {
      const auto& others = claims.about(waiter.realm, wanted.key);
      const bool is_first = std::none_of(others.begin(), others.end(), [&](auto* other) {
        return other->waits() && other->place() < waiter.place() && !is_shut_out(*other);
      });
      if (!is_first) return false;
    }
    const auto holders = holders_in_the_way(waiter);
    return std::all_of(holders.begin(), holders.end(),
                       [&](const ModelClaim* h) { return h->priority < waiter.priority; });
  }

 private:
  static bool holds_against(const ModelClaim& holder, const ModelClaim& waiter) {
    return !holder.waits() && holder.id != waiter.upgrades;
  }
};

}  // namespace checker
