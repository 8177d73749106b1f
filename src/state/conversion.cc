// From shared to exclusive and back.
//
// An upgrade waits before all others for those who share the key to leave; two
// of them wait for each other, and the search for deadlocks finds it. It gives
// the grant a new token, for a reader's may be smaller than one that wrote since.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Granted;
using command::KeyMode;
using command::quoted;
using command::Refused;
using command::Reply;

namespace {

KeyMode& mode_on(Claim& claim, std::string_view key) {
  const auto it = std::find_if(claim.keys.begin(), claim.keys.end(),
                               [&](const KeyMode& k) { return k.key == key; });
  CHECK(it != claim.keys.end());
  return *it;
}

}  // namespace

Reply Machine::on(const command::LockUpgrade& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto found = find_own_grant(Space::Lock, command.key, command.token);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  Grant& grant = *std::get<Grant*>(found);
  KeyMode& mode = mode_on(grant, command.key);
  if (!mode.shared) return Granted{grant.token, remaining_lease(grant), Duration()};
  if (grant.details->upgrade != 0) {
    return Refused{Code::Conflict,
                   fmt::format("an upgrade of token {} waits already", grant.token)};
  }
  if (auto refused = refuse_ticket()) return *refused;
  const command::Origin& origin = entry_->origin;
  Waiter waiter;
  static_cast<Claim&>(waiter) = static_cast<const Claim&>(grant);
  waiter.connection = origin.connection;
  if (waiter.session != origin.session) {  // a grant without a session is whose who knows its token
    waiter.session = origin.session;
    waiter.details.set(&Details::owner, Text());
    waiter.agent.clear();
  }
  waiter.request = entry_->request;
  waiter.ticket = entry_->ticket;
  waiter.keys = {{command.key, false}};
  waiter.details.set(&Details::on_loss, {});  // the grant has its own
  waiter.details.set(&Details::grace, {});
  waiter.place = {kBeforeAll, entry_->index};
  waiter.upgrades = grant.token;
  if (may_be_granted(waiter.place, waiter, grant.token)) {
    changed();
    if (session != nullptr) renew(*session);
    Grant& upgraded = change_token(grant);
    const KeyMode& wanted = waiter.keys.front();
    come_into_the_way(upgraded, wanted, keys_of(Space::Lock).at(wanted.key));
    unhold_keys(upgraded);
    mode_on(upgraded, command.key).shared = false;
    hold_keys(upgraded);
    suspect(upgraded);
    if (watcher_ != nullptr) watcher_->on_conversion(waiter.upgrades, upgraded);
    return Granted{upgraded.token, remaining_lease(upgraded), Duration()};
  }
  if (command.wait == Duration()) {
    return Refused{Code::Busy, describe_obstacle(waiter.place, waiter, grant.token)};
  }
  return enqueue(std::move(waiter), command.wait);
}

/// The others have left: the hold becomes exclusive under a new token.
void Machine::finish_upgrade(std::unique_ptr<Waiter> waiter) {
  Grant& grant = change_token(*grants_.at(waiter->upgrades));
  const KeyMode& wanted = waiter->keys.front();
  come_into_the_way(grant, wanted, keys_of(Space::Lock).at(wanted.key));
  unhold_keys(grant);
  mode_on(grant, waiter->keys.front().key).shared = false;
  hold_keys(grant);
  suspect(grant);
  if (watcher_ != nullptr) watcher_->on_conversion(waiter->upgrades, grant);
  if (waiter->session != 0) {
    Session& session = sessions_.at(waiter->session);
    renew(session);
    decide_answer(session, waiter->request, grant.token);
  }
  events_.push_back(
      command::WaitEnded{waiter->id, waiter->connection, waiter->session, waiter->ticket.str(),
                         Granted{grant.token, remaining_lease(grant), now_ - waiter->asked}});
}

Reply Machine::on(const command::LockDowngrade& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto found = find_own_grant(Space::Lock, command.key, command.token);
  if (const auto* refused = std::get_if<Refused>(&found)) return *refused;
  Grant& grant = *std::get<Grant*>(found);
  KeyMode& mode = mode_on(grant, command.key);
  if (!mode.shared) {
    changed();
    unhold_keys(grant);
    mode.shared = true;
    hold_keys(grant);
    touch(grant);
    suspect(grant);
    if (watcher_ != nullptr) watcher_->on_conversion(grant.token, grant);
    if (session != nullptr) renew(*session);
  }
  return command::Renewed{grant.token, remaining_lease(grant)};
}

}  // namespace state
