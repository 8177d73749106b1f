// What is asked of locks alone: entering again, upgrading, downgrading.
#include "checker/lock_model.h"

namespace checker {

using command::Granted;
using command::KeyMode;
using command::Number;

command::Reply LockModel::on(const command::LockAcquire& wanted) {
  if (entry_->origin.session != 0 && !wanted.owner.empty()) {
    if (ModelClaim* held = find_entered(wanted)) return enter_again(*held, wanted);
    if (is_in_own_way(wanted)) return refused(Code::Conflict);
  }
  ModelClaim claim = claim_of(Realm::Lock, wanted.keys, wanted);
  claim.owner = wanted.owner;
  if (claim.agent.empty()) claim.agent = wanted.owner;
  claim.on_loss = wanted.on_loss;
  if (wanted.preemption) claim.grace = wanted.preemption->us();
  return acquire(claim, wanted);
}

/// The owner's oldest hold that covers all that is asked for.
ModelClaim* LockModel::find_entered(const command::LockAcquire& wanted) {
  ModelClaim* found = nullptr;
  for (ModelClaim* held : claims.of_session(entry_->origin.session)) {
    const bool is_own = !held->waits() && held->realm == Realm::Lock && held->owner == wanted.owner;
    const bool covers =
        is_own && std::all_of(wanted.keys.begin(), wanted.keys.end(), [&](const KeyMode& w) {
          const KeyMode* h = held->on(w.key);
          return h != nullptr && (w.shared || !h->shared);
        });
    if (covers && (found == nullptr || held->token < found->token)) found = held;
  }
  return found;
}

/// It would wait for itself.
bool LockModel::is_in_own_way(const command::LockAcquire& wanted) const {
  const auto& own = claims.of_session(entry_->origin.session);
  return std::any_of(own.begin(), own.end(), [&](const ModelClaim* held) {
    if (held->waits() || held->realm != Realm::Lock || held->owner != wanted.owner) return false;
    return std::any_of(wanted.keys.begin(), wanted.keys.end(), [&](const KeyMode& w) {
      const KeyMode* h = held->on(w.key);
      return h != nullptr && !(w.shared && h->shared);
    });
  });
}

command::Reply LockModel::enter_again(ModelClaim& held, const command::LockAcquire& wanted) {
  meet("an owner enters again");
  const auto is_asked_to_leave = [&](const ModelClaim& c) { return c.told.contains(held.id); };
  if (count(is_asked_to_leave) > 0) meet("an owner enters again while it is asked to leave");
  changed_ = true;
  ++held.entries;
  if (wanted.lease && held.lease_end)
    held.lease_end = std::max(*held.lease_end, now + wanted.lease->us());
  session()->renewed = now;
  return Granted{held.token, lease_left(held), {}};
}

command::Reply LockModel::on(const command::LockCheck& check) {
  return Number{find_held(Realm::Lock, check.key, check.token) != nullptr ? 1 : 0};
}

/// Goes before all who wait for the key, and waits for those alone who share it.
command::Reply LockModel::on(const command::LockUpgrade& upgrade) {
  if (auto refusal = refuse_token(Realm::Lock, upgrade.key, upgrade.token)) return *refusal;
  const ModelClaim& held = *find_held(Realm::Lock, upgrade.key, upgrade.token);
  if (!held.on(upgrade.key)->shared) return Granted{held.token, lease_left(held), {}};
  const auto& there = claims.about(Realm::Lock, upgrade.key);
  const auto is_same = [&](const ModelClaim* c) { return c->upgrades == held.id; };
  if (std::any_of(there.begin(), there.end(), is_same)) return refused(Code::Conflict);
  if (find_ticket(entry_->ticket) != nullptr) return refused(Code::Conflict);
  command::Terms terms;
  terms.wait = upgrade.wait;
  terms.priority = held.priority;
  ModelClaim waiter = claim_of(Realm::Lock, {{upgrade.key, false}}, terms);
  waiter.virtual_arrival = std::numeric_limits<std::int64_t>::min();
  waiter.upgrades = held.id;
  if (held.origin.session == entry_->origin.session) {
    waiter.owner = held.owner;
    waiter.agent = held.agent;
  }
  if (is_obstructed(waiter)) {
    if (upgrade.wait == base::Duration()) return refused(Code::Busy);
    return wait(waiter);
  }
  changed_ = true;
  claims.add(waiter);
  return finish_upgrade(waiter.id);
}

command::Reply LockModel::on(const command::LockDowngrade& downgrade) {
  if (auto refusal = refuse_token(Realm::Lock, downgrade.key, downgrade.token)) return *refusal;
  ModelClaim& held = *find_held(Realm::Lock, downgrade.key, downgrade.token);
  for (KeyMode& k : held.keys) {
    if (k.key != downgrade.key || k.shared) continue;
    changed_ = true;
    k.shared = true;
    may_stick_ = true;
    if (ModelSession* own = session()) own->renewed = now;
  }
  return command::Renewed{held.token, lease_left(held)};
}

command::Reply LockModel::on(const command::Cancel& cancel) {
  const ModelClaim* waiter = find_ticket(cancel.ticket);
  if (waiter == nullptr) return Number{0};
  changed_ = true;
  refuse(waiter->id, Code::Cancelled);
  return Number{1};
}

}  // namespace checker
