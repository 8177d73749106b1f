// What the service says about its state: INFO, LIST, and the sentence of a refusal.
//
// A token is shown only to the session that owns it: to anybody else it would
// be a means to release what is not theirs.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::KeyMode;
using command::quoted;
using command::Reply;
using command::Value;

namespace {

constexpr std::size_t kWaitersShown = 100;
constexpr std::size_t kHoldersShown = 100;

const char* space_name(Space space) {
  switch (space) {
    case Space::Lock: return "lock";
    case Space::Semaphore: return "semaphore";
    case Space::Election: return "election";
    case Space::Task: return "task";
    case Space::Pool: return "pool";
    case Space::Result: return "result";
    case Space::Event: return "event";
    case Space::Barrier: return "barrier";
    case Space::Latch: return "latch";
  }
  return "";
}

const char* loss_name(const command::OnLoss& on_loss) {
  switch (on_loss.kind) {
    case command::OnLoss::Kind::Free: return "free";
    case command::OnLoss::Kind::Delay: return "delay";
    case command::OnLoss::Kind::Hold: return "hold";
  }
  return "";
}

const char* mode_name(bool shared) { return shared ? "shared" : "exclusive"; }

bool wants_shared(std::span<const KeyMode> keys, std::string_view key) {
  const auto it =
      std::find_if(keys.begin(), keys.end(), [&](const KeyMode& k) { return k.key == key; });
  CHECK(it != keys.end());
  return it->shared;
}

Value key_list(std::span<const KeyMode> keys) {
  Value::List list;
  for (const KeyMode& key : keys) list.emplace_back(key.key);
  return list;
}

/// What is waited for or held: keys, or a task of a flow.
void add_names(Value::Map& map, const Claim& claim) {
  if (claim.space == Space::Task || claim.space == Space::Result) {
    const auto [flow, task] = split_task_key(claim.keys.front().key);
    map.emplace_back("flow", std::string(flow));
    map.emplace_back("task", std::string(task));
    return;
  }
  map.emplace_back("keys", key_list(claim.keys));
}

Value unless_empty(std::string_view text) { return text.empty() ? Value() : Value(text); }

Value unless_zero(std::uint64_t number) { return number == 0 ? Value() : Value(number); }

}  // namespace

std::string Machine::name_of(std::uint64_t session, std::uint64_t connection) const {
  if (session == 0 && connection == 0) return "a connection of before the restart";
  if (session == 0) return fmt::format("connection {}", connection);
  const Session* found = sessions_.find(session);
  if (found == nullptr || found->name.empty()) return fmt::format("session {}", session);
  return fmt::format("{} (session {})", quoted(found->name), session);
}

std::string Machine::describe_holder(const Grant& grant) const {
  std::string text = fmt::format("held by {} for {} ms", name_of(grant.session, grant.connection),
                                 (now_ - grant.granted).ms());
  if (!grant.details->note.empty()) text += fmt::format(": {}", quoted(grant.details->note));
  return text;
}

/// Why a request of this place cannot be granted now: the first key in the way.
std::string Machine::describe_obstacle(const Place& place, const Claim& claim,
                                       std::uint64_t upgrades) const {
  for (const KeyMode& wanted : claim.keys) {
    if (may_have(place, claim, wanted, upgrades)) continue;
    const Key& key = keys_of(claim.space).at(wanted.key);
    const std::string name = quoted(wanted.key);
    if (key.marks) {
      const Mark& mark = marks_.at(*key.marks->begin());
      return fmt::format("{} is shut: {} was lost {} ms ago with token {}; {}", name, mark.holder,
                         (now_ - mark.since).ms(), mark.token,
                         mark.until == Time::never()
                             ? "LOCK.RESOLVE opens it"
                             : fmt::format("it opens in {} ms", (mark.until - now_).ms()));
    }
    const std::size_t waiting =
        key.queue ? key.queue->all.size() - key.queue->all.count(place) : 0;  // others
    const std::string queue = waiting == 0 ? "" : fmt::format("; {} waiting", waiting);
    if (!is_taken(key, claim, wanted, upgrades)) {
      return fmt::format("{} is reserved for a request that came before{}", name, queue);
    }
    if (claim.space == Space::Semaphore) {
      return fmt::format("{} has {} of {} permits out{}", name, key.permits, limit_of(wanted.key),
                         queue);
    }
    const bool own = key.holders.front() == upgrades;
    return fmt::format("{} is {}{}", name, describe_holder(*grants_.at(key.holders[own ? 1 : 0])),
                       queue);
  }
  return "the keys are free again";  // they became so after the wait had ended
}

/// Why the waiter waits.
std::string Machine::describe_wait(const Waiter& waiter) const {
  if (is_keyed(waiter.space)) return describe_obstacle(waiter.place, waiter, waiter.upgrades);
  return is_signal(waiter.space) ? describe_signal_wait(waiter) : describe_task_wait(waiter);
}

Value Machine::report_grant(const Grant& grant, std::string_view key) const {
  const bool own = grant.session != 0 && entry_->origin.session == grant.session &&
                   entry_->origin.user == grant.user;
  const Session* session = sessions_.find(grant.session);
  Value::Map map{
      {"session", unless_zero(grant.session)},
      {"name", session == nullptr ? Value() : unless_empty(session->name)},
      {"user", grant.user},
      {"connection", unless_zero(grant.connection)},
      {"agent", unless_empty(grant.agent)},
      {"keys", key_list(grant.keys)},
      {"since", grant.granted_wall.us() / 1000},
      {"held", (now_ - grant.granted).ms()},
      {"lease", remaining_lease(grant).ms()},
      {"priority", int{grant.priority}},
      {"note", unless_empty(grant.details->note)},
  };
  if (grant.space == Space::Semaphore) {
    map.emplace_back("permits", grant.details->permits);
  } else {
    map.emplace_back("mode", mode_name(wants_shared(grant.keys, key)));
  }
  if (grant.space == Space::Lock) {
    map.emplace_back("onloss", loss_name(grant.details->on_loss));
    map.emplace_back("entries", grant.details->entries);
  }
  if (own) map.emplace_back("token", grant.token);
  return map;
}

Value Machine::report_waiter(const Waiter& waiter, std::string_view key) const {
  const Session* session = sessions_.find(waiter.session);
  Value::Map map{
      {"session", unless_zero(waiter.session)},
      {"name", session == nullptr ? Value() : unless_empty(session->name)},
      {"user", waiter.user},
      {"connection", unless_zero(waiter.connection)},
      {"agent", unless_empty(waiter.agent)},
      {"keys", key_list(waiter.keys)},
      {"since", waiter.arrived_wall.us() / 1000},
      {"waited", (now_ - waiter.arrived).ms()},
      {"wait", (waiter.give_up - now_).ms()},
      {"priority", int{waiter.priority}},
      {"note", unless_empty(waiter.details->note)},
      {"why", describe_obstacle(waiter.place, waiter, waiter.upgrades)},
  };
  if (waiter.space == Space::Semaphore) {
    map.emplace_back("permits", waiter.details->permits);
  } else {
    const char* mode = waiter.upgrades != 0 ? "upgrade" : mode_name(wants_shared(waiter.keys, key));
    map.emplace_back("mode", mode);
  }
  if (waiter.cut_off != Time::never()) {
    map.emplace_back("preempts", std::max<std::int64_t>(0, (waiter.cut_off - now_).ms()));
  }
  return map;
}

Value Machine::report_mark(const Mark& mark) const {
  return Value::Map{
      {"token", mark.token},
      {"holder", mark.holder},
      {"user", mark.lost.user},
      {"keys", key_list(mark.lost.keys)},
      {"note", unless_empty(mark.lost.details->note)},
      {"cause", std::string(cause_name(mark.cause))},
      {"since", mark.since_wall.us() / 1000},
      {"age", (now_ - mark.since).ms()},
      {"onloss", loss_name(mark.lost.details->on_loss)},
      {"opens", mark.until == Time::never() ? Value() : Value((mark.until - now_).ms())},
  };
}

Value::List Machine::report_holders(std::string_view name, const Key& key) const {
  Value::List holders;
  for (std::uint64_t token : key.holders) {
    if (holders.size() == kHoldersShown) break;
    holders.push_back(report_grant(*grants_.at(token), name));
  }
  return holders;
}

/// In their order; those who wait for a shut key come last.
Value::List Machine::report_waiters(std::string_view name, const Key& key,
                                    std::size_t waiters_max) const {
  Value::List waiters;
  if (!key.queue) return waiters;
  for (const auto* queue : {&key.queue->all, &key.queue->parked}) {
    for (const auto& [place, id] : *queue) {
      if (waiters.size() == waiters_max) return waiters;
      waiters.push_back(report_waiter(*waiters_.at(id), name));
    }
  }
  return waiters;
}

Value Machine::report_key(std::string_view name, const Key& key, std::size_t waiters_max) const {
  Value::List marks;
  if (key.marks) {
    for (const std::uint64_t token : *key.marks) marks.push_back(report_mark(marks_.at(token)));
  }
  const char* state = "reserved";
  if (!key.holders.empty()) state = key.exclusive ? "held" : "shared";
  if (key.marks) state = "shut";
  return Value::Map{
      {"key", name},
      {"state", state},
      {"held", key.holders.size()},
      {"waiting", key.queue ? key.queue->size() : 0},
      {"expected", report_expected(Space::Lock, name)},
      {"holders", report_holders(name, key)},
      {"waiters", report_waiters(name, key, waiters_max)},
      {"shut", std::move(marks)},
  };
}

/// How long one who came now, without priority, should expect to wait; nil: it cannot be told.
Value Machine::report_expected(Space space, std::string_view name) const {
  Claim claim;
  claim.space = space;
  claim.keys = {{name, false}};
  const auto expected = expected_wait({now_, entry_->index}, claim);
  return expected ? Value(expected->ms()) : Value();
}

Reply Machine::on(const command::LockInfo& command) {
  const Keys& keys = keys_of(Space::Lock);
  const auto it = keys.find(command.key);
  if (it != keys.end()) return report_key(it->first, it->second, kWaitersShown);
  return Value(Value::Map{{"key", command.key},
                          {"state", "free"},
                          {"held", 0},
                          {"waiting", 0},
                          {"expected", 0},
                          {"holders", Value::List{}},
                          {"waiters", Value::List{}},
                          {"shut", Value::List{}}});
}

/// Keys in order of their bytes; a page ends where COUNT says, and AFTER its last key is the next.
Reply Machine::on(const command::LockList& command) {
  if (command.state == command::LockList::State::Shut) return list_shut(command);
  const Keys& keys = keys_of(Space::Lock);
  const bool is_held_only = command.state == command::LockList::State::Held;
  Value::List rows;
  auto it = command.after.empty() ? keys.lower_bound(command.prefix)
                                  : keys.upper_bound(std::max(command.after, command.prefix));
  if (!command.after.empty() && command.after < command.prefix) {
    it = keys.lower_bound(command.prefix);
  }
  for (; it != keys.end() && it->first.view().starts_with(command.prefix); ++it) {
    if (rows.size() == static_cast<std::size_t>(command.count)) break;
    if (is_held_only && it->second.holders.empty()) continue;
    rows.push_back(report_key(it->first, it->second, 0));
  }
  return Value(std::move(rows));
}

/// By way of the marks, which are few, rather than the keys.
Reply Machine::list_shut(const command::LockList& command) const {
  absl::btree_set<std::string_view> names;
  for (const auto& [token, mark] : marks_) {
    for (const KeyMode& key : mark.lost.keys) {
      if (key.key.view().starts_with(command.prefix) && key.key > command.after)
        names.insert(key.key);
    }
  }
  Value::List rows;
  for (const std::string_view name : names) {
    if (rows.size() == static_cast<std::size_t>(command.count)) break;
    const auto key = keys_of(Space::Lock).find(std::string(name));
    rows.push_back(report_key(key->first, key->second, 0));
  }
  return Value(std::move(rows));
}

Value Machine::report_session(const Session& session) const {
  return Value::Map{
      {"id", session.id},
      {"name", unless_empty(session.name)},
      {"user", session.user},
      {"ttl", session.ttl.ms()},
      {"remaining", remaining_ttl(session).ms()},
      {"since", session.opened_wall.us() / 1000},
      {"grants", session.grants.size()},
      {"waits", session.party.waiters.size()},
  };
}

Reply Machine::on(const command::SessionInfo& command) {
  const std::uint64_t id = command.id != 0 ? command.id : entry_->origin.session;
  if (id == 0) {
    return command::Refused{command::Code::NoSession,
                            "this connection has no session; name one, or open one"};
  }
  const Session* session = sessions_.find(id);
  if (session == nullptr) {
    return command::Refused{command::Code::NoSession,
                            fmt::format("session {} has ended or never existed", id)};
  }
  return report_session(*session);
}

Reply Machine::on(const command::SessionList& command) {
  Value::List rows;
  for (auto it = sessions_.upper_bound(command.after); it != sessions_.end(); ++it) {
    if (rows.size() == static_cast<std::size_t>(command.count)) break;
    rows.push_back(report_session(*it->second));
  }
  return Value(std::move(rows));
}

Value Machine::report_own_grants(const Session& session) const {
  Value::List rows;
  for (std::uint64_t token : session.grants) {
    const Grant& grant = *grants_.at(token);
    Value::Map row{{"token", token}, {"kind", space_name(grant.space)}};
    add_names(row, grant);
    row.emplace_back("lease", remaining_lease(grant).ms());
    row.emplace_back("request", unless_zero(grant.request));
    row.emplace_back("ticket", unless_empty(grant.ticket));
    row.emplace_back("owner", unless_empty(grant.details->owner));
    row.emplace_back("entries", grant.details->entries);
    rows.emplace_back(std::move(row));
  }
  return rows;
}

Value Machine::report_own_waits(const Session& session) const {
  Value::List rows;
  for (std::uint64_t id : session.party.waiters) {
    const Waiter& waiter = *waiters_.at(id);
    Value::Map row{
        {"ticket", unless_empty(waiter.ticket)},
        {"request", unless_zero(waiter.request)},
        {"kind", space_name(waiter.space)},
    };
    add_names(row, waiter);
    row.emplace_back("wait", (waiter.give_up - now_).ms());
    rows.emplace_back(std::move(row));
  }
  return rows;
}

}  // namespace state
