// The wait queues: one admission rule, one order, and the hand-off.
//
// A waiter stands in the queue of each of its keys, free ones too, and so
// reserves them against later conflicting requests. It is granted when, on all
// its keys, no holder and no earlier waiter conflicts with it. A grant never
// makes another waiter grantable (it turns a reservation into a hold of the same
// mode; of permits, those behind are candidates as far as permits go), so one
// pass over the keys that lost a holder or a waiter suffices.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::KeyMode;
using command::Refused;
using command::Reply;

bool Machine::may_be_granted(const Place& place, const Claim& claim, std::uint64_t upgrades) const {
  return std::all_of(claim.keys.begin(), claim.keys.end(), [&](const KeyMode& wanted) {
    return may_have(place, claim, wanted, upgrades);
  });
}

bool Machine::may_have(const Place& place, const Claim& claim, const KeyMode& wanted,
                       std::uint64_t upgrades) const {
  const auto it = keys_of(claim.space).find(wanted.key);
  if (it == keys_of(claim.space).end()) return true;
  const Key& key = it->second;
  if (key.marks || is_taken(key, claim, wanted, upgrades)) return false;
  if (!key.queue) return true;
  const Key::Queue& queue = *key.queue;
  if (PLANTED(NewcomerBarges) || (PLANTED(ReaderBarges) && wanted.shared)) return true;
  if (wanted.shared) return queue.exclusive.empty() || *queue.exclusive.begin() >= place;
  return queue.all.empty() || queue.all.begin()->first >= place;
}

/// Whether the holders leave no room for the claim. An upgrade's own hold is no obstacle to it.
bool Machine::is_taken(const Key& key, const Claim& claim, const KeyMode& wanted,
                       std::uint64_t upgrades) const {
  if (claim.space == Space::Semaphore) {
    if (PLANTED(OnePermitTooMany))
      return key.permits + claim.details->permits - 1 > limit_of(wanted.key);
    return key.permits + claim.details->permits > limit_of(wanted.key);
  }
  if (key.holders.empty()) return false;
  if (key.exclusive) return !PLANTED(SharedWithExclusive) || !wanted.shared;
  if (wanted.shared) return false;
  if (PLANTED(WriterPassesReaders)) return false;
  return key.holders.size() > 1 || key.holders.front() != upgrades;
}

Place Machine::place_for(std::uint8_t priority) const {
  if (PLANTED(AgeNeverCounts)) return {now_ - rules_.ageing_step * priority * 1'000, entry_->index};
  return {now_ - rules_.ageing_step * priority, entry_->index};
}

Party* Machine::find_party(std::uint64_t session, std::uint64_t connection) {
  return const_cast<Party*>(std::as_const(*this).find_party(session, connection));
}

const Party* Machine::find_party(std::uint64_t session, std::uint64_t connection) const {
  if (session != 0) {
    const Session* found = sessions_.find(session);
    return found == nullptr ? nullptr : &found->party;
  }
  const auto it = anonymous_.find(connection);
  return it == anonymous_.end() ? nullptr : &it->second;
}

Party& Machine::party_of(const Waiter& waiter) {
  if (waiter.session != 0) return sessions_.at(waiter.session).party;
  return anonymous_[waiter.connection];
}

Waiter& Machine::insert_waiter(std::unique_ptr<Waiter> waiter) {
  const std::uint64_t id = waiter->id;
  auto& kept = waiters_[id];
  CHECK(kept == nullptr);
  kept = std::move(waiter);
  line_up(*kept);
  list_claim(*kept, id, &AgentClaims::waiters);
  Party& party = party_of(*kept);
  party.waiters.insert(id);
  if (!kept->ticket.empty()) party.tickets.emplace(kept->ticket, id);
  deadlines_.add({kept->give_up, Deadline::Kind::Wait, id});
  if (kept->upgrades != 0) grants_.at(kept->upgrades)->details.set(&Details::upgrade, id);
  return *kept;
}

/// Puts the waiter into the queues of its keys, where it reserves them unless it is parked.
void Machine::line_up(const Waiter& waiter) {
  signal_bytes_ += bytes_of_arrival(waiter);
  for (const KeyMode& wanted : waiter.keys) {
    Key& key = keys_of(waiter.space)[wanted.key];
    if (!key.queue) key.queue = std::make_unique<Key::Queue>();
    (waiter.parked ? key.queue->parked : key.queue->all).emplace(waiter.place, waiter.id);
    if (!waiter.parked && !wanted.shared) key.queue->exclusive.insert(waiter.place);
    if (waiter.details->grace) ++key.queue->preempting;
  }
}

void Machine::step_out(const Waiter& waiter) {
  signal_bytes_ -= bytes_of_arrival(waiter);
  for (const KeyMode& wanted : waiter.keys) {
    Key& key = keys_of(waiter.space).at(wanted.key);
    CHECK(key.queue != nullptr);
    auto& queue = waiter.parked ? key.queue->parked : key.queue->all;
    const std::size_t removed = queue.erase(waiter.place);
    CHECK_EQ(removed, 1U);
    if (!PLANTED(DeadWaiterBlocks)) key.queue->exclusive.erase(waiter.place);
    if (waiter.details->grace) --key.queue->preempting;
    if (key.queue->empty()) key.queue.reset();
  }
}

std::unique_ptr<Waiter> Machine::take_waiter(std::uint64_t id) {
  const auto it = waiters_.find(id);
  CHECK(it != waiters_.end());
  if (it->second->cut_off != Time::never()) withdraw_preemption(*it->second);
  std::unique_ptr<Waiter> waiter = std::move(it->second);
  waiters_.erase(it);
  review(*waiter);
  step_out(*waiter);
  unlist_claim(*waiter, id, &AgentClaims::waiters);
  Party& party = party_of(*waiter);
  party.waiters.erase(id);
  if (!waiter->ticket.empty()) party.tickets.erase(waiter->ticket);
  if (waiter->session == 0 && party.waiters.empty()) anonymous_.erase(waiter->connection);
  deadlines_.remove({waiter->give_up, Deadline::Kind::Wait, id});
  if (waiter->upgrades != 0) grants_.at(waiter->upgrades)->details.set(&Details::upgrade, {});
  return waiter;
}

void Machine::refuse_waiter(std::uint64_t id, Code code, std::string sentence) {
  const std::unique_ptr<Waiter> waiter = take_waiter(id);
  touch(*waiter);
  if (waiter->request != 0) sessions_.at(waiter->session).answers.forget(waiter->request);
  if (watcher_ != nullptr) watcher_->on_refusal(*waiter, code, sentence);
  events_.push_back(command::WaitEnded{waiter->id, waiter->connection, waiter->session,
                                       waiter->ticket.str(), Refused{code, std::move(sentence)}});
}

void Machine::touch(const Claim& claim) {
  for (const KeyMode& key : claim.keys) touched_.emplace_back(claim.space, key.key);
}

/// Its first waiter, or all the shared ones before the first that wants the key alone, or as many
/// as there are permits for.
void Machine::collect_candidates(Space space, std::string_view name, const Key& key,
                                 Candidates& found) const {
  if (!key.queue || key.queue->all.empty() || key.marks || key.exclusive) return;
  const Key::Queue& queue = *key.queue;
  if (space == Space::Semaphore) {
    std::int64_t left = limit_of(name) - key.permits;
    for (const auto& waiting : queue.all) {
      left -= waiters_.at(waiting.second)->details->permits;
      if (left < 0) return;
      found.push_back(waiting);
      if (PLANTED(SemaphoreWakesOne)) return;
    }
    return;
  }
  const auto& first = *queue.all.begin();
  if (queue.exclusive.contains(first.first)) {
    found.push_back(first);
    return;
  }
  for (const auto& waiting : queue.all) {
    if (!queue.exclusive.empty() && waiting.first == *queue.exclusive.begin()) return;
    found.push_back(waiting);
    if (PLANTED(ReadersTakeTurns)) return;
  }
}

void Machine::hand_on() {
  decide_tasks();
  start_ready_tasks();
  if (touched_.empty()) return;
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  std::vector<KeyName> names = std::exchange(touched_, std::exchange(spare_, {}));
  Candidates candidates;
  std::erase_if(names, [&](const KeyName& touched) {
    const auto& [space, name] = touched;
    const auto it = keys_of(space).find(name);
    if (it == keys_of(space).end()) return true;
    if (it->second.is_idle()) {
      drop(space, name, it);
      return true;
    }
    if (is_keyed(space)) collect_candidates(space, name, it->second, candidates);
    return false;
  });
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  if (PLANTED(GrantsInAnyOrder)) {
    std::ranges::sort(candidates, {}, [&](const auto& c) { return waiters_.at(c.second).get(); });
  }
  for (const auto& [place, id] : candidates) {
    const Waiter& waiter = *waiters_.at(id);
    if (may_be_granted(place, waiter, waiter.upgrades)) grant_waiter(id);
  }
  for (const auto& [space, name] : names) drop_if_idle(space, name);
  constexpr std::size_t kSpareMax = 1'024;  // the end of a session may touch a million
  if (names.capacity() > kSpareMax) return;
  names.clear();
  spare_ = std::move(names);
}

void Machine::drop_if_idle(Space space, std::string_view name) {
  const auto it = keys_of(space).find(name);
  if (it != keys_of(space).end() && it->second.is_idle()) drop(space, name, it);
}

void Machine::drop(Space space, std::string_view name, Keys::iterator idle) {
  keys_of(space).erase(idle);
  if (space == Space::Semaphore) leave_semaphore(name);
  if (is_signal(space)) leave_signal(space, name);
}

void Machine::lose_waiter(std::uint64_t id, Code code, std::string sentence) {
  const Waiter& waiter = *waiters_.at(id);
  const bool has_arrived = waiter.space == Space::Barrier;
  const std::string barrier = has_arrived ? waiter.keys.front().key.str() : std::string();
  const std::string participant = waiter.details->participant.str();
  const std::string who = participant.empty() ? name_of(waiter.session, waiter.connection)
                                              : command::quoted(participant);
  const command::OnDeath on_death = waiter.details->on_death;
  refuse_waiter(id, code, std::move(sentence));
  if (has_arrived) lose_arrival(barrier, on_death, participant, who);
}

void Machine::grant_waiter(std::uint64_t id) {
  std::unique_ptr<Waiter> waiter = take_waiter(id);
  if (waiter->upgrades != 0) return finish_upgrade(std::move(waiter));
  auto given = std::make_unique<Grant>();
  Grant& grant = *given;
  static_cast<Claim&>(grant) = std::move(static_cast<Claim&>(*waiter));
  if (PLANTED(PartlyGranted) && grant.keys.size() > 1) grant.keys.pop_back();
  grant.details.set(&Details::grace, {});
  grant.token = next_token();
  if (waiter->lease) grant.lease_end = now_ + *waiter->lease;
  if (grant.session != 0) {
    Session& session = sessions_.at(grant.session);
    renew(session);  // a pushed grant must be worth a whole TTL
    decide_answer(session, grant.request, grant.token);
  }
  command::WaitEnded ended{id, grant.connection, grant.session, grant.ticket.str(), {}};
  ended.reply = give(std::move(given), waiter->asked);
  events_.push_back(std::move(ended));
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
