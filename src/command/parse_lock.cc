// The commands on locks.
#include <fmt/format.h>

#include <algorithm>

#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"
#include "command/parse_terms.h"

namespace command {
namespace {

/// Adds the key, or makes the one of that name exclusive if this mention of it is.
void add_key(Arguments& args, KeyModes& keys, std::string_view key, bool shared) {
  const auto known = std::ranges::find_if(keys, [&](const KeyMode& k) { return k.key == key; });
  if (known != keys.end()) {
    known->shared = known->shared && shared;
    return;
  }
  const std::int64_t max = args.limits().keys_per_request;
  if (static_cast<std::int64_t>(keys.size()) >= max) {
    args.refuse(Code::Limit, fmt::format("more than {} different keys in one request; that is the "
                                         "limit keys_per_request",
                                         max));
    return;
  }
  keys.push_back({key, shared});
}

/// key [SHARED] [AND key [SHARED]]...
KeyModes parse_keys(Arguments& args) {
  KeyModes keys;
  do {
    const std::string_view key = args.name("key");
    const bool shared = args.take(Option::Shared);
    if (!args.is_refused()) add_key(args, keys, key, shared);
  } while (args.take(Option::And));
  return keys;
}

OnLoss parse_on_loss(Arguments& args) {
  OnLoss on_loss;
  on_loss.kind = static_cast<OnLoss::Kind>(args.choice("ONLOSS", {"FREE", "DELAY", "HOLD"}));
  if (on_loss.kind == OnLoss::Kind::Delay) {
    on_loss.delay = args.milliseconds("ONLOSS DELAY", 1, args.limits().loss_delay_max_ms);
  }
  return on_loss;
}

void parse_acquire_option(Arguments& args, Option option, LockAcquire& acquire) {
  if (read_term(args, option, acquire)) return;
  if (option == Option::Owner) acquire.owner = args.name("OWNER");
  if (option == Option::OnLoss) acquire.on_loss = parse_on_loss(args);
  if (option == Option::Preempt) {
    acquire.preemption = args.milliseconds("PREEMPT", 0, args.limits().grace_max_ms);
  }
}

/// `key [token]`, where anything that is no option is the token.
template <class C>
void parse_key_and_token(Arguments& args, C& command) {
  command.key = args.name("key");
  if (args.has_more() && !args.is_at_option()) command.token = args.id("token");
}

}  // namespace

Call parse_lock_acquire(Arguments& args) {
  LockAcquire acquire;
  acquire.keys = parse_keys(args);
  while (const auto option = args.next_option()) parse_acquire_option(args, *option, acquire);
  if (acquire.preemption && acquire.wait == Duration()) {
    args.refuse(Code::Malformed,
                "PREEMPT needs WAIT: the holder has its grace to leave in, and "
                "you wait for it");
  }
  return for_machine(std::move(acquire));
}

Call parse_lock_release(Arguments& args) {
  LockRelease release;
  release.key = args.name("key");
  release.token = args.id("token");
  return for_machine(std::move(release));
}

Call parse_lock_renew(Arguments& args) {
  LockRenew renew;
  renew.key = args.name("key");
  renew.token = args.id("token");
  while (const auto option = args.next_option()) {
    if (option == Option::Lease) {
      renew.lease = args.milliseconds("LEASE", 1, args.limits().lease_max_ms);
    }
  }
  if (renew.lease == Duration()) args.refuse_missing(Option::Lease);
  return for_machine(std::move(renew));
}

Call parse_lock_check(Arguments& args) {
  LockCheck check;
  check.key = args.name("key");
  check.token = args.id("token");
  return for_machine(std::move(check));
}

Call parse_lock_info(Arguments& args) {
  return for_machine(LockInfo{std::string(args.name("key"))});
}

Call parse_lock_list(Arguments& args) {
  const std::int64_t max = args.limits().list_count;
  LockList list;
  list.count = std::min(kListCountDefault, max);
  while (const auto option = args.next_option()) {
    if (option == Option::Prefix) list.prefix = args.name_or_empty("PREFIX");
    if (option == Option::State) {
      const bool is_held = args.choice("STATE", {"HELD", "SHUT"}) == 0;
      list.state = is_held ? LockList::State::Held : LockList::State::Shut;
    }
    if (option == Option::Count) list.count = args.number("COUNT", 1, max);
    if (option == Option::After) list.after = args.name_or_empty("AFTER");
  }
  return for_machine(std::move(list));
}

Call parse_lock_upgrade(Arguments& args) {
  LockUpgrade upgrade;
  upgrade.key = args.name("key");
  upgrade.token = args.id("token");
  while (const auto option = args.next_option()) {
    if (option == Option::Wait) {
      upgrade.wait = args.milliseconds("WAIT", 0, args.limits().wait_max_ms);
    }
  }
  return for_machine(std::move(upgrade));
}

Call parse_lock_downgrade(Arguments& args) {
  LockDowngrade downgrade;
  downgrade.key = args.name("key");
  downgrade.token = args.id("token");
  return for_machine(std::move(downgrade));
}

Call parse_lock_resolve(Arguments& args) {
  LockResolve resolve;
  parse_key_and_token(args, resolve);
  while (const auto option = args.next_option()) {
    if (option == Option::Reason) resolve.reason = args.note("REASON");
  }
  return for_machine(std::move(resolve));
}

Call parse_lock_revoke(Arguments& args) {
  LockRevoke revoke;
  parse_key_and_token(args, revoke);
  while (const auto option = args.next_option()) {
    if (option == Option::Resolved) revoke.resolved = true;
    if (option == Option::Reason) revoke.reason = args.note("REASON");
  }
  return for_machine(std::move(revoke));
}

Call parse_cancel(Arguments& args) {
  return for_machine(Cancel{std::string(args.ticket("ticket"))});
}

}  // namespace command
