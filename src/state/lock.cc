// Locks: acquiring, releasing, renewing, checking.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Granted;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;

std::optional<Refused> Machine::refuse_acquire(const command::LockAcquire& command,
                                               const Session* session) const {
  if (session == nullptr && !command.lease) {
    return Refused{Code::Malformed,
                   "without a session LEASE is required, or nobody could ever free the key if you "
                   "die; SESSION.OPEN first, or say LEASE ms"};
  }
  // A wait counts as the grant that it may become, or the limit would not hold.
  const std::size_t claims = session != nullptr
                                 ? session->grants.size() + session->party.waiters.size()
                                 : anonymous_claims_;
  if (claims >= static_cast<std::size_t>(rules_.limits.grants_per_session)) {
    return Refused{Code::Limit, fmt::format("{} grants are held or waited for, which is the limit "
                                            "(grants_per_session)",
                                            claims)};
  }
  if (!entry_->ticket.empty()) {
    const Party* party = find_party(entry_->origin.session, entry_->origin.connection);
    if (party != nullptr && party->tickets.contains(entry_->ticket)) {
      return Refused{Code::Conflict,
                     fmt::format("ticket {} is in use by another wait", quoted(entry_->ticket))};
    }
  }
  return std::nullopt;
}

Reply Machine::on(const command::LockAcquire& command) {
  CHECK(!command.keys.empty());
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (auto refused = refuse_acquire(command, session)) return *refused;
  const Place place = place_for(command);
  if (!may_be_granted(place, command.keys)) {
    if (command.wait == Duration()) {
      return Refused{Code::Busy, describe_obstacle(place, command.keys)};
    }
    return enqueue(command);
  }
  changed();
  const command::Origin& origin = entry_->origin;
  Grant grant;
  grant.token = next_token();
  grant.user = origin.user;
  grant.connection = origin.connection;
  grant.session = origin.session;
  grant.request = entry_->request;
  grant.ticket = entry_->ticket;
  grant.keys = command.keys;
  grant.priority = command.priority;
  grant.note = command.note;
  if (command.lease) grant.lease_end = now_ + *command.lease;
  if (session != nullptr) renew(*session);
  return give(std::move(grant), now_);
}

/// The first grant of an entry gets its index, each further one the number after.
std::uint64_t Machine::next_token() { return entry_->index + tokens_given_++; }

Granted Machine::give(Grant grant, Time asked) {
  grant.granted = now_;
  grant.granted_wall = entry_->wall;
  const std::uint64_t token = grant.token;
  hold_keys(grant);
  deadlines_.add({grant.lease_end, Deadline::Kind::Lease, token});
  if (grant.session != 0) {
    sessions_.at(grant.session).grants.insert(token);
  } else {
    ++anonymous_claims_;
  }
  auto& kept = grants_[token];
  CHECK(kept == nullptr);
  kept = std::make_unique<Grant>(std::move(grant));
  return {token, remaining_lease(*kept), now_ - asked};
}

/// Frees the keys; whoever is next gets them at the end of this entry.
void Machine::end_grant(Grant& grant, EndCause cause) {
  unhold_keys(grant);
  deadlines_.remove({grant.lease_end, Deadline::Kind::Lease, grant.token});
  if (grant.session != 0) {
    sessions_.at(grant.session).grants.erase(grant.token);
  } else {
    CHECK_GT(anonymous_claims_, 0U);
    --anonymous_claims_;
  }
  ended_.remember(grant.token, cause, static_cast<std::size_t>(rules_.limits.ended_grants));
  grants_.erase(grant.token);
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

std::variant<Grant*, Refused> Machine::find_own_grant(std::string_view key, std::uint64_t token) {
  const auto it = grants_.find(token);
  if (it == grants_.end()) return stale(key, token);
  Grant& grant = *it->second;
  const bool covers = std::any_of(grant.keys.begin(), grant.keys.end(),
                                  [&](const command::KeyMode& k) { return k.key == key; });
  if (!covers) return stale(key, token);
  const command::Origin& origin = entry_->origin;
  const bool own =
      grant.user == origin.user && (grant.session == 0 || grant.session == origin.session);
  if (!own) {
    return Refused{Code::NotHolder, fmt::format("the grant on {} belongs to {}", quoted(key),
                                                name_of(grant.session, grant.connection))};
  }
  return &grant;
}

Reply Machine::on(const command::LockRelease& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto cause = ended_.find(command.token);
  if (cause == EndCause::Released || cause == EndCause::SessionClosed) return Number{0};
  const auto found = find_own_grant(command.key, command.token);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  changed();
  end_grant(*std::get<Grant*>(found), EndCause::Released);
  return Number{1};
}

Reply Machine::on(const command::LockRenew& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto found = find_own_grant(command.key, command.token);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  changed();
  Grant& grant = *std::get<Grant*>(found);
  deadlines_.remove({grant.lease_end, Deadline::Kind::Lease, grant.token});
  grant.lease_end = now_ + command.lease;
  deadlines_.add({grant.lease_end, Deadline::Kind::Lease, grant.token});
  if (session != nullptr) renew(*session);
  return command::Renewed{grant.token, remaining_lease(grant)};
}

Reply Machine::on(const command::LockCheck& command) {
  const auto it = grants_.find(command.token);
  if (it == grants_.end()) return Number{0};
  const auto& keys = it->second->keys;
  const bool covers = std::any_of(keys.begin(), keys.end(),
                                  [&](const command::KeyMode& k) { return k.key == command.key; });
  return Number{covers ? 1 : 0};
}

}  // namespace state
