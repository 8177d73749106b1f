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
  if (auto broken = broken_session()) return broken;
  return broken_deadline();
}

void Machine::check_invariants() const {
  const auto broken = broken_invariant();
  if (broken) base::check_failed(__FILE__, __LINE__, "an invariant holds", *broken);
}

Broken Machine::broken_key() const {
  for (const auto& [name, key] : keys_) {
    if (key.is_idle()) return fmt::format("{}: kept without holder or waiter", name);
    if (auto broken = broken_key_holders(name, key)) return broken;
    if (auto broken = broken_key_queue(name, key)) return broken;
  }
  return std::nullopt;
}

/// L1: one exclusive holder, or any number of shared ones. L2: holders by rising token.
Broken Machine::broken_key_holders(const std::string& name, const Key& key) const {
  if (key.exclusive && key.holders.size() != 1) {
    return fmt::format("L1: {} has {} holders, one of them exclusive", name, key.holders.size());
  }
  std::uint64_t before = 0;
  for (std::uint64_t token : key.holders) {
    if (token <= before) return fmt::format("L2: {} has holders out of order", name);
    before = token;
    const auto it = grants_.find(token);
    if (it == grants_.end()) return fmt::format("L1: {} is held by dead token {}", name, token);
    const auto& keys = it->second->keys;
    const command::KeyMode held{name, !key.exclusive};
    if (std::find(keys.begin(), keys.end(), held) == keys.end()) {
      return fmt::format("L1: token {} does not cover {} in its mode", token, name);
    }
  }
  return std::nullopt;
}

/// L6: the queue is in the one order. L7: nobody waits who could be granted.
Broken Machine::broken_key_queue(const std::string& name, const Key& key) const {
  if (!key.queue) return std::nullopt;
  if (key.queue->all.empty()) return fmt::format("{}: an empty queue is kept", name);
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

/// L5: a grant holds all its keys.
Broken Machine::broken_grant() const {
  std::size_t anonymous = 0;
  for (const auto& [token, grant] : grants_) {
    if (token != grant->token || token > last_index_) return fmt::format("L2: token {}", token);
    if (ended_.find(token)) return fmt::format("L2: token {} is live and ended", token);
    for (const command::KeyMode& held : grant->keys) {
      const auto it = keys_.find(held.key);
      const bool holds = it != keys_.end() && std::binary_search(it->second.holders.begin(),
                                                                 it->second.holders.end(), token);
      if (!holds) return fmt::format("L5: token {} does not hold {}", token, held.key);
    }
    if (grant->session == 0) {
      ++anonymous;
      if (grant->lease_end == Time::never()) {
        return fmt::format("token {} has neither session nor lease", token);
      }
    } else {
      const auto it = sessions_.find(grant->session);
      if (it == sessions_.end() || !it->second.grants.contains(token)) {
        return fmt::format("T1: token {} outlives session {}", token, grant->session);
      }
    }
  }
  for (const auto& [connection, party] : anonymous_) anonymous += party.waiters.size();
  if (anonymous != anonymous_claims_) return fmt::format("{} claims without session", anonymous);
  for (std::uint64_t token : ended_.all()) {
    if (token > last_index_) return fmt::format("L2: token {} ended before it was given", token);
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
    if (may_be_granted(waiter->place, waiter->keys)) {
      return fmt::format("L7: waiter {} waits for what is free", id);
    }
    for (const command::KeyMode& wanted : waiter->keys) {
      const auto it = keys_.find(wanted.key);
      if (it == keys_.end() || !it->second.queue ||
          !it->second.queue->all.contains(waiter->place)) {
        return fmt::format("L5: waiter {} is not in the queue of {}", id, wanted.key);
      }
    }
    if (auto broken = broken_party(*waiter)) return broken;
  }
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
  if (waiter.session == 0 && (waiter.request != 0 || !waiter.lease)) {
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

Broken Machine::broken_session() const {
  std::size_t waits = 0;
  for (const auto& [id, session] : sessions_) {
    if (id != session.id || id > last_index_) return fmt::format("session {} is misfiled", id);
    if (session.renewed > now_) return fmt::format("T1: session {} is renewed in the future", id);
    for (std::uint64_t token : session.grants) {
      if (!grants_.contains(token)) return fmt::format("session {}: dead token {}", id, token);
    }
    if (auto broken = broken_answers(session)) return broken;
    waits += session.party.waiters.size();
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
  for (const auto& [id, session] : sessions_) {
    if (!deadlines_.contains({session.alarm, Deadline::Kind::Session, id}) ||
        session.alarm > expiry_of(session)) {
      return fmt::format("T1: session {} would expire late or never", id);
    }
  }
  for (const auto& [id, waiter] : waiters_) {
    if (!deadlines_.contains({waiter->give_up, Deadline::Kind::Wait, id})) {
      return fmt::format("waiter {} would wait for ever", id);
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
