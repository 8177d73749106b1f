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
  bool each_runner(const Waiter& waiter, const KeyMode& wanted, Visit&& visit) const;
  template <class Visit>
  bool each_dependent(const Agent& agent, Visit&& visit);
  template <class Visit>
  bool each_dependent(const Claim& claim, const KeyMode& mode, const Grant* grant,
                      const Waiter* waiter, Visit&& visit) const;
  template <class Visit>
  bool each_dependent_on_run(const Grant& grant, Visit&& visit) const;
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
  bool is_proving() const { return !stuck_.empty(); }
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
  if (!is_keyed(waiter.space)) return each_runner(waiter, wanted, visit);
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
    // Of permits, who can go may still leave too few for whoever stands behind him.
    const bool may_go_on = is_proving() && !is_stuck(edge.to);
    if (is_somebody(edge.to) && !waits_for_itself(key, *edge.earlier) && !may_go_on) return true;
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

/// Who has joined a task, or waits for its result, waits for those who run it or what it comes
/// after. Others who have joined it are not in his way: he goes on when any of them has ended it.
template <class Visit>
bool DeadlockSearch::each_runner(const Waiter& waiter, const KeyMode& wanted, Visit&& visit) const {
  if (waiter.space != Space::Task && waiter.space != Space::Result) return true;
  const auto [flow, name] = split_task_key(wanted.key);
  const Task* task = machine_.flows_.find(flow, name);
  if (task == nullptr) return true;
  absl::flat_hash_set<const Task*> met{task};
  std::deque<const Task*> open{task};
  while (!open.empty()) {
    const Task* at = open.front();
    open.pop_front();
    if (at->state == TaskState::Running) {
      const Grant& grant = machine_.grant_of(*at);
      if (!visit(WaitEdge{agent_of(waiter), &waiter, wanted.key, agent_of(grant), &grant, nullptr}))
        return false;
    }
    if (at->state != TaskState::Pending) continue;
    for (const Task* predecessor : at->predecessors) {
      if (met.insert(predecessor).second) open.push_back(predecessor);
    }
  }
  return true;
}

/// The other way: from a run to all who wait for it or for what comes after it.
template <class Visit>
bool DeadlockSearch::each_dependent_on_run(const Grant& grant, Visit&& visit) const {
  const Task& run = machine_.task_of(grant);
  absl::flat_hash_set<const Task*> met{&run};
  std::deque<const Task*> open{&run};
  while (!open.empty()) {
    const Task* at = open.front();
    open.pop_front();
    const std::string key = task_key(at->flow->name, at->name);
    for (const Space space : {Space::Task, Space::Result}) {
      for (const std::uint64_t id : machine_.waiters_at(space, key)) {
        const Waiter& waiter = *machine_.waiters_.at(id);
        const std::string_view wanted = waiter.keys.front().key;
        if (!visit(WaitEdge{agent_of(waiter), &waiter, wanted, agent_of(grant), &grant, nullptr}))
          return false;
      }
    }
    for (const Task* successor : at->successors) {
      if (successor->state != TaskState::Pending) continue;
      if (met.insert(successor).second) open.push_back(successor);
    }
  }
  return true;
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
  if (!is_keyed(claim.space)) {
    const bool is_run = grant != nullptr && claim.space == Space::Task;
    return !is_run || each_dependent_on_run(*grant, visit);
  }
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
    if (holder != agent_of(waiter) && is_stuck(holder)) stays += grant.details->permits;
  }
  return stays + waiter.details->permits <= machine_.limit_of(wanted.key);
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

/// The waiter has come into the queues. If it does not count there, those who share a key with who
/// is before it wait for them all the same now, up to the next who wants the key alone and did so
/// already.
void Machine::suspect_behind(const Waiter& waiter) {
  for (const KeyMode& wanted : waiter.keys) {
    if (wanted.shared) continue;
    const Key& key = keys_of(waiter.space).at(wanted.key);
    const bool is_own =
        key.exclusive && agent_of(*grants_.at(key.holders.front())) == agent_of(waiter);
    if (is_somebody(agent_of(waiter)) && !is_own) continue;
    const Key::Queue& queue = *key.queue;
    for (auto it = queue.all.upper_bound(waiter.place); it != queue.all.end(); ++it) {
      if (queue.exclusive.contains(it->first)) break;
      suspect(*waiters_.at(it->second));
    }
  }
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

std::string Machine::describe_key(Space space, std::string_view key) {
  if (space != Space::Task && space != Space::Result) return quoted(key);
  const auto [flow, task] = split_task_key(key);
  return fmt::format("task {} of flow {}", quoted(task), quoted(flow));
}

/// What the blocker has to do with what is waited for: `held by`, `which needs "capture", run by`.
std::string Machine::describe_hold(const WaitEdge& edge) {
  if (edge.holder == nullptr) return "for which comes first";
  if (edge.holder->space != Space::Task) return "held by";
  const std::string_view run = edge.holder->keys.front().key;
  if (run == edge.key) return "run by";
  return fmt::format("which needs {}, run by", quoted(split_task_key(run).second));
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
      return claim.details->note.empty() ? std::string()
                                         : fmt::format(" ({})", quoted(claim.details->note));
    };
    text += fmt::format("{}{}{} waits for {}, {} {}{}", i == 0 ? "" : "; ",
                        describe_agent(*edge.waiter), note(*edge.waiter),
                        describe_key(edge.waiter->space, edge.key), describe_hold(edge),
                        describe_agent(blocker), note(blocker));
  }
  if (cycle.size() > kShown) text += fmt::format("; and {} more", cycle.size() - kShown);
  return text;
}

}  // namespace state
