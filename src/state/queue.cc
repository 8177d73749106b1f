// The wait queues: one admission rule, one order, and the hand-off.
//
// A waiter stands in the queue of each of its keys, free ones too, and so
// reserves them against later conflicting requests. It is granted when, on all
// its keys, no holder and no earlier waiter conflicts with it. A grant never
// makes another waiter grantable (it turns a reservation into a hold of the
// same mode), so one pass over the keys that lost a holder or a waiter suffices.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::KeyMode;
using command::Refused;
using command::Reply;

bool Machine::may_be_granted(const Place& place, std::span<const KeyMode> keys) const {
  for (const KeyMode& wanted : keys) {
    const auto it = keys_.find(wanted.key);
    if (it == keys_.end()) continue;
    const Key& key = it->second;
    if (!key.holders.empty() && (key.exclusive || !wanted.shared)) return false;
    if (!key.queue) continue;
    const Key::Queue& queue = *key.queue;
    if (wanted.shared) {
      if (!queue.exclusive.empty() && *queue.exclusive.begin() < place) return false;
    } else {
      if (!queue.all.empty() && queue.all.begin()->first < place) return false;
    }
  }
  return true;
}

Place Machine::place_for(const command::LockAcquire& command) const {
  return {now_ - rules_.ageing_step * command.priority, entry_->index};
}

std::optional<Refused> Machine::refuse_wait(const command::LockAcquire& command) const {
  const auto& limits = rules_.limits;
  const Party* party = find_party(entry_->origin.session, entry_->origin.connection);
  const std::size_t own = party == nullptr ? 0 : party->waiters.size();
  if (own >= static_cast<std::size_t>(limits.waiters_per_session)) {
    return Refused{Code::Limit, fmt::format("{} requests of yours wait, which is the limit "
                                            "(waiters_per_session)",
                                            own)};
  }
  for (const KeyMode& wanted : command.keys) {
    const auto it = keys_.find(wanted.key);
    const bool is_waited_for = it != keys_.end() && it->second.queue != nullptr;
    const std::size_t waiting = is_waited_for ? it->second.queue->all.size() : 0;
    if (waiting >= static_cast<std::size_t>(limits.waiters_per_key)) {
      return Refused{Code::Limit,
                     fmt::format("{} requests wait for {}, which is the limit (waiters_per_key)",
                                 waiting, command::quoted(wanted.key))};
    }
  }
  return std::nullopt;
}

Reply Machine::enqueue(const command::LockAcquire& command) {
  const command::Origin& origin = entry_->origin;
  if (auto refused = refuse_wait(command)) return *refused;
  changed();
  auto waiter = std::make_unique<Waiter>();
  waiter->id = entry_->index;
  waiter->place = place_for(command);
  waiter->user = origin.user;
  waiter->connection = origin.connection;
  waiter->session = origin.session;
  waiter->request = entry_->request;
  waiter->ticket = entry_->ticket;
  waiter->keys = command.keys;
  waiter->lease = command.lease;
  waiter->priority = command.priority;
  waiter->note = command.note;
  waiter->arrived = now_;
  waiter->arrived_wall = entry_->wall;
  waiter->asked = now_;
  waiter->give_up = now_ + command.wait;
  insert_waiter(std::move(waiter));
  return command::Waiting{entry_->index};
}

Party* Machine::find_party(std::uint64_t session, std::uint64_t connection) {
  return const_cast<Party*>(std::as_const(*this).find_party(session, connection));
}

const Party* Machine::find_party(std::uint64_t session, std::uint64_t connection) const {
  if (session != 0) {
    const auto it = sessions_.find(session);
    return it == sessions_.end() ? nullptr : &it->second.party;
  }
  const auto it = anonymous_.find(connection);
  return it == anonymous_.end() ? nullptr : &it->second;
}

Party& Machine::party_of(const Waiter& waiter) {
  if (waiter.session != 0) return sessions_.at(waiter.session).party;
  return anonymous_[waiter.connection];
}

void Machine::insert_waiter(std::unique_ptr<Waiter> waiter) {
  const std::uint64_t id = waiter->id;
  for (const KeyMode& wanted : waiter->keys) {
    Key& key = keys_[wanted.key];
    if (!key.queue) key.queue = std::make_unique<Key::Queue>();
    key.queue->all.emplace(waiter->place, id);
    if (!wanted.shared) key.queue->exclusive.insert(waiter->place);
  }
  if (waiter->session == 0) ++anonymous_claims_;
  Party& party = party_of(*waiter);
  party.waiters.insert(id);
  if (!waiter->ticket.empty()) party.tickets.emplace(waiter->ticket, id);
  deadlines_.add({waiter->give_up, Deadline::Kind::Wait, id});
  auto& kept = waiters_[id];
  CHECK(kept == nullptr);
  kept = std::move(waiter);
}

std::unique_ptr<Waiter> Machine::take_waiter(std::uint64_t id) {
  const auto it = waiters_.find(id);
  CHECK(it != waiters_.end());
  std::unique_ptr<Waiter> waiter = std::move(it->second);
  waiters_.erase(it);
  for (const KeyMode& wanted : waiter->keys) {
    Key& key = keys_.at(wanted.key);
    CHECK(key.queue != nullptr);
    const std::size_t removed = key.queue->all.erase(waiter->place);
    CHECK_EQ(removed, 1U);
    if (!wanted.shared) key.queue->exclusive.erase(waiter->place);
    if (key.queue->all.empty()) key.queue.reset();
  }
  if (waiter->session == 0) --anonymous_claims_;
  Party& party = party_of(*waiter);
  party.waiters.erase(id);
  if (!waiter->ticket.empty()) party.tickets.erase(waiter->ticket);
  if (waiter->session == 0 && party.waiters.empty()) anonymous_.erase(waiter->connection);
  deadlines_.remove({waiter->give_up, Deadline::Kind::Wait, id});
  return waiter;
}

void Machine::refuse_waiter(std::uint64_t id, Code code, std::string sentence) {
  const std::unique_ptr<Waiter> waiter = take_waiter(id);
  touch(waiter->keys);
  if (waiter->request != 0) sessions_.at(waiter->session).answers.forget(waiter->request);
  events_.push_back(command::WaitEnded{waiter->id, waiter->connection, waiter->session,
                                       waiter->ticket, Refused{code, std::move(sentence)}});
}

void Machine::touch(std::span<const KeyMode> keys) {
  for (const KeyMode& key : keys) touched_.push_back(key.key);
}

/// Its first waiter, or all the shared ones before the first that wants the key alone.
void Machine::collect_candidates(const Key& key,
                                 std::vector<std::pair<Place, std::uint64_t>>& found) const {
  if (!key.queue || (key.exclusive && !key.holders.empty())) return;
  const Key::Queue& queue = *key.queue;
  const bool alone = queue.exclusive.contains(queue.all.begin()->first);
  if (alone) {
    if (key.holders.empty()) found.push_back(*queue.all.begin());
    return;
  }
  for (const auto& waiting : queue.all) {
    if (!queue.exclusive.empty() && waiting.first == *queue.exclusive.begin()) return;
    found.push_back(waiting);
  }
}

void Machine::hand_on() {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  std::vector<std::pair<Place, std::uint64_t>> candidates;
  for (const std::string& name : touched_) {
    const auto it = keys_.find(name);
    if (it != keys_.end()) collect_candidates(it->second, candidates);
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  for (const auto& [place, id] : candidates) {
    if (may_be_granted(place, waiters_.at(id)->keys)) grant_waiter(id);
  }
  for (const std::string& name : touched_) {
    const auto it = keys_.find(name);
    if (it != keys_.end() && it->second.is_idle()) keys_.erase(it);
  }
  touched_.clear();
}

void Machine::grant_waiter(std::uint64_t id) {
  std::unique_ptr<Waiter> waiter = take_waiter(id);
  Grant grant;
  grant.token = next_token();
  grant.user = std::move(waiter->user);
  grant.connection = waiter->connection;
  grant.session = waiter->session;
  grant.request = waiter->request;
  grant.ticket = waiter->ticket;
  grant.keys = std::move(waiter->keys);
  grant.priority = waiter->priority;
  grant.note = std::move(waiter->note);
  if (waiter->lease) grant.lease_end = now_ + *waiter->lease;
  if (waiter->session != 0) {
    Session& session = sessions_.at(waiter->session);
    renew(session);  // a pushed grant must be worth a whole TTL
    if (const Answer* waiting = session.answers.find(waiter->request)) {
      session.answers.remember(waiter->request,
                               {Answer::Kind::Granted, grant.token, waiting->fingerprint},
                               static_cast<std::size_t>(rules_.limits.answers_per_session));
    }
  }
  const command::Granted granted = give(std::move(grant), waiter->asked);
  events_.push_back(command::WaitEnded{waiter->id, waiter->connection, waiter->session,
                                       std::move(waiter->ticket), granted});
}

void Machine::hold_keys(const Grant& grant) {
  for (const KeyMode& held : grant.keys) {
    Key& key = keys_[held.key];
    CHECK(key.holders.empty() || (held.shared && !key.exclusive));
    key.holders.push_back(grant.token);  // tokens only grow
    key.exclusive = !held.shared;
  }
}

void Machine::unhold_keys(const Grant& grant) {
  for (const KeyMode& held : grant.keys) {
    Key& key = keys_.at(held.key);
    const auto it = std::lower_bound(key.holders.begin(), key.holders.end(), grant.token);
    CHECK(it != key.holders.end() && *it == grant.token);
    key.holders.erase(it);
    if (key.holders.empty()) key.exclusive = false;
  }
  touch(grant.keys);
}

Reply Machine::on(const command::Cancel& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Party* party = find_party(entry_->origin.session, entry_->origin.connection);
  if (party == nullptr) return command::Number{0};
  const auto it = party->tickets.find(command.ticket);
  if (it == party->tickets.end()) return command::Number{0};
  changed();
  refuse_waiter(it->second, Code::Cancelled, "the wait was withdrawn");
  return command::Number{1};
}

}  // namespace state
