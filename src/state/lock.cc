// Locks: acquiring, entering again, releasing, renewing, checking.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::KeyMode;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;

namespace {

/// Whether whoever has `held` has `wanted` with it.
bool covers(std::span<const KeyMode> held, std::span<const KeyMode> wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const KeyMode& w) {
    return std::any_of(held.begin(), held.end(),
                       [&](const KeyMode& h) { return h.key == w.key && (w.shared || !h.shared); });
  });
}

}  // namespace

Reply Machine::on(const command::LockAcquire& command) {
  CHECK(!command.keys.empty());
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (session != nullptr && !command.owner.empty()) {
    if (Grant* grant = find_entered(*session, command)) {
      changed();
      grant->details.set(&Details::entries, grant->details->entries + 1);
      if (command.lease && grant->lease_end != Time::never()) {
        deadlines_.remove({grant->lease_end, Deadline::Kind::Lease, grant->token});
        grant->lease_end = std::max(grant->lease_end, now_ + *command.lease);
        deadlines_.add({grant->lease_end, Deadline::Kind::Lease, grant->token});
      }
      renew(*session);
      return command::Granted{grant->token, remaining_lease(*grant), Duration()};
    }
    if (auto refused = refuse_entry(*session, command)) return *refused;
  }
  Claim claim = claim_of(Space::Lock, command.keys, command);
  claim.details.set(&Details::owner, command.owner);
  if (claim.agent.empty()) claim.agent = command.owner;
  claim.details.set(&Details::on_loss, command.on_loss);
  return acquire(std::move(claim), command, command.preemption);
}

/// The one grant of this owner that covers all that is asked for.
Grant* Machine::find_entered(const Session& session, const command::LockAcquire& command) {
  const auto key = keys_of(Space::Lock).find(command.keys.front().key);
  if (key == keys_of(Space::Lock).end()) return nullptr;
  for (const std::uint64_t token : key->second.holders) {
    Grant& grant = *grants_.at(token);
    const bool own = grant.session == session.id && grant.details->owner == command.owner;
    if (own && covers(grant.keys, command.keys)) return &grant;
  }
  return nullptr;
}

/// An owner that holds a part of what it asks for would wait for itself.
std::optional<Refused> Machine::refuse_entry(const Session& session,
                                             const command::LockAcquire& command) const {
  for (const KeyMode& wanted : command.keys) {
    const auto key = keys_of(Space::Lock).find(wanted.key);
    if (key == keys_of(Space::Lock).end() || (wanted.shared && !key->second.exclusive)) continue;
    for (const std::uint64_t token : key->second.holders) {
      const Grant& grant = *grants_.at(token);
      if (grant.session != session.id || grant.details->owner != command.owner) continue;
      return Refused{
          Code::Conflict,
          fmt::format("{} is held by owner {} itself with token {}, which does not cover all that "
                      "is asked for; release it first{}",
                      quoted(wanted.key), quoted(command.owner), token,
                      key->second.exclusive ? "" : ", or LOCK.UPGRADE it")};
    }
  }
  return std::nullopt;
}

Reply Machine::on(const command::LockRelease& command) {
  return release(Space::Lock, command.key, command.token);
}

Reply Machine::on(const command::LockRenew& command) {
  return renew_lease(Space::Lock, command.key, command.token, command.lease);
}

Reply Machine::on(const command::LockCheck& command) {
  const auto it = grants_.find(command.token);
  if (it == grants_.end() || it->second->space != Space::Lock) return Number{0};
  const auto& keys = it->second->keys;
  const bool covers =
      std::any_of(keys.begin(), keys.end(), [&](const KeyMode& k) { return k.key == command.key; });
  return Number{covers ? 1 : 0};
}

}  // namespace state
