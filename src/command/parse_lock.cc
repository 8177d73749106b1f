// The commands on locks.
#include <fmt/format.h>

#include <algorithm>

#include "command/parse.h"
#include "command/parse_arguments.h"
#include "command/parse_commands.h"

namespace command {
namespace {

/// Adds the key, or makes the one of that name exclusive if this mention of it is.
void add_key(Arguments& args, std::vector<KeyMode>& keys, std::string key, bool shared) {
  const auto known = std::ranges::find(keys, key, &KeyMode::key);
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
  keys.push_back({std::move(key), shared});
}

/// key [SHARED] [AND key [SHARED]]...
std::vector<KeyMode> parse_keys(Arguments& args) {
  std::vector<KeyMode> keys;
  do {
    std::string key = args.name("key");
    const bool shared = args.take(Option::Shared);
    if (!args.is_refused()) add_key(args, keys, std::move(key), shared);
  } while (args.take(Option::And));
  return keys;
}

void parse_acquire_option(Arguments& args, Option option, LockAcquire& acquire) {
  const Limits& limits = args.limits();
  if (option == Option::Wait) acquire.wait = args.milliseconds("WAIT", 0, limits.wait_max_ms);
  if (option == Option::Lease) acquire.lease = args.milliseconds("LEASE", 1, limits.lease_max_ms);
  if (option == Option::Note) acquire.note = args.note();
  if (option == Option::Priority) {
    acquire.priority = static_cast<std::uint8_t>(
        args.number("PRIORITY", 0, std::min<std::int64_t>(limits.priority_max, 255)));
  }
}

}  // namespace

Call parse_lock_acquire(Arguments& args) {
  LockAcquire acquire;
  acquire.keys = parse_keys(args);
  while (const auto option = args.next_option()) parse_acquire_option(args, *option, acquire);
  return Command{std::move(acquire)};
}

Call parse_lock_release(Arguments& args) {
  LockRelease release;
  release.key = args.name("key");
  release.token = args.id("token");
  return Command{std::move(release)};
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
  return Command{std::move(renew)};
}

Call parse_lock_check(Arguments& args) {
  LockCheck check;
  check.key = args.name("key");
  check.token = args.id("token");
  return Command{std::move(check)};
}

Call parse_lock_info(Arguments& args) { return Command{LockInfo{args.name("key")}}; }

Call parse_lock_list(Arguments& args) {
  const std::int64_t max = args.limits().list_count;
  LockList list;
  list.count = std::min(kListCountDefault, max);
  while (const auto option = args.next_option()) {
    if (option == Option::Prefix) list.prefix = args.name_or_empty("PREFIX");
    if (option == Option::State) list.held_only = args.choice("STATE", {"HELD"}) == 0;
    if (option == Option::Count) list.count = args.number("COUNT", 1, max);
    if (option == Option::After) list.after = args.name_or_empty("AFTER");
  }
  return Command{std::move(list)};
}

Call parse_cancel(Arguments& args) { return Command{Cancel{args.ticket("ticket")}}; }

}  // namespace command
