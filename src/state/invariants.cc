// What must be true of the state after every entry: the numbered promises as
// far as one state can show them, and the relations between the parts.
//
// Takes time proportional to the state; tests and the simulator run it after
// every apply, a restored snapshot is judged by it once.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "state/machine.h"

namespace state {

namespace {
using Broken = std::optional<std::string>;
}

Broken Machine::broken_invariant() const {
  if (auto broken = broken_key()) return broken;
  if (auto broken = broken_grant()) return broken;
  if (auto broken = broken_waiter()) return broken;
  if (auto broken = broken_mark()) return broken;
  if (auto broken = broken_semaphore()) return broken;
  if (auto broken = broken_session()) return broken;
  if (auto broken = broken_flow()) return broken;
  if (auto broken = broken_signal()) return broken;
  if (auto broken = broken_deadline()) return broken;
  return broken_circle();  // last, for the search relies on all the others
}

void Machine::check_invariants() const {
  const auto broken = broken_invariant();
  if (broken) base::check_failed(__FILE__, __LINE__, "an invariant holds", *broken);
}

Broken Machine::broken_key() const {
  for (std::size_t space = 0; space < kSpaceCount; ++space) {
    for (const auto& [name, key] : keys_[space]) {
      if (key.is_idle()) return fmt::format("{}: kept without holder or waiter", name);
      if (auto broken = broken_key_holders(static_cast<Space>(space), name, key)) return broken;
      if (auto broken = broken_key_queue(name, key)) return broken;
    }
  }
  return std::nullopt;
}

/// L1: one exclusive holder, or any number of shared ones, or permits up to the limit (which may
/// have been lowered since). L2: holders by rising token.
Broken Machine::broken_key_holders(Space space, std::string_view name, const Key& key) const {
  if (key.exclusive && key.holders.size() != 1) {
    return fmt::format("L1: {} has {} holders, one of them exclusive", name, key.holders.size());
  }
  std::uint64_t before = 0;
  std::int64_t permits = 0;
  const bool shared = !key.exclusive && space != Space::Semaphore;
  for (std::uint64_t token : key.holders) {
    if (token <= before) return fmt::format("L2: {} has holders out of order", name);
    before = token;
    const auto it = grants_.find(token);
    if (it == grants_.end()) return fmt::format("L1: {} is held by dead token {}", name, token);
    const auto& keys = it->second->keys;
    const bool covers = std::any_of(keys.begin(), keys.end(), [&](const command::KeyMode& held) {
      return held.shared == shared && held.key == name;
    });
    if (it->second->space != space || !covers) {
      return fmt::format("L1: token {} does not cover {} in its mode", token, name);
    }
    permits += it->second->details->permits;
  }
  if (space == Space::Semaphore && permits != key.permits) {
    return fmt::format("L1: {} permits of {} are out, not {}", permits, name, key.permits);
  }
  return std::nullopt;
}

/// L6: the queue is in the one order. L7: nobody waits who could be granted.
Broken Machine::broken_key_queue(std::string_view name, const Key& key) const {
  if (!key.queue) return std::nullopt;
  if (key.queue->empty()) return fmt::format("{}: an empty queue is kept", name);
  for (const auto& [place, id] : key.queue->parked) {
    const auto it = waiters_.find(id);
    if (it == waiters_.end() || it->second->place != place || !it->second->parked) {
      return fmt::format("L10: {} parks waiter {} wrongly", name, id);
    }
  }
  for (const Place& place : key.queue->exclusive) {
    if (!key.queue->all.contains(place)) return fmt::format("{}: unknown exclusive waiter", name);
  }
  for (const auto& [place, id] : key.queue->all) {
    const auto it = waiters_.find(id);
    if (it == waiters_.end() || it->second->place != place) {
      return fmt::format("L6: the queue of {} names waiter {} wrongly", name, id);
    }
    const auto& keys = it->second->keys;
    const command::KeyMode wanted{name, !key.queue->exclusive.contains(place)};
    if (std::find(keys.begin(), keys.end(), wanted) == keys.end()) {
      return fmt::format("L6: waiter {} stands in the queue of {} in another mode", id, name);
    }
  }
  return std::nullopt;
}

/// L5: a grant holds all its keys. What stands under the keys is known to be theirs (L1), so it is
/// enough to count it: to look for each name takes seconds where there are a million.
Broken Machine::broken_grant() const {
  std::size_t held = 0;
  std::size_t anonymous = 0;
  std::size_t may_shut = 0;
  for (const auto& [token, grant] : grants_) {
    if (token != grant->token || token > last_index_) return fmt::format("L2: token {}", token);
    if (ended_.find(token)) return fmt::format("L2: token {} is live and ended", token);
    if (auto broken = broken_grant_owner(*grant)) return broken;
    if (auto broken = broken_run(*grant)) return broken;
    held += grant->keys.size();
    if (grant->session == 0) ++anonymous;
    if (grant->may_shut()) ++may_shut;
  }
  std::size_t holders = 0;
  for (const Keys& keys : keys_) {
    for (const auto& [name, key] : keys) holders += key.holders.size();
  }
  if (holders != held) return fmt::format("L5: {} keys are held, by {} holders", held, holders);
  for (const auto& [connection, party] : anonymous_) anonymous += party.waiters.size();
  if (anonymous != anonymous_claims_) return fmt::format("{} claims without session", anonymous);
  for (const auto& [id, waiter] : waiters_) {
    if (waiter->may_shut()) ++may_shut;
  }
  if (may_shut != may_shut_) return fmt::format("{} claims may shut their keys", may_shut);
  for (std::uint64_t token : ended_.all()) {
    if (token > last_index_) return fmt::format("L2: token {} ended before it was given", token);
  }
  return std::nullopt;
}

Broken Machine::broken_grant_owner(const Grant& grant) const {
  if (grant.details->upgrade != 0) {
    const auto waiter = waiters_.find(grant.details->upgrade);
    if (waiter == waiters_.end() || waiter->second->upgrades != grant.token) {
      return fmt::format("token {} waits for no upgrade", grant.token);
    }
  }
  if (grant.session == 0) {
    const bool can_end = grant.lease_end != Time::never();
    return can_end ? std::nullopt
                   : Broken(fmt::format("token {} has neither session nor lease", grant.token));
  }
  if (!sessions_.contains(grant.session)) {
    return fmt::format("T1: token {} outlives session {}", grant.token, grant.session);
  }
  return std::nullopt;
}

Broken Machine::broken_waiter() const {
  for (const auto& [id, waiter] : waiters_) {
    if (id != waiter->id || id != waiter->place.index || id > last_index_) {
      return fmt::format("waiter {} is misfiled", id);
    }
    if (waiter->arrived > waiter->asked || waiter->asked > now_) {
      return fmt::format("waiter {} comes from the future", id);
    }
    if (auto broken = broken_wait(*waiter)) return broken;
    if (auto broken = broken_preemption(*waiter)) return broken;
    if (auto broken = broken_party(*waiter)) return broken;
  }
  return std::nullopt;
}

/// L7: nobody waits who could be granted. L10: who waits for a shut key reserves nothing.
Broken Machine::broken_wait(const Waiter& waiter) const {
  if (!is_keyed(waiter.space)) {
    if (auto broken = broken_signal_wait(waiter)) return broken;
  } else if (may_be_granted(waiter.place, waiter, waiter.upgrades)) {
    return fmt::format("L7: waiter {} waits for what is free", waiter.id);
  }
  if (waiter.parked != has_shut_key(waiter)) {
    return fmt::format("L10: waiter {} is parked wrongly", waiter.id);
  }
  for (const command::KeyMode& wanted : waiter.keys) {
    const auto it = keys_of(waiter.space).find(wanted.key);
    const bool has_queue = it != keys_of(waiter.space).end() && it->second.queue != nullptr;
    const auto& queue = *it->second.queue;
    if (!has_queue || !(waiter.parked ? queue.parked : queue.all).contains(waiter.place)) {
      return fmt::format("L5: waiter {} is not in the queue of {}", waiter.id, wanted.key);
    }
  }
  return std::nullopt;
}

/// L8: nobody waits for what can never come.
Broken Machine::broken_circle() const {
  for (const auto& [id, waiter] : waiters_) {
    if (!waiter->parked && find_deadlock(agent_of(*waiter))) {
      return fmt::format("L8: waiter {} can never be granted", id);
    }
  }
  return std::nullopt;
}

/// L9: a cut-off is set exactly while the waiter may preempt.
Broken Machine::broken_preemption(const Waiter& waiter) const {
  const bool is_set = waiter.cut_off != Time::never();
  if (is_set != may_preempt(waiter)) {
    return fmt::format("L9: waiter {} preempts wrongly", waiter.id);
  }
  for (const command::KeyMode& wanted : waiter.keys) {
    const bool is_preemptor = keys_of(waiter.space).at(wanted.key).queue->preemptor == waiter.id;
    if (is_preemptor != is_set) return fmt::format("L9: {} is not preempted", wanted.key);
  }
  return std::nullopt;
}

/// L10: a mark stands on all the keys of the lost grant.
Broken Machine::broken_mark() const {
  std::size_t stand = 0;
  for (const auto& [token, mark] : marks_) {
    if (token != mark.token || token > last_index_ || grants_.contains(token)) {
      return fmt::format("L10: mark {} is of no lost grant", token);
    }
    for (const command::KeyMode& lost : mark.lost.keys) {
      const auto it = keys_of(Space::Lock).find(lost.key);
      const bool stands = it != keys_of(Space::Lock).end() && it->second.marks != nullptr &&
                          it->second.marks->contains(token);
      if (!stands) return fmt::format("L10: {} is not shut by {}", lost.key, token);
      ++stand;
    }
  }
  for (const auto& [name, key] : keys_of(Space::Lock)) {
    if (!key.marks) continue;
    if (key.marks->empty()) return fmt::format("L10: {} is shut by nobody", name);
    stand -= key.marks->size();
  }
  return stand == 0 ? std::nullopt : Broken("L10: a key is shut by a mark that is gone");
}

Broken Machine::broken_semaphore() const {
  for (const auto& [name, key] : keys_of(Space::Semaphore)) {
    if (!semaphores_.contains(name)) return fmt::format("semaphore {} has no limit", name);
  }
  for (const auto& [name, semaphore] : semaphores_) {
    const auto id = semaphore_names_.find(semaphore.id);
    if (name != semaphore.name || id == semaphore_names_.end() || id->second != name ||
        semaphore.id > last_index_) {
      return fmt::format("semaphore {} is misfiled", name);
    }
    if (keys_of(Space::Semaphore).contains(name) != (semaphore.forget == Time::never())) {
      return fmt::format("semaphore {} is forgotten too early or never", name);
    }
  }
  if (semaphore_names_.size() != semaphores_.size()) return "a semaphore has two ids";
  return std::nullopt;
}

/// Whoever waits can be found again: by its party, its ticket, its REQUEST number.
Broken Machine::broken_party(const Waiter& waiter) const {
  const Party* party = find_party(waiter.session, waiter.connection);
  if (party == nullptr || !party->waiters.contains(waiter.id)) {
    return fmt::format("waiter {} belongs to nobody", waiter.id);
  }
  if (!waiter.ticket.empty()) {
    const auto it = party->tickets.find(waiter.ticket);
    if (it == party->tickets.end() || it->second != waiter.id) {
      return fmt::format("waiter {} does not own its ticket", waiter.id);
    }
  }
  const bool has_end = waiter.lease || waiter.upgrades != 0 || !is_keyed(waiter.space);
  if (waiter.session == 0 && (waiter.request != 0 || !has_end)) {
    return fmt::format("waiter {} needs a session", waiter.id);
  }
  return std::nullopt;
}

/// L4: an answer that promises an outcome leads to it.
Broken Machine::broken_answers(const Session& session) const {
  for (const auto& [request, answer] : session.answers.all()) {
    if (answer.kind != Answer::Kind::Waiting) continue;
    const auto it = waiters_.find(answer.value);
    if (it == waiters_.end() || it->second->session != session.id ||
        it->second->request != request) {
      return fmt::format("L4: request {} of session {} waits for nothing", request, session.id);
    }
  }
  return std::nullopt;
}

/// The grants it lists are its own. Each claim that names an agent is filed under it, and nothing
/// else is.
Broken Machine::broken_agents(const Session& session) const {
  std::size_t named = session.party.waiters.size();
  for (const std::uint64_t token : session.grants) {
    const auto it = grants_.find(token);
    if (it == grants_.end() || it->second->session != session.id) {
      return fmt::format("session {}: token {} is dead or another's", session.id, token);
    }
    named += !it->second->agent.empty();
  }
  std::size_t filed = 0;
  for (const auto& [name, claims] : session.agents) {
    for (const std::uint64_t token : claims.grants) {
      const bool is_there = session.grants.contains(token) && grants_.at(token)->agent == name;
      if (!is_there) return fmt::format("agent {} does not hold {}", name, token);
    }
    for (const std::uint64_t id : claims.waiters) {
      const bool is_there = session.party.waiters.contains(id) && waiters_.at(id)->agent == name;
      if (!is_there) return fmt::format("agent {} does not wait as {}", name, id);
    }
    if (claims.grants.size() + claims.waiters.size() == 0) return "an idle agent";
    filed += claims.grants.size() + claims.waiters.size();
  }
  return filed == named ? std::nullopt : Broken("a claim is not filed under its agent");
}

/// Each grant of a session is in the session's list, and nothing else is.
Broken Machine::broken_session() const {
  std::size_t waits = 0;
  std::size_t listed = 0;
  for (const auto& [id, session] : sessions_) {
    if (id != session->id || id > last_index_) return fmt::format("session {} is misfiled", id);
    if (session->renewed > now_) return fmt::format("T1: session {} is renewed in the future", id);
    listed += session->grants.size();
    if (auto broken = broken_agents(*session)) return broken;
    if (auto broken = broken_answers(*session)) return broken;
    waits += session->party.waiters.size();
  }
  const auto owned = std::count_if(grants_.begin(), grants_.end(),
                                   [](const auto& grant) { return grant.second->session != 0; });
  if (listed != static_cast<std::size_t>(owned)) {
    return fmt::format("T1: sessions list {} of {} grants", listed, owned);
  }
  for (const auto& [connection, party] : anonymous_) {
    if (party.waiters.empty()) return fmt::format("connection {} is kept for nothing", connection);
    waits += party.waiters.size();
  }
  if (waits != waiters_.size()) return fmt::format("{} of {} waits", waits, waiters_.size());
  return std::nullopt;
}

/// Everything that must end some day has its deadline, and nothing else has.
Broken Machine::broken_deadline() const {
  std::size_t expected = sessions_.size() + waiters_.size();
  if (auto broken = broken_task_deadlines(expected)) return broken;
  for (const auto& [token, mark] : marks_) {
    if (mark.until == Time::never()) continue;
    ++expected;
    if (!deadlines_.contains({mark.until, Deadline::Kind::Mark, token})) {
      return fmt::format("L10: mark {} would stand for ever", token);
    }
  }
  for (const auto& [name, semaphore] : semaphores_) {
    if (semaphore.forget == Time::never()) continue;
    ++expected;
    if (!deadlines_.contains({semaphore.forget, Deadline::Kind::Semaphore, semaphore.id})) {
      return fmt::format("semaphore {} would be known for ever", name);
    }
  }
  for (const auto& [id, session] : sessions_) {
    if (!deadlines_.contains({session->alarm, Deadline::Kind::Session, id}) ||
        session->alarm > expiry_of(*session)) {
      return fmt::format("T1: session {} would expire late or never", id);
    }
  }
  for (const auto& [id, waiter] : waiters_) {
    if (!deadlines_.contains({waiter->give_up, Deadline::Kind::Wait, id})) {
      return fmt::format("waiter {} would wait for ever", id);
    }
    if (waiter->cut_off == Time::never()) continue;
    ++expected;
    if (!deadlines_.contains({waiter->cut_off, Deadline::Kind::CutOff, id})) {
      return fmt::format("L9: waiter {} would never cut off", id);
    }
  }
  for (const auto& [token, grant] : grants_) {
    if (grant->lease_end == Time::never()) continue;
    ++expected;
    if (!deadlines_.contains({grant->lease_end, Deadline::Kind::Lease, token})) {
      return fmt::format("token {} would never expire", token);
    }
  }
  if (deadlines_.size() != expected) return fmt::format("{} deadlines", deadlines_.size());
  return std::nullopt;
}

}  // namespace state
