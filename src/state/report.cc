// What the service says about its state: INFO, LIST, and the sentence of a refusal.
//
// A token is shown only to the session that owns it: to anybody else it would
// be a means to release what is not theirs.
#include <fmt/format.h>

#include <algorithm>

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

Value unless_empty(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value unless_zero(std::uint64_t number) { return number == 0 ? Value() : Value(number); }

}  // namespace

std::string Machine::name_of(std::uint64_t session, std::uint64_t connection) const {
  if (session == 0 && connection == 0) return "a connection of before the restart";
  if (session == 0) return fmt::format("connection {}", connection);
  const auto it = sessions_.find(session);
  if (it == sessions_.end() || it->second.name.empty()) return fmt::format("session {}", session);
  return fmt::format("{} (session {})", quoted(it->second.name), session);
}

std::string Machine::describe_holder(const Grant& grant) const {
  std::string text = fmt::format("held by {} for {} ms", name_of(grant.session, grant.connection),
                                 (now_ - grant.granted).ms());
  if (!grant.note.empty()) text += fmt::format(": {}", quoted(grant.note));
  return text;
}

/// Why a request of this place cannot be granted now: the first key in the way.
std::string Machine::describe_obstacle(const Place& place, std::span<const KeyMode> keys) const {
  for (const KeyMode& wanted : keys) {
    if (may_be_granted(place, {&wanted, 1})) continue;
    const Key& key = keys_.at(wanted.key);
    const std::size_t waiting =
        key.queue ? key.queue->all.size() - key.queue->all.count(place) : 0;  // others
    const std::string queue = waiting == 0 ? "" : fmt::format("; {} waiting", waiting);
    const bool is_held = !key.holders.empty() && (key.exclusive || !wanted.shared);
    if (!is_held) {
      return fmt::format("{} is reserved for a request that came before{}", quoted(wanted.key),
                         queue);
    }
    return fmt::format("{} is {}{}", quoted(wanted.key),
                       describe_holder(*grants_.at(key.holders.front())), queue);
  }
  return "the keys are free again";  // they became so after the wait had ended
}

Value Machine::report_grant(const Grant& grant, const std::string& key) const {
  const bool own = grant.session != 0 && entry_->origin.session == grant.session &&
                   entry_->origin.user == grant.user;
  const auto session = sessions_.find(grant.session);
  Value::Map map{
      {"session", unless_zero(grant.session)},
      {"name", session == sessions_.end() ? Value() : unless_empty(session->second.name)},
      {"user", grant.user},
      {"connection", unless_zero(grant.connection)},
      {"mode", mode_name(wants_shared(grant.keys, key))},
      {"keys", key_list(grant.keys)},
      {"since", grant.granted_wall.us() / 1000},
      {"held", (now_ - grant.granted).ms()},
      {"lease", remaining_lease(grant).ms()},
      {"priority", int{grant.priority}},
      {"note", unless_empty(grant.note)},
  };
  if (own) map.emplace_back("token", grant.token);
  return map;
}

Value Machine::report_waiter(const Waiter& waiter, const std::string& key) const {
  const auto session = sessions_.find(waiter.session);
  return Value::Map{
      {"session", unless_zero(waiter.session)},
      {"name", session == sessions_.end() ? Value() : unless_empty(session->second.name)},
      {"user", waiter.user},
      {"connection", unless_zero(waiter.connection)},
      {"mode", mode_name(wants_shared(waiter.keys, key))},
      {"keys", key_list(waiter.keys)},
      {"since", waiter.arrived_wall.us() / 1000},
      {"waited", (now_ - waiter.arrived).ms()},
      {"wait", (waiter.give_up - now_).ms()},
      {"priority", int{waiter.priority}},
      {"note", unless_empty(waiter.note)},
  };
}

Value Machine::report_key(const std::string& name, const Key& key, std::size_t waiters_max) const {
  Value::List holders;
  for (std::uint64_t token : key.holders) {
    if (holders.size() == kHoldersShown) break;
    holders.push_back(report_grant(*grants_.at(token), name));
  }
  Value::List waiters;
  if (key.queue) {
    for (const auto& [place, id] : key.queue->all) {
      if (waiters.size() == waiters_max) break;
      waiters.push_back(report_waiter(*waiters_.at(id), name));
    }
  }
  const char* state = "reserved";
  if (!key.holders.empty()) state = key.exclusive ? "held" : "shared";
  return Value::Map{
      {"key", name},
      {"state", state},
      {"held", key.holders.size()},
      {"waiting", key.queue ? key.queue->all.size() : 0},
      {"holders", std::move(holders)},
      {"waiters", std::move(waiters)},
  };
}

Reply Machine::on(const command::LockInfo& command) {
  const auto it = keys_.find(command.key);
  if (it != keys_.end()) return report_key(it->first, it->second, kWaitersShown);
  return Value(Value::Map{{"key", command.key},
                          {"state", "free"},
                          {"held", 0},
                          {"waiting", 0},
                          {"holders", Value::List{}},
                          {"waiters", Value::List{}}});
}

/// Keys in order of their bytes; a page ends where COUNT says, and AFTER its last key is the next.
Reply Machine::on(const command::LockList& command) {
  Value::List rows;
  auto it = command.after.empty() ? keys_.lower_bound(command.prefix)
                                  : keys_.upper_bound(std::max(command.after, command.prefix));
  if (!command.after.empty() && command.after < command.prefix) {
    it = keys_.lower_bound(command.prefix);
  }
  for (; it != keys_.end() && it->first.starts_with(command.prefix); ++it) {
    if (rows.size() == static_cast<std::size_t>(command.count)) break;
    if (command.held_only && it->second.holders.empty()) continue;
    rows.push_back(report_key(it->first, it->second, 0));
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
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) {
    return command::Refused{command::Code::NoSession,
                            fmt::format("session {} has ended or never existed", id)};
  }
  return report_session(it->second);
}

Reply Machine::on(const command::SessionList& command) {
  Value::List rows;
  for (auto it = sessions_.upper_bound(command.after); it != sessions_.end(); ++it) {
    if (rows.size() == static_cast<std::size_t>(command.count)) break;
    rows.push_back(report_session(it->second));
  }
  return Value(std::move(rows));
}

Value Machine::report_own_grants(const Session& session) const {
  Value::List rows;
  for (std::uint64_t token : session.grants) {
    const Grant& grant = *grants_.at(token);
    rows.emplace_back(Value::Map{
        {"token", token},
        {"keys", key_list(grant.keys)},
        {"lease", remaining_lease(grant).ms()},
        {"request", unless_zero(grant.request)},
        {"ticket", unless_empty(grant.ticket)},
    });
  }
  return rows;
}

Value Machine::report_own_waits(const Session& session) const {
  Value::List rows;
  for (std::uint64_t id : session.party.waiters) {
    const Waiter& waiter = *waiters_.at(id);
    rows.emplace_back(Value::Map{
        {"ticket", unless_empty(waiter.ticket)},
        {"request", unless_zero(waiter.request)},
        {"keys", key_list(waiter.keys)},
        {"wait", (waiter.give_up - now_).ms()},
    });
  }
  return rows;
}

}  // namespace state
