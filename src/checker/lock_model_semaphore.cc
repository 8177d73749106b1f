// Semaphores and elections.
#include "checker/lock_model.h"

namespace checker {

// --- semaphores

command::Reply LockModel::on(const command::SemAcquire& wanted) {
  const ModelSemaphore* known = find_semaphore(wanted.key);
  if (known == nullptr && wanted.limit == 0) return refused(Code::Malformed);
  if (known != nullptr && wanted.limit != 0 && wanted.limit != known->limit)
    return refused(Code::Conflict);
  const std::int64_t limit = known == nullptr ? wanted.limit : known->limit;
  if (wanted.permits > limit) return refused(Code::Limit);
  const bool is_new = known == nullptr;
  if (is_new) {
    if (static_cast<std::int64_t>(semaphores.size()) >= rules.limits.semaphores)
      return refused(Code::Limit);
    semaphores.push_back({entry_->index, wanted.key, limit, {}});
  }
  ModelClaim claim = claim_of(Realm::Semaphore, {{wanted.key, false}}, wanted);
  claim.permits = wanted.permits;
  Reply reply = acquire(claim, wanted);
  if (is_new && !changed_) semaphores.pop_back();
  return reply;
}

/// Who holds permits keeps them; who asks for more than there will ever be is refused.
command::Reply LockModel::on(const command::SemResize& resize) {
  ModelSemaphore* known = nullptr;
  for (ModelSemaphore& semaphore : semaphores) {
    if (semaphore.name == resize.key) known = &semaphore;
  }
  if (known == nullptr) {
    if (static_cast<std::int64_t>(semaphores.size()) >= rules.limits.semaphores)
      return refused(Code::Limit);
    changed_ = true;
    semaphores.push_back({entry_->index, resize.key, resize.limit, {}});
    return command::Done{};
  }
  if (known->limit == resize.limit) return command::Done{};
  changed_ = true;
  known->limit = resize.limit;
  may_stick_ = true;
  if (permits_out(resize.key) > resize.limit) meet("a semaphore shrinks below what is out");
  std::vector<const ModelClaim*> waiting;
  for (const ModelClaim* c : claims.about(Realm::Semaphore, resize.key)) {
    if (c->waits()) waiting.push_back(c);
  }
  if (!waiting.empty()) meet("a semaphore is resized while somebody waits for it");
  std::sort(waiting.begin(), waiting.end(),
            [](auto* a, auto* b) { return a->place() < b->place(); });
  for (const ModelClaim* waiter : waiting) {
    if (waiter->permits > resize.limit) refuse(waiter->id, Code::Limit);
  }
  return command::Done{};
}

/// One that nobody uses is to be forgotten.
void LockModel::settle_semaphores() {
  for (ModelSemaphore& semaphore : semaphores) {
    if (!claims.about(Realm::Semaphore, semaphore.name).empty()) {
      semaphore.forget.reset();
    } else if (!semaphore.forget) {
      semaphore.forget = now + rules.limits.semaphore_idle_ms * 1'000;
    }
  }
}

command::Reply LockModel::on(const command::SemInfo& info) {
  const ModelSemaphore* known = find_semaphore(info.key);
  const auto& there = claims.about(Realm::Semaphore, info.key);
  const auto waiting =
      std::count_if(there.begin(), there.end(), [](auto* c) { return c->waits(); });
  return Value(Value::Map{{"key", info.key},
                          {"limit", known == nullptr ? Value() : Value(known->limit)},
                          {"used", permits_out(info.key)},
                          {"held", static_cast<std::int64_t>(there.size()) - waiting},
                          {"waiting", waiting}});
}

// --- elections

command::Reply LockModel::on(const command::ElectionCampaign& campaign) {
  if (entry_->origin.session == 0) return refused(Code::Malformed);
  ModelClaim claim = claim_of(Realm::Election, {{campaign.name, false}}, campaign);
  claim.value = campaign.value;
  return acquire(claim, campaign);
}

command::Reply LockModel::on(const command::ElectionProclaim& proclaim) {
  if (auto refusal = refuse_token(Realm::Election, proclaim.name, proclaim.token)) return *refusal;
  changed_ = true;
  find_held(Realm::Election, proclaim.name, proclaim.token)->value = proclaim.value;
  elections_.insert(proclaim.name);
  return command::Done{};
}

command::Value LockModel::leader_of(const std::string& election) const {
  const ModelClaim* leader = nullptr;
  std::int64_t candidates = 0;
  for (const ModelClaim* claim : claims.about(Realm::Election, election)) {
    if (claim->waits()) {
      ++candidates;
    } else {
      leader = claim;
    }
  }
  const bool is_led = leader != nullptr;
  return Value::Map{{"election", election},
                    {"state", is_led ? "led" : "vacant"},
                    {"value", is_led ? Value(leader->value) : Value()},
                    {"term", is_led ? Value(leader->token) : Value()},
                    {"session", is_led ? Value(leader->origin.session) : Value()},
                    {"candidates", candidates}};
}

void LockModel::tell_leaders() {
  for (const std::string& name : elections_) {
    events_.push_back(command::LeaderChanged{name, leader_of(name)});
  }
  elections_.clear();
}

}  // namespace checker
