// Asking for a grant of any kind, giving it, and ending it.
#include "checker/lock_model.h"
#include "checker/wait_graph.h"

namespace checker {

using command::Granted;
using command::KeyMode;
using command::Number;

ModelClaim LockModel::claim_of(Realm realm, command::KeyModes keys,
                               const command::Terms& terms) const {
  ModelClaim claim;
  claim.id = entry_->index;
  claim.realm = realm;
  claim.keys = std::move(keys);
  claim.origin = entry_->origin;
  claim.request = entry_->request;
  claim.ticket = entry_->ticket;
  claim.priority = terms.priority;
  claim.agent = terms.agent;
  if (terms.lease) claim.lease = terms.lease->us();
  claim.virtual_arrival = now - rules.ageing_step.us() * terms.priority;
  claim.asked = now;
  claim.give_up = now + terms.wait.us();
  return claim;
}

command::Reply LockModel::acquire(const ModelClaim& asked_for, const command::Terms& terms) {
  const std::uint64_t own = entry_->origin.session;
  if (own == 0 && (!terms.lease || !asked_for.agent.empty() || !asked_for.owner.empty()))
    return refused(Code::Malformed);
  const auto owned = static_cast<std::int64_t>(claims.of_session(own).size());
  if (owned >= rules.limits.grants_per_session) return refused(Code::Limit);
  const auto may_shut = [](const ModelClaim& c) { return c.may_shut(); };
  const auto marked = static_cast<std::int64_t>(marks.size());
  if (asked_for.may_shut() && count(may_shut) + marked >= rules.limits.marks)
    return refused(Code::Limit);
  if (find_ticket(entry_->ticket) != nullptr) return refused(Code::Conflict);
  if (is_obstructed(asked_for)) {
    if (terms.wait == base::Duration()) return refused(Code::Busy);
    if (terms.within && code_of(verdicts_->reply) == Code::Busy) {
      meet("the wait is foreseen to be too long");
      return refused(Code::Busy);
    }
    return wait(asked_for);
  }
  changed_ = true;
  return give(claims.add(asked_for));
}

command::Reply LockModel::wait(const ModelClaim& waiter) {
  const auto count_of = [](const ModelClaims::Some& some, auto&& is_counted) {
    return std::count_if(some.begin(), some.end(),
                         [&](const ModelClaim* c) { return is_counted(*c); });
  };
  const auto is_own = [&](const ModelClaim& c) { return is_callers_wait(c); };
  if (count_of(claims.of_session(entry_->origin.session), is_own) >=
      rules.limits.waiters_per_session)
    return refused(Code::Limit);
  for (const KeyMode& k : waiter.keys) {
    const auto is_there = [&](const ModelClaim& c) { return c.waits(); };
    if (count_of(claims.about(waiter.realm, k.key), is_there) >= rules.limits.waiters_per_key)
      return refused(Code::Limit);
  }
  may_stick_ = true;
  const ModelClaim& added = claims.add(waiter);
  if (code_of(verdicts_->reply) == Code::Deadlock && !verdicts_->changed) {
    judge(added);
    remove(waiter.id);
    return refused(Code::Deadlock);
  }
  changed_ = true;
  return command::Waiting{waiter.id};
}

/// Whether another waits for its names, or who asked for it waits for more. If not, that it
/// comes or goes is in nobody's way.
bool LockModel::is_waited_about(const ModelClaim& claim) const {
  const auto waits = [&](const ModelClaim* other) { return other != &claim && other->waits(); };
  return std::ranges::any_of(claims.of_session(claim.origin.session), waits) ||
         std::ranges::any_of(claim.keys, [&](const KeyMode& k) {
           return std::ranges::any_of(claims.about(claim.realm, k.key), waits);
         });
}

command::Granted LockModel::give(ModelClaim& claim) {
  if (is_waited_about(claim)) may_stick_ = true;
  claims.give(claim, next_token_++);
  claim.cut_off.reset();  // whoever was asked to leave has left
  claim.told.clear();
  if (claim.lease) claim.lease_end = now + *claim.lease;
  if (claim.realm == Realm::Election) elections_.insert(claim.keys.front().key.str());
  renew(claim.origin.session, claim.request, claim.token);
  return {claim.token, lease_left(claim), base::Duration::from_us(now - claim.asked)};
}

/// The whole grant goes on under a new token.
command::Granted LockModel::finish_upgrade(std::uint64_t id) {
  may_stick_ = true;
  const ModelClaim waiter = *claim(id);
  ModelClaim& held = *claim(waiter.upgrades);
  const std::string_view key = waiter.keys.front().key;
  const auto& there = claims.about(Realm::Lock, key);
  const auto writer_waits = [&](const ModelClaim* c) {
    return c->waits() && c->id != id && !c->on(key)->shared;
  };
  if (std::any_of(there.begin(), there.end(), writer_waits))
    meet("an upgrade passes waiting writers");
  remember_end(held.token, "upgraded");
  held.token = next_token_++;
  for (KeyMode& k : held.keys) {
    if (k.key == key) k.shared = false;
  }
  remove(id);
  renew(waiter.origin.session, waiter.request, held.token);
  return {held.token, lease_left(held), base::Duration::from_us(now - waiter.asked)};
}

/// A pushed grant is worth a whole TTL, and is what a repeat of its request gets.
void LockModel::renew(std::uint64_t id, std::uint64_t request, std::uint64_t token) {
  ModelSession* own = session(id);
  if (own == nullptr) return;
  own->renewed = now;
  const auto kept = own->kept.find(request);
  if (kept == own->kept.end()) return;
  kept->second.reply = Granted{token, {}, {}};
  forget_oldest(*own);
}

/// L7: until nobody waits who could be granted.
void LockModel::hand_on() {
  while (true) {
    ModelClaim* first = nullptr;
    for (const auto& [id, waiter] : claims.waiting()) {
      if (first != nullptr && first->place() < waiter->place()) continue;
      if (!is_obstructed(*waiter)) first = waiter;
    }
    if (first == nullptr) return;
    if (first->upgrades == 0) {
      tell(*first, give(*first));
      continue;
    }
    const ModelClaim waiter = *first;
    tell(waiter, finish_upgrade(waiter.id));
  }
}

/// L8: the machine chooses a victim; the model says whether it is one.
void LockModel::judge(const ModelClaim& victim) {
  const WaitGraph graph(*this);
  if (!graph.is_victim(victim)) objection_ = "a waiter is refused that is no victim of a deadlock";
  if (victim.upgrades != 0) meet("an upgrade is the victim of a deadlock");
  if (victim.realm == Realm::Semaphore) meet("a request for permits is the victim of a deadlock");
  if (std::holds_alternative<command::Tick>(entry_->command)) meet("a deadlock appears by time");
}

void LockModel::refuse_victims() {
  std::vector<std::uint64_t> victims;
  for (const command::Event& event : verdicts_->events) {
    const auto* over = std::get_if<command::WaitEnded>(&event);
    if (over != nullptr && code_of(over->reply) == Code::Deadlock) victims.push_back(over->waiter);
  }
  if (code_of(verdicts_->reply) == Code::Deadlock) victims.push_back(entry_->index);
  for (const std::uint64_t id : victims) {
    const ModelClaim* victim = claim(id);
    if (victim == nullptr || !victim->waits()) {
      objection_ = "a waiter is refused that does not wait";
      return;
    }
    judge(*victim);
    refuse(id, Code::Deadlock);
    hand_on();
  }
}

// --- ends

void LockModel::tell(const ModelClaim& waiter, Reply outcome) {
  may_stick_ = true;
  events_.push_back(command::WaitEnded{waiter.id, waiter.origin.connection, waiter.origin.session,
                                       waiter.ticket.str(), std::move(outcome)});
}

void LockModel::remove(std::uint64_t id) { claims.remove(id); }

void LockModel::refuse(std::uint64_t id, Code code, const std::string& cause) {
  ModelClaim& waiter = *claim(id);
  if (waiter.cut_off) withdraw_preemption(waiter);
  tell(waiter, refused(code, cause));
  // A refusal is not remembered.
  if (ModelSession* own = session(waiter.origin.session)) own->kept.erase(waiter.request);
  remove(id);
}

void LockModel::remember_end(std::uint64_t token, const std::string& cause) {
  ended.add(token, cause, static_cast<std::size_t>(rules.limits.ended_grants));
}

void LockModel::end(std::uint64_t id, const std::string& cause, bool is_clean) {
  const ModelClaim over = *claim(id);
  std::set<std::uint64_t> upgrades;
  for (const KeyMode& k : over.keys) {
    for (const ModelClaim* waiter : claims.about(over.realm, k.key)) {
      if (waiter->upgrades == id) upgrades.insert(waiter->id);
    }
  }
  for (const std::uint64_t upgrade : upgrades) refuse(upgrade, Code::Stale, cause);
  remember_end(over.token, cause);
  if (is_waited_about(over)) may_stick_ = true;
  if (over.realm == Realm::Election) elections_.insert(over.keys.front().key.str());
  remove(id);
  if (!is_clean && over.may_shut()) shut(over);
}

// --- by token

/// None if the caller may act on the token.
std::optional<command::Reply> LockModel::refuse_token(Realm realm, std::string_view key,
                                                      std::uint64_t token) {
  const ModelClaim* held = find_held(realm, key, token);
  if (held == nullptr) return refused(Code::Stale, ended.cause_of(token));
  const command::Origin& o = entry_->origin;
  const bool is_own = held->origin.user == o.user &&
                      (held->origin.session == 0 || held->origin.session == o.session);
  return is_own ? std::nullopt : std::optional(refused(Code::NotHolder));
}

command::Reply LockModel::release(Realm realm, std::string_view key, std::uint64_t token) {
  if (ended.cause_of(token) == "released") return Number{0};
  if (auto refusal = refuse_token(realm, key, token)) return *refusal;
  changed_ = true;
  ModelClaim& held = *find_held(realm, key, token);
  if (--held.entries == 0) end(held.id, "released", true);
  return Number{1};
}

command::Reply LockModel::renew_lease(Realm realm, std::string_view key, std::uint64_t token,
                                      base::Duration lease) {
  if (auto refusal = refuse_token(realm, key, token)) return *refusal;
  changed_ = true;
  ModelClaim& held = *find_held(realm, key, token);
  held.lease_end = now + lease.us();
  if (ModelSession* own = session()) own->renewed = now;
  return command::Renewed{held.token, lease_left(held)};
}

}  // namespace checker
