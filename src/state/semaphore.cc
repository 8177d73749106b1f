// Semaphores: permits are grants, their waiters a queue like any other, in which
// a large request is not passed by small ones.
#include <fmt/format.h>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

/// A semaphore that is about to be made has room for whoever makes it.
std::int64_t Machine::limit_of(std::string_view semaphore) const {
  const auto it = semaphores_.find(semaphore);
  return it == semaphores_.end() ? std::numeric_limits<std::int64_t>::max() : it->second.limit;
}

Semaphore& Machine::make_semaphore(std::string_view name, std::int64_t limit) {
  Semaphore& semaphore = semaphores_[name];
  semaphore.id = entry_->index;
  semaphore.name = name;
  semaphore.limit = limit;
  semaphore_names_[semaphore.id] = name;
  return semaphore;
}

void Machine::use_semaphore(std::string_view name) {
  const auto it = semaphores_.find(name);
  if (it == semaphores_.end()) return;  // about to be made
  Semaphore& semaphore = it->second;
  deadlines_.remove({semaphore.forget, Deadline::Kind::Semaphore, semaphore.id});
  semaphore.forget = Time::never();
}

void Machine::leave_semaphore(std::string_view name) {
  Semaphore& semaphore = semaphores_.at(name);
  deadlines_.remove({semaphore.forget, Deadline::Kind::Semaphore, semaphore.id});
  semaphore.forget = now_ + Duration::from_ms(rules_.limits.semaphore_idle_ms);
  deadlines_.add({semaphore.forget, Deadline::Kind::Semaphore, semaphore.id});
}

void Machine::forget_semaphore(std::uint64_t id) {
  const auto name = semaphore_names_.find(id);
  CHECK(name != semaphore_names_.end());
  semaphores_.erase(name->second);
  semaphore_names_.erase(name);
}

Reply Machine::on(const command::SemAcquire& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = semaphores_.find(command.key);
  const bool is_new = it == semaphores_.end();
  if (is_new && command.limit == 0) {
    return Refused{Code::Malformed,
                   fmt::format("semaphore {} does not exist yet: the first SEM.ACQUIRE says its "
                               "LIMIT",
                               quoted(command.key))};
  }
  const std::int64_t limit = is_new ? command.limit : it->second.limit;
  if (command.limit != 0 && command.limit != limit) {
    return Refused{Code::Conflict,
                   fmt::format("semaphore {} has the limit {}, not {}; SEM.RESIZE changes it",
                               quoted(command.key), limit, command.limit)};
  }
  if (command.permits > limit) {
    return Refused{Code::Limit, fmt::format("{} permits are more than the limit {} of semaphore {}",
                                            command.permits, limit, quoted(command.key))};
  }
  if (is_new && semaphores_.size() >= static_cast<std::size_t>(rules_.limits.semaphores)) {
    return Refused{Code::Limit, fmt::format("{} semaphores are known, which is the limit "
                                            "(semaphores)",
                                            semaphores_.size())};
  }
  Claim claim = claim_of(Space::Semaphore, {{command.key, false}}, command);
  claim.details.set(&Details::permits, command.permits);
  Reply reply = acquire(std::move(claim), command, std::nullopt);
  if (is_new && changed_) make_semaphore(command.key, command.limit);
  return reply;
}

Reply Machine::on(const command::SemRelease& command) {
  return release(Space::Semaphore, command.key, command.token);
}

Reply Machine::on(const command::SemRenew& command) {
  return renew_lease(Space::Semaphore, command.key, command.token, command.lease);
}

/// Who holds permits keeps them, even if they are more than the new limit. Who asks for more than
/// it will ever be is refused.
Reply Machine::on(const command::SemResize& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const auto it = semaphores_.find(command.key);
  if (it == semaphores_.end()) {
    if (semaphores_.size() >= static_cast<std::size_t>(rules_.limits.semaphores)) {
      return Refused{Code::Limit, fmt::format("{} semaphores are known, which is the limit "
                                              "(semaphores)",
                                              semaphores_.size())};
    }
    changed();
    make_semaphore(command.key, command.limit);
    leave_semaphore(command.key);
    return command::Done{};
  }
  if (it->second.limit == command.limit) return command::Done{};
  changed();
  it->second.limit = command.limit;
  touched_.emplace_back(Space::Semaphore, command.key);
  const auto key = keys_of(Space::Semaphore).find(command.key);
  if (key == keys_of(Space::Semaphore).end() || !key->second.queue) return command::Done{};
  std::vector<std::uint64_t> waiting;
  for (const auto& [place, id] : key->second.queue->all) waiting.push_back(id);
  for (const std::uint64_t id : waiting) {
    const Waiter& waiter = *waiters_.at(id);
    if (waiter.details->permits > command.limit) {
      refuse_waiter(id, Code::Limit,
                    fmt::format("{} permits are more than the new limit {} of semaphore {}",
                                waiter.details->permits, command.limit, quoted(command.key)));
    } else {
      suspect(waiter);
    }
  }
  return command::Done{};
}

Reply Machine::on(const command::SemInfo& command) {
  const auto it = semaphores_.find(command.key);
  const auto key = keys_of(Space::Semaphore).find(command.key);
  const bool is_used = key != keys_of(Space::Semaphore).end();
  return Value(Value::Map{
      {"key", command.key},
      {"limit", it == semaphores_.end() ? Value() : Value(it->second.limit)},
      {"used", is_used ? key->second.permits : 0},
      {"held", is_used ? key->second.holders.size() : 0},
      {"waiting", is_used && key->second.queue ? key->second.queue->size() : 0},
      {"holders", is_used ? report_holders(command.key, key->second) : Value::List{}},
      {"waiters", is_used ? report_waiters(command.key, key->second, 100) : Value::List{}},
  });
}

}  // namespace state
