// Unclean loss: what becomes of the keys of a holder that did not release them.
//
// Each grant so lost may leave a mark on its keys. While a mark stands, nothing
// new is granted there, and who waits for the key reserves none of his others:
// else one shut account would stop every payment of a busy merchant.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "state/machine.h"

namespace state {

using command::KeyMode;
using command::Number;
using command::Refused;
using command::Reply;

bool Machine::has_shut_key(const Claim& claim) const {
  if (marks_.empty()) return false;
  return std::any_of(claim.keys.begin(), claim.keys.end(), [&](const KeyMode& k) {
    const auto it = keys_of(claim.space).find(k.key);
    return it != keys_of(claim.space).end() && it->second.marks != nullptr;
  });
}

void Machine::shut(const Grant& grant, EndCause cause, std::string holder) {
  Mark mark;
  mark.token = grant.token;
  mark.lost = grant;
  mark.holder = std::move(holder);
  mark.cause = cause;
  mark.since = now_;
  mark.since_wall = entry_->wall;
  if (grant.details->on_loss.kind == command::OnLoss::Kind::Delay)
    mark.until = now_ + grant.details->on_loss.delay;
  deadlines_.add({mark.until, Deadline::Kind::Mark, mark.token});
  std::vector<std::uint64_t> waiting;
  for (const KeyMode& held : grant.keys) {
    Key& key = keys_of(grant.space).at(held.key);
    if (!key.marks) key.marks = std::make_unique<absl::btree_set<std::uint64_t>>();
    key.marks->insert(mark.token);
    if (!key.queue) continue;
    for (const auto& [place, id] : key.queue->all) waiting.push_back(id);
  }
  for (const std::uint64_t id : waiting) {
    Waiter& waiter = *waiters_.at(id);
    if (waiter.parked) continue;  // met on another of the keys
    if (waiter.cut_off != Time::never()) withdraw_preemption(waiter);
    step_out(waiter);
    waiter.parked = true;
    line_up(waiter);
    touch(waiter);  // what it reserved is free for others
    review(waiter);
  }
  marks_.emplace(mark.token, std::move(mark));
}

void Machine::open(std::uint64_t token) {
  const auto node = marks_.extract(token);
  CHECK(!node.empty());
  const Mark& mark = node.mapped();
  deadlines_.remove({mark.until, Deadline::Kind::Mark, token});
  std::vector<std::uint64_t> waiting;
  for (const KeyMode& held : mark.lost.keys) {
    Key& key = keys_of(mark.lost.space).at(held.key);
    key.marks->erase(token);
    if (!key.marks->empty()) continue;
    key.marks.reset();
    if (!key.queue) continue;
    for (const auto& [place, id] : key.queue->parked) waiting.push_back(id);
  }
  for (const std::uint64_t id : waiting) {
    Waiter& waiter = *waiters_.at(id);
    if (!waiter.parked || has_shut_key(waiter)) continue;
    step_out(waiter);
    waiter.parked = false;
    line_up(waiter);
    touch(waiter);
    review(waiter);
    suspect(waiter);
    suspect_behind(waiter);
  }
  touch(mark.lost);
}

Reply Machine::on(const command::LockResolve& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = keys_of(Space::Lock).find(command.key);
  if (it == keys_of(Space::Lock).end() || !it->second.marks) return Number{0};
  const absl::btree_set<std::uint64_t> marks = *it->second.marks;
  std::int64_t resolved = 0;
  for (const std::uint64_t token : marks) {
    if (command.token != 0 && command.token != token) continue;
    changed();
    open(token);
    ++resolved;
  }
  return Number{resolved};
}

Reply Machine::on(const command::LockRevoke& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = keys_of(Space::Lock).find(command.key);
  if (it == keys_of(Space::Lock).end()) return Number{0};
  const auto holders = it->second.holders;
  const EndCause cause = command.resolved ? EndCause::RevokedResolved : EndCause::Revoked;
  std::int64_t revoked = 0;
  for (const std::uint64_t token : holders) {
    if (command.token != 0 && command.token != token) continue;
    changed();
    Grant& grant = *grants_.at(token);
    notify(grant, "revoked", {{"cause", "revoked"}, {"reason", command.reason}});
    end_grant(grant, cause);
    ++revoked;
  }
  return Number{revoked};
}

}  // namespace state
