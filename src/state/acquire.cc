// Asking for a grant, of whatever kind: at once, by waiting, or not at all.
#include <fmt/format.h>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::quoted;
using command::Refused;
using command::Reply;

Claim Machine::claim_of(Space space, command::KeyModes keys, const command::Terms& terms) const {
  const command::Origin& origin = entry_->origin;
  Claim claim;
  claim.space = space;
  claim.user = origin.user;
  claim.connection = origin.connection;
  claim.session = origin.session;
  claim.request = entry_->request;
  claim.ticket = entry_->ticket;
  claim.keys = std::move(keys);
  claim.priority = terms.priority;
  claim.details.set(&Details::note, terms.note);
  claim.agent = terms.agent;
  return claim;
}

std::optional<Refused> Machine::refuse_acquire(const Claim& claim, const Session* session) const {
  if (session == nullptr && (!claim.details->owner.empty() || !claim.agent.empty())) {
    return Refused{Code::Malformed,
                   "OWNER and AGENT need a session: their names are its own; SESSION.OPEN first"};
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
  const bool may_shut = claim.may_shut();
  if (may_shut && may_shut_ + marks_.size() >= static_cast<std::size_t>(rules_.limits.marks)) {
    return Refused{Code::Limit, fmt::format("{} grants are lost and unresolved or might become so, "
                                            "which is the limit (marks); LOCK.RESOLVE some",
                                            may_shut_ + marks_.size())};
  }
  return refuse_ticket();
}

std::optional<Refused> Machine::refuse_ticket() const {
  if (entry_->ticket.empty()) return std::nullopt;
  const Party* party = find_party(entry_->origin.session, entry_->origin.connection);
  if (party == nullptr || !party->tickets.contains(entry_->ticket)) return std::nullopt;
  return Refused{Code::Conflict,
                 fmt::format("ticket {} is in use by another wait", quoted(entry_->ticket))};
}

Reply Machine::acquire(Claim&& claim, const command::Terms& terms, std::optional<Duration> grace) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (session == nullptr && !terms.lease) {
    return Refused{Code::Malformed,
                   "without a session LEASE is required, or nobody could ever free the key if you "
                   "die; SESSION.OPEN first, or say LEASE ms"};
  }
  if (auto refused = refuse_acquire(claim, session)) return *refused;
  const Place place = place_for(claim.priority);
  if (!may_be_granted(place, claim)) {
    if (terms.wait == Duration()) return busy(place, claim);
    const auto expected = terms.within ? expected_wait(place, claim) : std::nullopt;
    if (expected && *expected > *terms.within) return busy(place, claim);
    Waiter waiter;
    static_cast<Claim&>(waiter) = std::move(claim);
    waiter.place = place;
    waiter.lease = terms.lease;
    waiter.details.set(&Details::grace, grace);
    return enqueue(std::move(waiter), terms.wait);
  }
  changed();
  auto grant = std::make_unique<Grant>();
  static_cast<Claim&>(*grant) = std::move(claim);
  grant->token = next_token();
  if (terms.lease) grant->lease_end = now_ + *terms.lease;
  if (PLANTED(LeaseOverflows) && terms.lease) {
    grant->lease_end = now_ + Duration::from_us(static_cast<std::int32_t>(terms.lease->us()));
  }
  if (session != nullptr) renew(*session);
  return give(std::move(grant), now_);
}

Refused Machine::busy(const Place& place, const Claim& claim) const {
  std::string sentence = describe_obstacle(place, claim);
  if (const auto expected = expected_wait(place, claim)) {
    sentence += fmt::format("; expect to wait {} ms", expected->ms());
  }
  return {Code::Busy, std::move(sentence)};
}

std::optional<Refused> Machine::refuse_wait(const Claim& claim) const {
  const auto& limits = rules_.limits;
  const Party* party = find_party(entry_->origin.session, entry_->origin.connection);
  const std::size_t own = party == nullptr ? 0 : party->waiters.size();
  if (own >= static_cast<std::size_t>(limits.waiters_per_session)) {
    return Refused{Code::Limit, fmt::format("{} requests of yours wait, which is the limit "
                                            "(waiters_per_session)",
                                            own)};
  }
  for (const command::KeyMode& wanted : claim.keys) {
    const auto it = keys_of(claim.space).find(wanted.key);
    const bool is_waited_for = it != keys_of(claim.space).end() && it->second.queue != nullptr;
    const std::size_t waiting = is_waited_for ? it->second.queue->size() : 0;
    if (waiting >= static_cast<std::size_t>(limits.waiters_per_key)) {
      return Refused{Code::Limit,
                     fmt::format("{} requests wait for {}, which is the limit (waiters_per_key)",
                                 waiting, quoted(wanted.key))};
    }
  }
  return std::nullopt;
}

/// A wait that can never end, and is the one to give way, is refused like a try: nothing changes.
Reply Machine::enqueue(Waiter&& waiter, Duration wait) {
  if (auto refused = refuse_wait(waiter)) return *refused;
  const std::uint64_t id = entry_->index;
  waiter.id = id;
  waiter.arrived = now_;
  waiter.arrived_wall = entry_->wall;
  waiter.asked = now_;
  waiter.give_up = now_ + wait;
  waiter.parked = has_shut_key(waiter);
  const Waiter& waiting = insert_waiter(std::make_unique<Waiter>(std::move(waiter)));
  const bool may_close = !PLANTED(DeadlockMissed) && !waiting.parked &&
                         (is_granting(waiting.space) || waiting.space == Space::Result);
  const auto cycle = may_close ? find_deadlock(agent_of(waiting)) : std::nullopt;
  if (cycle && victim_of(*cycle) == id) {
    Refused refused{Code::Deadlock, describe_cycle(*cycle)};
    const auto victim = take_waiter(id);
    for (const command::KeyMode& wanted : victim->keys) drop_if_idle(victim->space, wanted.key);
    if (!changed_) reviewed_.clear();  // all is as it was
    return refused;
  }
  changed();
  if (cycle) suspect(waiting);
  if (!waiting.parked) suspect_behind(waiting);
  review(waiting);
  return command::Waiting{id};
}

}  // namespace state
