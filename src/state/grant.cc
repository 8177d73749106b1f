// Grants of all kinds: giving, renewing, ending them, and finding one's own.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Granted;
using command::KeyMode;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

/// The first grant of an entry gets its index, each further one the number after.
std::uint64_t Machine::next_token() {
  if (PLANTED(TokenReused)) return grants_.size() + 1;
  return entry_->index + tokens_given_++;
}

Granted Machine::give(std::unique_ptr<Grant> given, Time asked) {
  Grant& grant = *given;
  grant.granted = now_;
  grant.granted_wall = entry_->wall;
  const std::uint64_t token = grant.token;
  for (const KeyMode& held : grant.keys) {
    Key& key = keys_of(grant.space)[held.key];
    come_into_the_way(grant, held, key);
    hold_key(grant, held, key);
  }
  deadlines_.add({grant.lease_end, Deadline::Kind::Lease, token});
  list_claim(grant, token, &AgentClaims::grants);
  if (grant.session != 0) sessions_.at(grant.session).grants.insert(token);
  if (grant.space == Space::Election) elections_.push_back(grant.keys.front().key.str());
  const bool is_new = grants_.try_emplace(token, std::move(given)).second;
  CHECK(is_new);
  suspect(grant);  // it may be in the way of some who wait already, and wait for others itself
  if (watcher_ != nullptr) watcher_->on_grant(grant, asked);
  return {token, remaining_lease(grant), now_ - asked};
}

/// Frees the keys; whoever is next gets them at the end of this entry, unless the loss shuts them.
void Machine::end_grant(Grant& grant, EndCause cause) {
  if (grant.details->upgrade != 0) {
    refuse_waiter(
        grant.details->upgrade, Code::Stale,
        fmt::format("{} token {}, which was to be upgraded", cause_name(cause), grant.token));
  }
  const bool shuts = is_unclean(cause) && grant.may_shut() && !PLANTED(UncleanIsFree);
  for (const KeyMode& held : grant.keys) {
    const auto it = keys_of(grant.space).find(held.key);
    CHECK(it != keys_of(grant.space).end());
    unhold_key(grant, held, it->second);
    if (grant.space == Space::Lock) record_hold(grant, held, it->second);
    if (grant.space == Space::Lock && it->second.is_idle() && !shuts) {
      drop(grant.space, held.key, it);  // nobody waits for it, as mostly
    } else if (!PLANTED(WakeUpLost)) {
      touched_.emplace_back(grant.space, held.key);
    }
  }
  suspect(grant);  // its agent may have waited for itself there, and now waits for others
  if (grant.space == Space::Election) elections_.push_back(grant.keys.front().key.str());
  deadlines_.remove({grant.lease_end, Deadline::Kind::Lease, grant.token});
  unlist_claim(grant, grant.token, &AgentClaims::grants);
  if (grant.session != 0) sessions_.at(grant.session).grants.erase(grant.token);
  const bool is_attempt = grant.space == Space::Task;  // its task knows how it ended
  if (!is_attempt) {
    ended_.remember(grant.token, cause, static_cast<std::size_t>(rules_.limits.ended_grants));
  }
  if (shuts) shut(grant, cause, name_of(grant.session, grant.connection));
  const auto it = grants_.find(grant.token);
  const std::unique_ptr<Grant> ended = std::move(it->second);
  grants_.erase(it);
  if (is_attempt) lose_attempt(*ended, cause);
  if (watcher_ != nullptr) watcher_->on_end(*ended, cause);
}

Grant& Machine::change_token(Grant& grant) {
  const std::uint64_t before = grant.token;
  unhold_keys(grant);
  deadlines_.remove({grant.lease_end, Deadline::Kind::Lease, before});
  unlist_claim(grant, before, &AgentClaims::grants);
  ended_.remember(before, EndCause::Upgraded, static_cast<std::size_t>(rules_.limits.ended_grants));
  std::unique_ptr<Grant> kept = std::move(grants_.extract(before).mapped());
  kept->token = next_token();
  Grant& renamed = *kept;
  const bool is_new = grants_.emplace(renamed.token, std::move(kept)).second;
  CHECK(is_new);
  hold_keys(renamed);
  deadlines_.add({renamed.lease_end, Deadline::Kind::Lease, renamed.token});
  list_claim(renamed, renamed.token, &AgentClaims::grants);
  if (renamed.session != 0) {
    Session& session = sessions_.at(renamed.session);
    session.grants.erase(before);
    session.grants.insert(renamed.token);
  }
  return renamed;
}

void Machine::hold_keys(const Grant& grant) {
  for (const KeyMode& held : grant.keys) hold_key(grant, held, keys_of(grant.space)[held.key]);
}

void Machine::hold_key(const Grant& grant, const KeyMode& held, Key& key) {
  review(grant.space, held.key, key);
  if (grant.space == Space::Semaphore) {
    if (key.is_idle()) use_semaphore(held.key);
    key.permits += grant.details->permits;
  } else {
    CHECK(key.holders.empty() || (held.shared && !key.exclusive));
    key.exclusive = !held.shared;
  }
  key.holders.insert(grant.token);
}

void Machine::unhold_keys(const Grant& grant) {
  for (const KeyMode& held : grant.keys) unhold_key(grant, held, keys_of(grant.space).at(held.key));
}

void Machine::unhold_key(const Grant& grant, const KeyMode& held, Key& key) {
  review(grant.space, held.key, key);
  key.holders.erase(grant.token);
  if (grant.space == Space::Semaphore) key.permits -= grant.details->permits;
  if (key.holders.empty()) key.exclusive = false;
}

namespace {

/// Grants that name no agent are not filed: there are many, and they are seldom asked for.
bool is_filed(const Claim& claim, absl::btree_set<std::uint64_t> AgentClaims::* which) {
  return claim.session != 0 && (!claim.agent.empty() || which == &AgentClaims::waiters);
}

}  // namespace

/// Counts the claim, and files it under its agent.
void Machine::list_claim(const Claim& claim, std::uint64_t id, ClaimList which) {
  if (claim.may_shut()) ++may_shut_;
  if (claim.session == 0) ++anonymous_claims_;
  if (is_filed(claim, which)) (sessions_.at(claim.session).agents[claim.agent].*which).insert(id);
}

void Machine::unlist_claim(const Claim& claim, std::uint64_t id, ClaimList which) {
  if (claim.may_shut()) --may_shut_;
  if (claim.session == 0) {
    CHECK_GT(anonymous_claims_, 0U);
    --anonymous_claims_;
  }
  if (!is_filed(claim, which)) return;
  auto& agents = sessions_.at(claim.session).agents;
  const auto agent = agents.find(claim.agent);
  CHECK(agent != agents.end());
  auto& claims = agent->second.*which;
  claims.erase(id);
  // A session that waits once is somebody again: what it holds may now be in somebody's way.
  const bool is_somebody_again =
      claim.agent.empty() && which == &AgentClaims::waiters && claims.size() == 1;
  if (is_somebody_again) suspects_.emplace_back(claim.session, std::string());
  if (agent->second.grants.empty() && agent->second.waiters.empty()) agents.erase(agent);
}

std::vector<const Grant*> Machine::grants() const {
  std::vector<const Grant*> all;
  all.reserve(grants_.size());
  for (const auto& [token, grant] : grants_) all.push_back(grant.get());
  return all;
}

Duration Machine::remaining_lease(const Grant& grant) const {
  Duration remaining = grant.lease_end - now_;
  if (grant.session != 0) {
    const Duration ttl = remaining_ttl(sessions_.at(grant.session));
    if (grant.lease_end == Time::never() || ttl < remaining) remaining = ttl;
  }
  return remaining < Duration() ? Duration() : remaining;
}

Refused Machine::stale(std::string_view key, std::uint64_t token) const {
  const auto cause = ended_.find(token);
  return {Code::Stale, fmt::format("{} token {} is no live grant on {}",
                                   cause ? cause_name(*cause) : "unknown", token, quoted(key))};
}

std::variant<Grant*, Refused> Machine::find_own_grant(Space space, std::string_view key,
                                                      std::uint64_t token) {
  const auto it = grants_.find(token);
  if (it == grants_.end() || it->second->space != space) return stale(key, token);
  Grant& grant = *it->second;
  const bool covers = std::any_of(grant.keys.begin(), grant.keys.end(),
                                  [&](const KeyMode& k) { return k.key == key; });
  if (!covers) return stale(key, token);
  const command::Origin& origin = entry_->origin;
  const bool own =
      grant.user == origin.user && (grant.session == 0 || grant.session == origin.session);
  if (!own && !PLANTED(ReleasedByAnybody)) {
    return Refused{Code::NotHolder, fmt::format("the grant on {} belongs to {}", quoted(key),
                                                name_of(grant.session, grant.connection))};
  }
  return &grant;
}

Reply Machine::release(Space space, std::string_view key, std::uint64_t token) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto found = find_own_grant(space, key, token);
  if (const auto* refused = std::get_if<Refused>(&found)) {
    const auto cause = ended_.find(token);
    if (cause == EndCause::Released || cause == EndCause::SessionClosed) return Number{0};
    return *refused;
  }
  changed();
  Grant& grant = *std::get<Grant*>(found);
  if (grant.details->entries > 1) {
    grant.details.set(&Details::entries, grant.details->entries - 1);
  } else {
    end_grant(grant, EndCause::Released);
  }
  return Number{1};
}

Reply Machine::renew_lease(Space space, std::string_view key, std::uint64_t token, Duration lease) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto found = find_own_grant(space, key, token);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  changed();
  Grant& grant = *std::get<Grant*>(found);
  deadlines_.remove({grant.lease_end, Deadline::Kind::Lease, grant.token});
  grant.lease_end = now_ + lease;
  deadlines_.add({grant.lease_end, Deadline::Kind::Lease, grant.token});
  if (session != nullptr) renew(*session);
  return command::Renewed{grant.token, remaining_lease(grant)};
}

void Machine::notify(const Grant& grant, const char* kind, Value::Map more) {
  Value::Map details{{"token", grant.token}};
  if (grant.space == Space::Task) {
    const Task& task = task_of(grant);
    details.emplace_back("flow", task.flow->name);
    details.emplace_back("task", task.name);
  } else {
    Value::List keys;
    for (const KeyMode& held : grant.keys) keys.emplace_back(held.key);
    details.emplace_back("keys", std::move(keys));
  }
  for (auto& item : more) details.push_back(std::move(item));
  events_.push_back(command::Notice{grant.session, grant.connection, kind, std::move(details)});
}

}  // namespace state
