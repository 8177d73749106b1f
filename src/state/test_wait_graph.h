// Who waits for whom, from end to end: the whole graph, without any of the machine's
// short cuts, to judge its verdicts of deadlock by.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "command/entry.h"

namespace state {

/// A request for keys, while it waits and while it holds.
struct ModelClaim {
  std::uint64_t id = 0;     ///< index of its entry
  std::uint64_t token = 0;  ///< 0 while it waits
  command::Origin origin;
  std::uint64_t request = 0;
  std::string ticket;
  command::LockAcquire wanted;
  std::int64_t virtual_arrival = 0;
  std::int64_t asked = 0;  ///< when it was asked for last
  std::int64_t give_up = 0;
  std::optional<std::int64_t> lease_end;
};

/// Virtual arrival, then index.
inline std::pair<std::int64_t, std::uint64_t> place_of(const ModelClaim& claim) {
  return {claim.virtual_arrival, claim.id};
}

class WaitGraph {
 public:
  explicit WaitGraph(const std::list<ModelClaim>& claims) : claims_(claims) {}

  /// Who waits and holds as one; empty: nobody.
  std::string agent_of(const ModelClaim& claim) const {
    const auto& o = claim.origin;
    if (o.session == 0) return "";
    const auto unnamed = [&](const ModelClaim& c) {
      return c.token == 0 && c.origin.session == o.session && c.wanted.agent.empty();
    };
    if (claim.wanted.agent.empty() && std::count_if(claims_.begin(), claims_.end(), unnamed) > 1)
      return "";
    return fmt::format("{}/{}", o.session, claim.wanted.agent);
  }
  static const command::KeyMode* mode_on(const ModelClaim& claim, const std::string& key) {
    for (const auto& k : claim.wanted.keys) {
      if (k.key == key) return &k;
    }
    return nullptr;
  }
  bool waits_for_itself(const ModelClaim& waiter, const std::string& key) const {
    return std::any_of(claims_.begin(), claims_.end(), [&](const ModelClaim& c) {
      const auto* held = c.token == 0 ? nullptr : mode_on(c, key);
      return held != nullptr && !held->shared && !agent_of(c).empty() &&
             agent_of(c) == agent_of(waiter);
    });
  }
  /// The agents that must leave this key before the waiter can have it.
  void add_obstacles(const ModelClaim& waiter, const std::string& key, bool shared,
                     std::set<std::string>& agents) const {
    for (const ModelClaim& other : claims_) {
      const auto* mode = mode_on(other, key);
      if (mode == nullptr || other.id == waiter.id || (shared && mode->shared)) continue;
      if (other.token == 0 && place_of(other) > place_of(waiter)) continue;
      if (!agent_of(other).empty()) agents.insert(agent_of(other));
      const bool is_passed = other.token == 0 && !mode->shared &&
                             (agent_of(other).empty() || waits_for_itself(other, key));
      if (is_passed) add_obstacles(other, key, false, agents);
    }
  }
  std::set<std::string> obstacles(const ModelClaim& waiter) const {
    std::set<std::string> agents;
    for (const auto& k : waiter.wanted.keys) {
      if (!waits_for_itself(waiter, k.key)) add_obstacles(waiter, k.key, k.shared, agents);
    }
    agents.erase(agent_of(waiter));
    return agents;
  }
  /// Whether `from` waits for `to`, over however many, by waits that `counts` says yes to.
  template <class Counts>
  bool reaches(std::set<std::string> open, const std::string& to, Counts&& counts) const {
    std::set<std::string> seen;
    while (!open.empty()) {
      const std::string agent = *open.begin();
      open.erase(open.begin());
      if (agent == to) return true;
      if (!seen.insert(agent).second) continue;
      for (const ModelClaim& c : claims_) {
        if (c.token == 0 && agent_of(c) == agent && counts(c)) open.merge(obstacles(c));
      }
    }
    return false;
  }
  std::vector<std::uint64_t> all_stuck() const {
    std::vector<std::uint64_t> stuck;
    for (const ModelClaim& c : claims_) {
      if (c.token != 0 || agent_of(c).empty()) continue;
      if (reaches(obstacles(c), agent_of(c), [](const ModelClaim&) { return true; })) {
        stuck.push_back(c.id);
      }
    }
    return stuck;
  }

 private:
  const std::list<ModelClaim>& claims_;
};

}  // namespace state
