// Drawing requests.
#include "sim/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sim {

using base::Duration;

Duration Wish::wait() const {
  const auto word = std::find(argv.begin(), argv.end(), "WAIT");
  std::int64_t ms = 0;
  if (word != argv.end() && word + 1 != argv.end()) {
    const std::string& text = *(word + 1);
    std::from_chars(text.data(), text.data() + text.size(), ms);
  }
  return Duration::from_ms(ms);
}

Wish Requests::next() {
  if (chance_.one_in(30)) return session_wish();
  if (chance_.one_in(12)) return look();
  const bool does_tasks =
      plan_.work == Work::Tasks || (plan_.work == Work::Both && chance_.one_in(2));
  if (does_tasks) {
    if (chance_.one_in(plan_.work == Work::Both ? 3 : 5)) return signal_wish();
    return held(Kind::Task) != nullptr && chance_.one_in(2) ? report() : task_wish();
  }
  switch (chance_.below(8)) {
    case 0: return semaphore_wish();
    case 1: return election_wish();
    default: return lock_wish();
  }
}

void Requests::learn(const std::vector<std::string>& argv, const resp::Value& reply) {
  if (reply.is_error()) return;
  const std::string& command = argv.front();
  if (const auto* generation = reply.find("generation"); command.starts_with("EVENT.")) {
    if (generation != nullptr) seen_generation_ = generation->as_integer().value_or(0);
  }
  const auto* token = reply.find("token");
  const auto number = token != nullptr ? token->as_integer() : std::nullopt;
  if (number) {
    Held held{Kind::Lock, argv.size() > 1 ? argv[1] : "", {}, std::to_string(*number)};
    if (command.starts_with("SEM.")) held.kind = Kind::Semaphore;
    if (command.starts_with("ELECTION.")) held.kind = Kind::Election;
    if (command.starts_with("TASK.")) {
      const auto* flow = reply.find("flow");
      const auto* task = reply.find("task");
      if (flow == nullptr || task == nullptr) return;
      held.kind = Kind::Task;
      held.name = flow->text;
      held.task = task->text;
    }
    std::erase_if(held_, [&](const Held& h) { return h.token == held.token; });
    held_.push_back(std::move(held));
    if (held_.size() > 8) held_.erase(held_.begin());
  }
}

/// Tokens of the session before are tried again now and then, while it may still live.
void Requests::forget() {
  if (!chance_.one_in(3)) held_.clear();
}

// --- words

std::string Requests::name(const char* kind) {
  return fmt::format("{}/{}", kind, chance_.below(plan_.names));
}

std::int64_t Requests::parties_of(std::string_view barrier) {
  return (barrier.back() - '0') % 2 == 0 ? 3 : 2;
}

/// Longer than a session lives after its client has died, so that some die while others wait.
Duration Requests::longest_at_barrier() const { return Duration::from_seconds(2) + plan_.ttl * 2; }

std::string Requests::task() { return fmt::format("t{}", chance_.below(5)); }

std::string Requests::number(std::int64_t low, std::int64_t high) {
  return std::to_string(chance_.between(low, high));
}

const Requests::Held* Requests::held(Kind kind) {
  std::vector<const Held*> candidates;
  for (const Held& h : held_) {
    if (h.kind == kind) candidates.push_back(&h);
  }
  return candidates.empty() ? nullptr : candidates[chance_.below(candidates.size())];
}

void Requests::add_terms(Words& words) {
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  const bool waits = !chance_.one_in(4);
  if (waits) add({"WAIT", number(1, 3'000)});
  if (chance_.one_in(3)) add({"PRIORITY", number(0, 4)});
  if (chance_.one_in(3)) add({"AGENT", fmt::format("a{}", chance_.below(2))});
  if (chance_.one_in(8)) add({"NOTE", "why not"});
}

// --- locks

Wish Requests::lock_wish() {
  const Held* mine = held(Kind::Lock);
  if (mine == nullptr || chance_.one_in(3)) return acquire();
  const std::string key = mine->name;
  const std::string token = mine->token;
  switch (chance_.below(10)) {
    case 0: return {{"LOCK.RENEW", key, token, "LEASE", number(50, 2'000)}, true, false};
    case 1: return {{"LOCK.CHECK", key, token}, false, false};
    case 2: {
      Words words = {"LOCK.UPGRADE", key, token};
      if (chance_.one_in(2)) words.insert(words.end(), {"WAIT", number(1, 1'000)});
      return {words, true, true};
    }
    case 3: return {{"LOCK.DOWNGRADE", key, token}, true, false};
    case 4: return {{"LOCK.RESOLVE", key}, true, false};
    case 5:
      if (chance_.one_in(3)) return {{"LOCK.REVOKE", name("lock")}, true, false};
      [[fallthrough]];
    default: return {{"LOCK.RELEASE", key, token}, true, false};
  }
}

Wish Requests::acquire() {
  Words words = {"LOCK.ACQUIRE", name("lock")};
  if (chance_.one_in(3)) words.emplace_back("SHARED");
  while (chance_.one_in(4)) {
    words.insert(words.end(), {"AND", name("lock")});
    if (chance_.one_in(3)) words.emplace_back("SHARED");
  }
  add_terms(words);
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  if (chance_.one_in(4)) add({"LEASE", number(50, chance_.one_in(4) ? 4'000'000 : 3'000)});
  if (chance_.one_in(6))
    add({"ONLOSS", "DELAY", number(10, 1'000)});
  else if (chance_.one_in(8))
    add({"ONLOSS", "HOLD"});
  if (chance_.one_in(8)) add({"OWNER", "me"});
  const bool waits = std::find(words.begin(), words.end(), "WAIT") != words.end();
  if (waits && chance_.one_in(6)) add({"PREEMPT", number(0, 500)});
  if (waits && chance_.one_in(10)) add({"IFWITHIN", number(1, 500)});
  return {words, true, true};
}

Wish Requests::semaphore_wish() {
  const Held* mine = held(Kind::Semaphore);
  if (mine != nullptr && chance_.one_in(2)) {
    if (chance_.one_in(4)) {
      return {{"SEM.RENEW", mine->name, mine->token, "LEASE", number(50, 2'000)}, true, false};
    }
    return {{"SEM.RELEASE", mine->name, mine->token}, true, false};
  }
  if (chance_.one_in(8)) return {{"SEM.RESIZE", name("sem"), number(1, 5)}, true, false};
  Words words = {"SEM.ACQUIRE", name("sem")};
  if (!chance_.one_in(3)) words.insert(words.end(), {"LIMIT", chance_.one_in(10) ? "4" : "3"});
  if (chance_.one_in(2)) words.insert(words.end(), {"PERMITS", number(1, 3)});
  add_terms(words);
  if (chance_.one_in(4)) words.insert(words.end(), {"LEASE", number(50, 2'000)});
  return {words, true, true};
}

Wish Requests::election_wish() {
  const Held* mine = held(Kind::Election);
  if (mine != nullptr && chance_.one_in(2)) {
    if (chance_.one_in(2)) {
      return {{"ELECTION.PROCLAIM", mine->name, mine->token, number(1, 99)}, true, false};
    }
    return {{"ELECTION.RESIGN", mine->name, mine->token}, true, false};
  }
  if (chance_.one_in(4)) return {{"ELECTION.OBSERVE", name("office")}, false, false};
  Words words = {"ELECTION.CAMPAIGN", name("office"), fmt::format("client-{}", client_)};
  add_terms(words);
  return {words, true, true};
}

// --- tasks

void Requests::add_declaration(Words& words) {
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  if (chance_.one_in(4))
    add({"AFTER", "0"});
  else if (chance_.one_in(3))
    add({"AFTER", "2", task(), task()});
  else if (chance_.one_in(3))
    add({"AFTER", "1", task()});
  if (chance_.one_in(4)) add({"WHEN", chance_.one_in(2) ? "ENDED" : "FAILED"});
  if (chance_.one_in(4)) add({"ONDEAD", chance_.one_in(3) ? "HOLD" : "SKIP"});
  if (chance_.one_in(2)) add({"TIMEOUT", number(50, 3'000)});
  if (chance_.one_in(2)) add({"ATTEMPTS", number(1, 3)});
  if (chance_.one_in(3)) add({"BACKOFF", number(0, 200)});
  if (chance_.one_in(6)) add({"DELAY", number(1, 500)});
  if (chance_.one_in(6)) add({"DEADLINE", number(100, 10'000)});
  if (chance_.one_in(4)) add({"INPUT", fmt::format("input of {}", client_)});
}

Wish Requests::task_wish() {
  switch (chance_.below(10)) {
    case 0:
    case 1: {
      Words words = {"TASK.ADD", name("flow"), task()};
      add_declaration(words);
      if (chance_.one_in(3)) words.insert(words.end(), {"PRIORITY", number(0, 4)});
      return {words, true, false};
    }
    case 2:
    case 3:
    case 4: {
      Words words = {"TASK.JOIN", name("flow"), task()};
      add_declaration(words);
      add_terms(words);
      const bool waits = std::find(words.begin(), words.end(), "WAIT") != words.end();
      if (waits && chance_.one_in(6)) words.insert(words.end(), {"PREEMPT", number(0, 500)});
      return {words, true, true};
    }
    case 5:
    case 6: {
      Words words = {"TASK.TAKE", "2", task(), task()};
      if (chance_.one_in(2)) words.insert(words.end(), {"FLOWS", "flow/"});
      add_terms(words);
      return {words, true, true};
    }
    case 7: {
      Words words = {"TASK.RESULT", name("flow"), task()};
      if (chance_.one_in(2)) words.insert(words.end(), {"WAIT", number(1, 2'000)});
      return {words, true, true};
    }
    case 8:
      if (chance_.one_in(4)) return {{"FLOW.CANCEL", name("flow")}, true, false};
      if (chance_.one_in(4)) return {{"FLOW.CLOSE", name("flow")}, true, false};
      return {{"TASK.CANCEL", name("flow"), task()}, true, false};
    default: return {{"TASK.REDRIVE", name("flow"), task()}, true, false};
  }
}

Wish Requests::report() {
  const Held mine = *held(Kind::Task);
  switch (chance_.below(8)) {
    case 0: {
      Words words = {"TASK.FAIL", mine.name, mine.task, mine.token, "no"};
      if (chance_.one_in(2)) words.emplace_back("RETRY");
      return {words, true, false};
    }
    case 1:
      return {{"TASK.RELEASE", mine.name, mine.task, mine.token, "CHECKPOINT", "half way"},
              true,
              false};
    case 2:
      return {{"TASK.EXTEND", mine.name, mine.task, mine.token, number(50, 2'000)}, true, false};
    default:
      return {{"TASK.COMPLETE", mine.name, mine.task, mine.token,
               fmt::format("{}/{}#{}", mine.name, mine.task, mine.token)},
              true,
              false};
  }
}

// --- signals

Wish Requests::signal_wish() {
  switch (chance_.below(10)) {
    case 0: {
      Words words = {"EVENT.SET", name("event"), "payload"};
      if (chance_.one_in(3)) words.emplace_back("AUTO");
      return {words, true, false};
    }
    case 1: return {{"EVENT.RESET", name("event")}, true, false};
    case 2:
    case 3:
      return {{"EVENT.WAIT", name("event"), "AFTER",
               chance_.one_in(3) ? number(0, 20) : std::to_string(seen_generation_), "WAIT",
               number(1, 2'000)},
              true,
              true};
    case 4:
    case 5:
    case 6: {
      const std::string barrier = name("barrier");
      const std::int64_t parties = parties_of(barrier);
      Words words = {"BARRIER.ARRIVE",        barrier, "PARTIES",
                     std::to_string(parties), "WAIT",  number(1, longest_at_barrier().ms())};
      if (chance_.one_in(2)) words.insert(words.end(), {"AS", fmt::format("p{}", client_)});
      if (parties == 2 && chance_.one_in(3))
        words.insert(words.end(), {"ONDEATH", chance_.one_in(2) ? "SHRINK" : "BREAK"});
      return {words, true, true};
    }
    case 7: return {{"LATCH.SET", name("latch"), number(1, 3)}, true, false};
    case 8: return {{"LATCH.COUNTDOWN", name("latch")}, true, false};
    default: return {{"LATCH.WAIT", name("latch"), "WAIT", number(1, 2'000)}, true, true};
  }
}

// --- sessions, and looks at the state

Wish Requests::session_wish() {
  switch (chance_.below(3)) {
    case 0: return {{"SESSION.INFO"}, false, false};
    case 1: return {{"SESSION.LIST"}, false, false};
    default: return {{"SESSION.KEEPALIVE"}, false, false};
  }
}

Wish Requests::look() {
  switch (chance_.below(plan_.work == Work::Locks ? 4 : 8)) {
    case 0: return {{"LOCK.INFO", name("lock")}, false, false};
    case 1: return {{"LOCK.LIST", "COUNT", "3"}, false, false};
    case 2: return {{"SEM.INFO", name("sem")}, false, false};
    case 3: return {{"ELECTION.LEADER", name("office")}, false, false};
    case 4: return {{"FLOW.INFO", name("flow")}, false, false};
    case 5: return {{"FLOW.LIST", "COUNT", "3"}, false, false};
    case 6: return {{"TASK.WHY", name("flow"), task()}, false, false};
    default: return {{"EVENT.INFO", name("event")}, false, false};
  }
}

}  // namespace sim
