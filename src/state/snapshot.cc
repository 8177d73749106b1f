// The whole state as bytes, and back.
//
//     format u32 · rules · last index u64 · cluster time i64 · running digest u64
//     sessions: count u32, each by rising id
//     grants:   count u32, each by rising token
//     waiters:  count u32, each by rising id
//     ended grants
//     marks:      count u32, each by rising token
//     semaphores: count u32, each by name
//     hold times: count u32, each key from the longest not counted to the last
//     flows, events, barriers, latches: see snapshot_tasks.cc
//
// Keys, queues, deadlines and each session's lists follow from these.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/planted.h"
#include "state/machine.h"
#include "state/sane.h"

namespace state {

namespace {

constexpr std::uint32_t kFormat = 3;

template <class Map>
std::vector<std::uint64_t> sorted_ids(const Map& map) {
  std::vector<std::uint64_t> ids;
  ids.reserve(map.size());
  for (const auto& [id, item] : map) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::unexpected<base::Error> corrupt(std::string what) {
  return base::failure(base::Fault::Corrupt, "the snapshot's state is damaged: " + std::move(what));
}

using state::is_sane;

/// Many are lengths of time in milliseconds; a count is never larger.
bool is_sane(const command::Limits& limits) {
  bool is_sane = true;
  command::for_each_limit(limits, [&](const char*, const char*, std::int64_t value) {
    is_sane = is_sane && value >= 0 && value < kLengthMax / 1'000;
  });
  return is_sane;
}

bool is_sane(const command::Rules& rules) {
  return is_sane(rules.ageing_step) && is_sane(rules.slack_min) && rules.slack_percent >= 0 &&
         rules.slack_percent <= 1'000 && is_sane(rules.limits);
}

bool are_distinct(const command::KeyModes& keys) {
  std::vector<std::string_view> names(keys.size());
  std::transform(keys.begin(), keys.end(), names.begin(),
                 [](const command::KeyMode& k) { return std::string_view(k.key); });
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

}  // namespace

void Machine::save(std::string& out) const {
  CHECK(entry_ == nullptr);
  base::ByteWriter writer(out);
  writer(kFormat, rules_, last_index_, now_, running_digest_);
  writer(static_cast<std::uint32_t>(sessions_.size()));
  for (const auto& [id, session] : sessions_) writer(*session);
  writer(static_cast<std::uint32_t>(grants_.size()));
  for (const auto& [token, grant] : grants_) writer(*grant);
  writer(static_cast<std::uint32_t>(waiters_.size()));
  for (std::uint64_t id : sorted_ids(waiters_)) writer(*waiters_.at(id));
  writer(ended_);
  writer(static_cast<std::uint32_t>(marks_.size()));
  for (const auto& [token, mark] : marks_) writer(mark);
  writer(static_cast<std::uint32_t>(semaphores_.size()));
  for (const auto& [name, semaphore] : semaphores_) writer(semaphore);
  writer(hold_times_);
  save_tasks(writer);
}

std::uint64_t Machine::digest() const {
  std::string bytes;
  save(bytes);
  return base::hash64(bytes);
}

base::Result<void> Machine::restore(std::string_view bytes) {
  CHECK_EQ(last_index_, 0U);
  CHECK(sessions_.empty());
  base::ByteReader reader(bytes);
  std::uint32_t format = 0;
  reader(format);
  if (format != kFormat) return corrupt(fmt::format("unknown format {}", format));
  reader(rules_, last_index_, now_, running_digest_);
  if (rules_.version > kRulesVersion) {
    return corrupt(
        fmt::format("it follows rules of version {}, this program knows {}; run a newer turnstile",
                    rules_.version, kRulesVersion));
  }
  if (!is_sane(now_) || !is_sane(rules_)) return corrupt("times or limits out of range");
  if (last_index_ >= kIndexMax) return corrupt("the index is out of range");
  std::uint32_t count = 0;
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    Session session;
    reader(session);
    if (PLANTED(AnswersNotInSnapshot)) session.answers = {};
    if (!is_sane(session.ttl) || !is_sane(session.renewed)) return corrupt("a session's times");
    session.alarm = expiry_of(session);
    deadlines_.add({session.alarm, Deadline::Kind::Session, session.id});
    if (session.id == 0 || !sessions_.insert(std::move(session))) {
      return corrupt("a session's id");
    }
  }
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    auto grant = std::make_unique<Grant>();
    reader(*grant);
    if (!rebuild_grant(std::move(grant))) return corrupt("a grant contradicts another");
  }
  // Marks and semaphores decide where waiters stand, but are stored after them.
  std::vector<std::unique_ptr<Waiter>> waiting;
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    reader(*waiting.emplace_back(std::make_unique<Waiter>()));
  }
  reader(ended_);
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    Mark mark;
    reader(mark);
    if (!rebuild_mark(std::move(mark))) return corrupt("a mark contradicts another");
  }
  reader(count);
  for (std::uint32_t i = 0; reader.ok() && i < count; ++i) {
    Semaphore semaphore;
    reader(semaphore);
    if (!rebuild_semaphore(std::move(semaphore))) return corrupt("a semaphore is damaged");
  }
  reader(hold_times_);
  if (!restore_flows(reader)) return corrupt("a task contradicts another");
  if (!restore_signals(reader)) return corrupt("a signal is damaged");
  for (auto& waiter : waiting) {
    if (!rebuild_waiter(std::move(waiter))) return corrupt("a waiter contradicts another");
  }
  if (!reader.ok() || !reader.at_end()) return corrupt("it is incomplete, or has bytes left over");
  if (auto broken = broken_invariant()) return corrupt(*broken);
  return {};
}

bool Machine::is_sane_claim(const Claim& claim) const {
  if (claim.space > Space::Last || claim.keys.empty() || !are_distinct(claim.keys)) return false;
  const bool may_be_many = claim.space == Space::Lock || claim.space == Space::Pool;
  if (!may_be_many && claim.keys.size() > 1) return false;
  const bool is_shared = !is_granting(claim.space);
  if (claim.space != Space::Lock && claim.keys.front().shared != is_shared) return false;
  if (claim.details->permits < 1 || claim.details->permits > kPermitsMax) return false;
  if (claim.details->on_loss.kind > command::OnLoss::Kind::Last ||
      !is_sane(claim.details->on_loss.delay)) {
    return false;
  }
  if (claim.may_shut() && claim.space != Space::Lock) return false;
  const bool is_named = !claim.details->owner.empty() || !claim.agent.empty();
  return claim.session != 0 || (!is_named && claim.space != Space::Election);
}

bool Machine::rebuild_grant(std::unique_ptr<Grant> grant) {
  if (grants_.contains(grant->token) || !is_sane_claim(*grant)) return false;
  if (!is_granting(grant->space)) return false;
  if (grant->details->entries < 1 || !is_sane_count(grant->details->entries)) return false;
  if (!is_sane(grant->granted) || grant->granted > now_) return false;
  if (!is_sane_or_never(grant->lease_end)) return false;
  if (grant->session != 0 && !sessions_.contains(grant->session)) return false;
  for (const command::KeyMode& held : grant->keys) {
    const auto it = keys_of(grant->space).find(held.key);
    if (it == keys_of(grant->space).end() || grant->space == Space::Semaphore) continue;
    if (it->second.exclusive || !held.shared) return false;
  }
  hold_keys(*grant);
  deadlines_.add({grant->lease_end, Deadline::Kind::Lease, grant->token});
  list_claim(*grant, grant->token, &AgentClaims::grants);
  if (grant->session != 0) sessions_.at(grant->session).grants.insert(grant->token);
  const std::uint64_t token = grant->token;
  grants_.emplace(token, std::move(grant));
  return true;
}

bool Machine::rebuild_waiter(std::unique_ptr<Waiter> waiter) {
  if (waiters_.contains(waiter->id) || !is_sane_claim(*waiter)) return false;
  if (!is_sane(waiter->arrived) || !is_sane(waiter->asked) || !is_sane(waiter->give_up)) {
    return false;
  }
  if ((waiter->lease && !is_sane(*waiter->lease)) ||
      (waiter->details->grace && !is_sane(*waiter->details->grace))) {
    return false;
  }
  if (waiter->session != 0 && !sessions_.contains(waiter->session)) return false;
  if (waiter->details->on_death > command::OnDeath::Last) return false;
  if (waiter->upgrades != 0) {
    const auto grant = grants_.find(waiter->upgrades);
    if (grant == grants_.end() || grant->second->details->upgrade != 0) return false;
  }
  if (waiter->space == Space::Semaphore && !semaphores_.contains(waiter->keys.front().key)) {
    return false;
  }
  for (const command::KeyMode& wanted : waiter->keys) {
    const auto it = keys_of(waiter->space).find(wanted.key);
    if (it == keys_of(waiter->space).end() || !it->second.queue) continue;
    const Key::Queue& queue = *it->second.queue;
    if (queue.all.contains(waiter->place) || queue.parked.contains(waiter->place)) return false;
  }
  waiter->parked = has_shut_key(*waiter);
  const Waiter& waiting = insert_waiter(std::move(waiter));
  if (waiting.cut_off == Time::never()) return true;
  if (!is_sane(waiting.cut_off) || !waiting.details->grace || waiting.parked) return false;
  deadlines_.add({waiting.cut_off, Deadline::Kind::CutOff, waiting.id});
  for (const command::KeyMode& wanted : waiting.keys) {
    std::uint64_t& preemptor = keys_of(waiting.space).at(wanted.key).queue->preemptor;
    if (preemptor != 0) return false;
    preemptor = waiting.id;
  }
  return true;
}

bool Machine::rebuild_mark(Mark mark) {
  if (marks_.contains(mark.token) || grants_.contains(mark.token)) return false;
  if (!is_sane_claim(mark.lost) || mark.lost.space != Space::Lock) return false;
  if (mark.cause > EndCause::Last || !is_sane(mark.since) || mark.since > now_) return false;
  if (!is_sane_or_never(mark.until)) return false;
  for (const command::KeyMode& held : mark.lost.keys) {
    Key& key = keys_of(Space::Lock)[held.key];
    if (!key.marks) key.marks = std::make_unique<absl::btree_set<std::uint64_t>>();
    key.marks->insert(mark.token);
  }
  deadlines_.add({mark.until, Deadline::Kind::Mark, mark.token});
  marks_.emplace(mark.token, std::move(mark));
  return true;
}

bool Machine::rebuild_semaphore(Semaphore semaphore) {
  if (semaphores_.contains(semaphore.name) || semaphore_names_.contains(semaphore.id)) {
    return false;
  }
  if (semaphore.id == 0 || semaphore.limit < 1 || !is_sane_count(semaphore.limit)) return false;
  if (!is_sane_or_never(semaphore.forget)) return false;
  deadlines_.add({semaphore.forget, Deadline::Kind::Semaphore, semaphore.id});
  semaphore_names_.emplace(semaphore.id, semaphore.name);
  semaphores_.emplace(semaphore.name, std::move(semaphore));
  return true;
}

}  // namespace state
