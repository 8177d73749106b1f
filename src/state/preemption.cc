// Preemption: a request of higher priority asks holders to leave, and after
// their grace takes the keys.
//
// It acts only while it is first on all its keys and everybody in its way has a
// strictly lower priority; when that changes, or it leaves, the holders are told
// that they may stay.
#include <algorithm>

#include "base/check.h"
#include "state/machine.h"

namespace state {

using command::KeyMode;
using command::Value;

/// The tokens of the holders in its way, each once.
std::vector<std::uint64_t> Machine::obstacles_of(const Waiter& waiter) const {
  std::vector<std::uint64_t> tokens;
  for (const KeyMode& wanted : waiter.keys) {
    const Key& key = keys_of(waiter.space).at(wanted.key);
    if (wanted.shared && !key.exclusive) continue;
    tokens.insert(tokens.end(), key.holders.begin(), key.holders.end());
  }
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

bool Machine::may_preempt(const Waiter& waiter) const {
  if (!waiter.details->grace || waiter.parked) return false;
  const bool is_first = std::all_of(waiter.keys.begin(), waiter.keys.end(), [&](const KeyMode& k) {
    return keys_of(waiter.space).at(k.key).queue->all.begin()->first == waiter.place;
  });
  if (!is_first) return false;
  const std::vector<std::uint64_t> obstacles = obstacles_of(waiter);
  if (obstacles.empty()) return false;  // a task that nobody runs yet
  return std::all_of(obstacles.begin(), obstacles.end(), [&](std::uint64_t token) {
    return grants_.at(token)->priority < waiter.priority;
  });
}

/// Has the preemption on the key thought over at the end of the entry.
void Machine::review(Space space, std::string_view name, const Key& key) {
  if (key.queue && key.queue->preempting > 0) reviewed_.emplace_back(space, name);
}

void Machine::review(const Claim& claim) {
  for (const KeyMode& wanted : claim.keys) {
    const auto it = keys_of(claim.space).find(wanted.key);
    if (it != keys_of(claim.space).end()) review(claim.space, wanted.key, it->second);
  }
}

/// None begins before all have been withdrawn that are to be: one of several keys may overtake
/// others on each of them.
void Machine::review_preemptions() {
  const std::vector<KeyName> names = std::exchange(reviewed_, {});
  const auto queue_of = [&](const KeyName& name) -> const Key::Queue* {
    const auto it = keys_of(name.first).find(name.second);
    return it == keys_of(name.first).end() ? nullptr : it->second.queue.get();
  };
  for (const KeyName& name : names) {
    const Key::Queue* queue = queue_of(name);
    if (queue == nullptr || queue->preemptor == 0) continue;
    Waiter& waiter = *waiters_.at(queue->preemptor);
    if (!may_preempt(waiter)) withdraw_preemption(waiter);
  }
  for (const KeyName& name : names) {
    const Key::Queue* queue = queue_of(name);
    if (queue == nullptr || queue->preemptor != 0 || queue->all.empty()) continue;
    Waiter& first = *waiters_.at(queue->all.begin()->second);
    if (may_preempt(first)) begin_preemption(first);
  }
}

void Machine::begin_preemption(Waiter& waiter) {
  waiter.cut_off = now_ + *waiter.details->grace;
  deadlines_.add({waiter.cut_off, Deadline::Kind::CutOff, waiter.id});
  for (const KeyMode& wanted : waiter.keys) {
    keys_of(waiter.space).at(wanted.key).queue->preemptor = waiter.id;
  }
  for (const std::uint64_t token : obstacles_of(waiter)) {
    notify(*grants_.at(token), "preempt",
           {{"by", name_of(waiter.session, waiter.connection)},
            {"grace", waiter.details->grace->ms()},
            {"withdrawn", false}});
  }
}

/// Tells those who are still there that they may stay.
void Machine::withdraw_preemption(Waiter& waiter) {
  deadlines_.remove({waiter.cut_off, Deadline::Kind::CutOff, waiter.id});
  waiter.cut_off = Time::never();
  for (const KeyMode& wanted : waiter.keys) {
    keys_of(waiter.space).at(wanted.key).queue->preemptor = 0;
  }
  for (const std::uint64_t token : obstacles_of(waiter)) {
    notify(*grants_.at(token), "preempt",
           {{"by", name_of(waiter.session, waiter.connection)},
            {"grace", waiter.details->grace->ms()},
            {"withdrawn", true}});
  }
}

/// The grant is about to hold the key in this mode. If it was not asked to leave, the preemption
/// there begins anew at the end of the entry, so that it is told and has its whole grace as well.
void Machine::come_into_the_way(const Grant& grant, const KeyMode& to_hold, const Key& key) {
  if (!key.queue) return;
  const std::uint64_t preemptor = key.queue->preemptor;
  if (preemptor == 0) return;
  Waiter& waiter = *waiters_.at(preemptor);
  const bool conflicts = std::any_of(waiter.keys.begin(), waiter.keys.end(), [&](const KeyMode& k) {
    return k.key == to_hold.key && !(k.shared && to_hold.shared);
  });
  const std::vector<std::uint64_t> told = obstacles_of(waiter);
  if (conflicts && !std::binary_search(told.begin(), told.end(), grant.token)) {
    withdraw_preemption(waiter);
  }
}

/// The grace is over. What else fell due in this entry may have changed the case.
void Machine::cut_off(std::uint64_t id) {
  Waiter& waiter = *waiters_.at(id);
  review(waiter);
  if (!may_preempt(waiter)) return withdraw_preemption(waiter);
  const std::vector<std::uint64_t> obstacles = obstacles_of(waiter);
  waiter.cut_off = Time::never();
  for (const KeyMode& wanted : waiter.keys) {
    keys_of(waiter.space).at(wanted.key).queue->preemptor = 0;
  }
  for (const std::uint64_t token : obstacles) {
    Grant& grant = *grants_.at(token);
    notify(grant, "lost", {{"cause", "preempted"}});
    end_grant(grant, EndCause::Preempted);
  }
}

}  // namespace state
