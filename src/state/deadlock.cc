// Finding, breaking and explaining deadlocks. deadlock.h says how.
#include "state/deadlock.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::KeyMode;
using command::quoted;

/// One look at a state that does not change meanwhile.
class DeadlockSearch {
 public:
  explicit DeadlockSearch(const Machine& machine) : machine_(machine) {}

  std::optional<Cycle> find(const Agent& start);

 private:
  enum class Finding : std::uint8_t { Nothing, Found, Undecided };
  using Edges = absl::flat_hash_map<Agent, WaitEdge>;

  // What one agent waits for, and what waits for it. `visit(edge)` answers whether to go on.
  template <class Visit>
  bool each_obstacle(const Agent& agent, Visit&& visit);
  template <class Visit>
  bool each_obstacle(const Waiter& waiter, const KeyMode& wanted, Visit&& visit) const;
  template <class Visit>
  bool each_dependent(const Agent& agent, Visit&& visit);
  template <class Visit>
  bool each_dependent(const Claim& claim, const KeyMode& mode, const Grant* grant,
                      const Waiter* waiter, Visit&& visit) const;
  template <class Visit>
  bool each_waiter(const Agent& agent, Visit&& visit) const;
  template <class Visit>
  bool each_grant(const Agent& agent, Visit&& visit);

  /// Whether the waiter's own agent holds the key. Then the wait there does not count, nor who
  /// stands between the two.
  bool waits_for_itself(const Key& key, const Waiter& waiter) const {
    return key.exclusive && agent_of(*machine_.grants_.at(key.holders.front())) == agent_of(waiter);
  }
  bool is_somebody(const Agent& agent) const { return machine_.is_somebody(agent); }
  Finding search_forward(const Agent& start, std::size_t budget);
  Finding search_backward(const Agent& start, std::size_t budget);
  bool may_spend() { return ++spent_ <= budget_; }
  void shorten();

  // For permits.
  bool needs_proof() const;
  bool prove(const Agent& start);
  bool is_stuck(const Agent& agent) const { return stuck_.contains(agent); }
  bool may_go(const Waiter& waiter) const;
  bool fits_without_the_free(const Waiter& waiter, const KeyMode& wanted) const;

  const Machine& machine_;
  std::size_t budget_ = 0;
  std::size_t spent_ = 0;
  Cycle cycle_;
  absl::flat_hash_set<Agent> stuck_;
};

// --- edges

template <class Visit>
bool DeadlockSearch::each_waiter(const Agent& agent, Visit&& visit) const {
  if (!is_somebody(agent)) return true;
  const Session& session = machine_.sessions_.at(agent.session);
  const auto claims = session.agents.find(agent.name);
  if (claims == session.agents.end()) return true;
  const auto& ids = claims->second.waiters;
  return std::all_of(ids.begin(), ids.end(), [&](std::uint64_t id) {
    const Waiter& waiter = *machine_.waiters_.at(id);
    return waiter.parked || visit(waiter);
  });
}

/// Grants without an agent's name are not filed by it, and so looked for among all of the session.
template <class Visit>
bool DeadlockSearch::each_grant(const Agent& agent, Visit&& visit) {
  if (!is_somebody(agent)) return true;
  const Session& session = machine_.sessions_.at(agent.session);
  const auto visit_token = [&](std::uint64_t token) {
    const Grant& grant = *machine_.grants_.at(token);
    return may_spend() && (grant.agent != agent.name || visit(grant));
  };
  if (agent.name.empty()) {
    return std::all_of(session.grants.begin(), session.grants.end(), visit_token);
  }
  const auto claims = session.agents.find(agent.name);
  if (claims == session.agents.end()) return true;
  const auto& tokens = claims->second.grants;
  return std::all_of(tokens.begin(), tokens.end(), visit_token);
}

template <class Visit>
bool DeadlockSearch::each_obstacle(const Agent& agent, Visit&& visit) {
  return each_waiter(agent, [&](const Waiter& waiter) {
    return std::all_of(waiter.keys.begin(), waiter.keys.end(),
                       [&](const KeyMode& wanted) { return each_obstacle(waiter, wanted, visit); });
  });
}

namespace {

/// The waiter next to the place, of those that whoever stands there conflicts with; none: 0.
std::uint64_t next_before(const Key::Queue& queue, const Place& place, bool is_alone) {
  if (is_alone) {
    const auto it = queue.all.lower_bound(place);
    return it == queue.all.begin() ? 0 : std::prev(it)->second;
  }
  const auto it = queue.exclusive.lower_bound(place);
  return it == queue.exclusive.begin() ? 0 : queue.all.at(*std::prev(it));
}

std::uint64_t next_after(const Key::Queue& queue, const Place& place, bool is_alone) {
  if (is_alone) {
    const auto it = queue.all.upper_bound(place);
    return it == queue.all.end() ? 0 : it->second;
  }
  const auto it = queue.exclusive.upper_bound(place);
  return it == queue.exclusive.end() ? 0 : queue.all.at(*it);
}

constexpr Place kFront{Time::from_us(std::numeric_limits<std::int64_t>::min()), 0};

}  // namespace

/// Back along the queue to the first that conflicts with all before it, or to the holders. Who is
/// nobody, or waits for himself, is passed: what he waits for, so does whoever stands behind him.
template <class Visit>
bool DeadlockSearch::each_obstacle(const Waiter& waiter, const KeyMode& wanted,
                                   Visit&& visit) const {
  const Key& key = machine_.keys_of(waiter.space).at(wanted.key);
  if (waits_for_itself(key, waiter)) return true;
  const Key::Queue& queue = *key.queue;
  WaitEdge edge{agent_of(waiter), &waiter, wanted.key, {}, nullptr, nullptr};
  bool is_alone = !wanted.shared;
  Place place = waiter.place;
  while (const std::uint64_t id = next_before(queue, place, is_alone)) {
    edge.earlier = machine_.waiters_.at(id).get();
    edge.to = agent_of(*edge.earlier);
    if (!visit(edge)) return false;
    place = edge.earlier->place;
    if (!queue.exclusive.contains(place)) continue;
    if (is_somebody(edge.to) && !waits_for_itself(key, *edge.earlier)) return true;
    is_alone = true;
  }
  if (!is_alone && !key.exclusive) return true;
  edge.earlier = nullptr;
  return std::all_of(key.holders.begin(), key.holders.end(), [&](std::uint64_t token) {
    if (token == waiter.upgrades) return true;
    edge.holder = machine_.grants_.at(token).get();
    edge.to = agent_of(*edge.holder);
    return visit(edge);
  });
}

template <class Visit>
bool DeadlockSearch::each_dependent(const Agent& agent, Visit&& visit) {
  const bool go_on = each_grant(agent, [&](const Grant& grant) {
    return std::all_of(grant.keys.begin(), grant.keys.end(), [&](const KeyMode& held) {
      return each_dependent(grant, held, &grant, nullptr, visit);
    });
  });
  return go_on && each_waiter(agent, [&](const Waiter& waiter) {
           return std::all_of(waiter.keys.begin(), waiter.keys.end(), [&](const KeyMode& wanted) {
             return each_dependent(waiter, wanted, nullptr, &waiter, visit);
           });
         });
}

/// On along the queue, from its front or from the waiter, to the first that conflicts with all.
template <class Visit>
bool DeadlockSearch::each_dependent(const Claim& claim, const KeyMode& mode, const Grant* grant,
                                    const Waiter* waiter, Visit&& visit) const {
  const Key& key = machine_.keys_of(claim.space).at(mode.key);
  if (!key.queue) return true;
  const Key::Queue& queue = *key.queue;
  bool is_alone = !mode.shared;
  Place place = waiter == nullptr ? kFront : waiter->place;
  while (const std::uint64_t id = next_after(queue, place, is_alone)) {
    const Waiter& dependent = *machine_.waiters_.at(id);
    place = dependent.place;
    if (grant != nullptr && dependent.upgrades == grant->token) continue;
    const Agent from = agent_of(dependent);
    const bool counts = !waits_for_itself(key, dependent);
    const WaitEdge edge{from, &dependent, mode.key, agent_of(claim), grant, waiter};
    if (counts && !visit(edge)) return false;
    if (!queue.exclusive.contains(place)) continue;
    if (counts && is_somebody(from)) return true;
    is_alone = true;
  }
  return true;
}

// --- the search

DeadlockSearch::Finding DeadlockSearch::search_forward(const Agent& start, std::size_t budget) {
  Edges reached;  // each agent by the edge that led to it first
  std::deque<Agent> open{start};
  std::optional<WaitEdge> closing;
  budget_ = budget;
  spent_ = 0;
  while (!open.empty() && !closing && spent_ <= budget_) {
    const Agent agent = open.front();
    open.pop_front();
    each_obstacle(agent, [&](const WaitEdge& edge) {
      if (edge.to == edge.from || !is_somebody(edge.to)) return may_spend();
      if (edge.to == start) {
        closing = edge;
      } else if (reached.emplace(edge.to, edge).second) {
        open.push_back(edge.to);
      }
      return !closing && may_spend();
    });
  }
  if (!closing) return spent_ > budget_ ? Finding::Undecided : Finding::Nothing;
  cycle_ = {*closing};
  while (cycle_.back().from != start) cycle_.push_back(reached.at(cycle_.back().from));
  std::reverse(cycle_.begin(), cycle_.end());
  return Finding::Found;
}

DeadlockSearch::Finding DeadlockSearch::search_backward(const Agent& start, std::size_t budget) {
  Edges reached;  // each agent by the edge that leads on from it
  std::deque<Agent> open{start};
  std::optional<WaitEdge> closing;
  budget_ = budget;
  spent_ = 0;
  while (!open.empty() && !closing && spent_ <= budget_) {
    const Agent agent = open.front();
    open.pop_front();
    each_dependent(agent, [&](const WaitEdge& edge) {
      if (edge.to == edge.from || !is_somebody(edge.from)) return may_spend();
      if (edge.from == start) {
        closing = edge;
      } else if (reached.emplace(edge.from, edge).second) {
        open.push_back(edge.from);
      }
      return !closing && may_spend();
    });
  }
  if (!closing) return spent_ > budget_ ? Finding::Undecided : Finding::Nothing;
  cycle_ = {*closing};
  while (cycle_.back().to != start) cycle_.push_back(reached.at(cycle_.back().to));
  return Finding::Found;
}

/// Leaves out who only stands in the queue between two that conflict with each other: his leaving
/// would change nothing.
void DeadlockSearch::shorten() {
  for (std::size_t i = 0; i + 1 < cycle_.size();) {
    const WaitEdge& edge = cycle_[i];
    const WaitEdge& next = cycle_[i + 1];
    const bool goes_on = edge.earlier != nullptr && edge.earlier == next.waiter &&
                         edge.key == next.key && edge.waiter->space == Space::Lock;
    const Claim* beyond = next.holder != nullptr ? static_cast<const Claim*>(next.holder)
                                                 : static_cast<const Claim*>(next.earlier);
    const auto shares = [&](const Claim& claim) {
      return std::any_of(claim.keys.begin(), claim.keys.end(),
                         [&](const KeyMode& k) { return k.key == edge.key && k.shared; });
    };
    if (!goes_on || edge.from == next.to || (shares(*edge.waiter) && shares(*beyond))) {
      ++i;
      continue;
    }
    cycle_[i].to = next.to;
    cycle_[i].holder = next.holder;
    cycle_[i].earlier = next.earlier;
    cycle_.erase(cycle_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

std::optional<Cycle> DeadlockSearch::find(const Agent& start) {
  if (!is_somebody(start)) return std::nullopt;
  constexpr std::size_t kFirstBudget = 64;
  Finding finding = Finding::Undecided;
  for (std::size_t budget = kFirstBudget; finding == Finding::Undecided; budget *= 4) {
    finding = search_backward(start, budget);  // who holds nothing that is waited for is soon done
    if (finding == Finding::Undecided) finding = search_forward(start, budget);
  }
  if (finding == Finding::Nothing) return std::nullopt;
  if (needs_proof() && !prove(start)) return std::nullopt;
  shorten();
  return std::move(cycle_);
}

// --- permits

/// Whether the cycle goes through the holder of a permit, whom others may make up for.
bool DeadlockSearch::needs_proof() const {
  return std::any_of(cycle_.begin(), cycle_.end(), [](const WaitEdge& edge) {
    return edge.holder != nullptr && edge.holder->space == Space::Semaphore;
  });
}

/// Lets go whoever does not wait, then who waits for these alone, and so on. Who is left is stuck;
/// if `start` is, the cycle becomes one among those.
bool DeadlockSearch::prove(const Agent& start) {
  std::vector<Agent> all{start};
  stuck_ = {start};
  for (std::size_t i = 0; i < all.size(); ++i) {
    each_obstacle(all[i], [&](const WaitEdge& edge) {
      if (is_somebody(edge.to) && stuck_.insert(edge.to).second) all.push_back(edge.to);
      return true;
    });
  }
  for (bool again = true; again;) {
    again = false;
    for (auto agent = all.rbegin(); agent != all.rend(); ++agent) {
      if (!is_stuck(*agent)) continue;
      if (!each_waiter(*agent, [&](const Waiter& waiter) { return may_go(waiter); })) continue;
      stuck_.erase(*agent);
      again = true;
    }
  }
  if (!is_stuck(start)) return false;
  // Whoever is stuck waits for somebody who is: go on until one comes again.
  cycle_.clear();
  absl::flat_hash_map<Agent, std::size_t> met;
  for (Agent agent = start; !met.contains(agent);) {
    met[agent] = cycle_.size();
    std::optional<WaitEdge> onward;
    each_obstacle(agent, [&](const WaitEdge& edge) {
      if (edge.to == edge.from || !is_stuck(edge.to)) return true;
      if (!onward || edge.to == start) onward = edge;
      return edge.to != start;
    });
    CHECK(onward.has_value());
    cycle_.push_back(*onward);
    agent = onward->to;
    if (const auto it = met.find(agent); it != met.end()) {
      cycle_.erase(cycle_.begin(), cycle_.begin() + static_cast<std::ptrdiff_t>(it->second));
    }
  }
  return true;
}

bool DeadlockSearch::may_go(const Waiter& waiter) const {
  return std::all_of(waiter.keys.begin(), waiter.keys.end(), [&](const KeyMode& wanted) {
    const bool is_obstructed = !each_obstacle(waiter, wanted, [&](const WaitEdge& edge) {
      const bool is_permit = edge.holder != nullptr && waiter.space == Space::Semaphore;
      return is_permit || edge.to == edge.from || !is_stuck(edge.to);
    });
    return !is_obstructed &&
           (waiter.space != Space::Semaphore || fits_without_the_free(waiter, wanted));
  });
}

bool DeadlockSearch::fits_without_the_free(const Waiter& waiter, const KeyMode& wanted) const {
  const Key& key = machine_.keys_of(Space::Semaphore).at(wanted.key);
  std::int64_t stays = 0;
  for (const std::uint64_t token : key.holders) {
    const Grant& grant = *machine_.grants_.at(token);
    const Agent holder = agent_of(grant);
    if (holder != agent_of(waiter) && is_stuck(holder)) stays += grant.permits;
  }
  return stays + waiter.permits <= machine_.limit_of(wanted.key);
}

// --- the machine's side

bool Machine::is_somebody(const Agent& agent) const {
  if (agent.session == 0) return false;
  if (!agent.name.empty()) return true;
  const auto& agents = sessions_.at(agent.session).agents;
  const auto unnamed = agents.find(agent.name);
  return unnamed == agents.end() || unnamed->second.waiters.size() == 1;
}

std::optional<Cycle> Machine::find_deadlock(const Agent& agent) const {
  return DeadlockSearch(*this).find(agent);
}

/// A new edge may lead to or from this claim's agent.
void Machine::suspect(const Claim& claim) {
  if (claim.session == 0) return;
  const auto& agents = sessions_.at(claim.session).agents;
  const auto agent = agents.find(claim.agent);
  if (agent == agents.end() || agent->second.waiters.empty()) return;  // closes no cycle
  suspects_.emplace_back(claim.session, claim.agent);
}

/// Takes one suspect; he stays one until no cycle goes through him.
void Machine::break_deadlock() {
  const auto [session, name] = suspects_.front();
  const bool is_gone = !sessions_.contains(session);
  const auto cycle = is_gone ? std::nullopt : find_deadlock({session, name});
  if (!cycle) {
    suspects_.erase(suspects_.begin());
    return;
  }
  refuse_waiter(victim_of(*cycle), Code::Deadlock, describe_cycle(*cycle));
}

/// The lowest priority, then the youngest.
std::uint64_t Machine::victim_of(const Cycle& cycle) {
  const auto victim =
      std::min_element(cycle.begin(), cycle.end(), [](const WaitEdge& a, const WaitEdge& b) {
        if (a.waiter->priority != b.waiter->priority) {
          return a.waiter->priority < b.waiter->priority;
        }
        return a.waiter->id > b.waiter->id;
      });
  return victim->waiter->id;
}

std::string Machine::describe_agent(const Claim& claim) const {
  std::string text = name_of(claim.session, claim.connection);
  if (!claim.agent.empty()) text = fmt::format("{} of {}", quoted(claim.agent), text);
  return text;
}

/// `"b" is wanted by X (note "…") and held by Y (note "…"); "a" is wanted by Y and held by X`
std::string Machine::describe_cycle(const Cycle& cycle) const {
  constexpr std::size_t kShown = 8;
  std::string text = "waiting would never end: ";
  for (std::size_t i = 0; i < cycle.size() && i < kShown; ++i) {
    const WaitEdge& edge = cycle[i];
    const Claim& blocker = edge.holder != nullptr ? static_cast<const Claim&>(*edge.holder)
                                                  : static_cast<const Claim&>(*edge.earlier);
    const auto note = [](const Claim& claim) {
      return claim.note.empty() ? std::string() : fmt::format(" ({})", quoted(claim.note));
    };
    text += fmt::format("{}{}{} waits for {}, {} {}{}", i == 0 ? "" : "; ",
                        describe_agent(*edge.waiter), note(*edge.waiter), quoted(edge.key),
                        edge.holder != nullptr ? "held by" : "for which comes first",
                        describe_agent(blocker), note(blocker));
  }
  if (cycle.size() > kShown) text += fmt::format("; and {} more", cycle.size() - kShown);
  return text;
}

}  // namespace state
