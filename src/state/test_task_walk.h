// Entries made up one after another: a few clients that share the tasks of a few
// flows, a few signals and two locks.
//
// What is chosen comes from outside, as in test_walk.h. Names and numbers are
// few, so that everything meets: the same task is declared by one, joined by
// another, taken by a third and cancelled by a fourth.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"

namespace state {

template <class Choices>
class TaskWalk {
 public:
  /// `signal_weight`: how many of 200 commands are of signals.
  explicit TaskWalk(Choices choices, std::uint64_t signal_weight = 17)
      : choose_(std::move(choices)), signal_weight_(signal_weight) {}

  bool is_over() const { return choose_.is_over(); }
  void go_on(Choices choices) { choose_ = std::move(choices); }
  std::uint64_t choose(std::uint64_t n) { return choose_(n); }

  /// The rules of the walk: few bytes and few signals, so that their limits are met, and a short
  /// time until a signal is forgotten.
  static command::Configure configure() {
    command::Rules rules;
    rules.limits.results_bytes = 6;
    rules.limits.signals = 5;
    rules.limits.signal_bytes = 20;
    rules.limits.signal_idle_ms = 40'000;
    rules.limits.payload_bytes = 8;
    return {rules};
  }

  /// The next entry for a machine at this index and time, where `due` is its next deadline.
  command::Entry next(std::uint64_t next_index, base::Time now, base::Time due) {
    command::Entry entry = choose_(10) == 0 && !numbered_.empty() ? repeated() : fresh();
    time_ = std::max(time_, now);
    pass_time(due);
    entry.index = next_index;
    entry.now = time_;
    entry.wall = time_ + base::Duration::from_seconds(1'700'000'000);
    if (entry.request != 0 && entry.origin.session != 0) push(numbered_, entry);
    return entry;
  }

  /// Learns from what the entry brought about, so that later entries make sense.
  void learn(const command::Entry& entry, const command::Outcome& outcome) {
    if (const auto* opened = std::get_if<command::Opened>(&outcome.reply)) {
      if (std::holds_alternative<command::SessionOpen>(entry.command)) {
        push(sessions_, std::pair{opened->session, entry.origin.user});
      }
    }
    learn(outcome.reply, entry.origin);
    const auto* acquire = std::get_if<command::LockAcquire>(&entry.command);
    const auto* granted = std::get_if<command::Granted>(&outcome.reply);
    if (acquire != nullptr && granted != nullptr) {
      push(locks_, Held{"", acquire->keys.front().key.str(), granted->token, entry.origin});
    }
    for (const command::Event& event : outcome.events) {
      if (const auto* over = std::get_if<command::SessionEnded>(&event)) forget(over->session);
      const auto* ended = std::get_if<command::WaitEnded>(&event);
      if (ended == nullptr) continue;
      const command::Origin origin{"user", ended->connection, ended->session};
      learn(ended->reply, origin);
      const auto* later = std::get_if<command::Granted>(&ended->reply);
      if (later != nullptr) push(locks_, Held{"", lock(), later->token, origin});
    }
  }

 private:
  struct Held {
    std::string flow;
    std::string name;
    std::uint64_t token = 0;
    command::Origin origin;
  };

  void learn(const command::Reply& reply, const command::Origin& origin) {
    const auto* attempt = std::get_if<command::Attempt>(&reply);
    if (attempt != nullptr)
      push(attempts_, Held{attempt->flow, attempt->task, attempt->token, origin});
  }

  /// Mostly; who knows no better goes on speaking for it.
  void forget(std::uint64_t session) {
    if (one_in(8)) return;
    std::erase_if(sessions_, [&](const auto& known) { return known.first == session; });
  }

  template <class T>
  static void push(std::vector<T>& items, T item) {
    items.push_back(std::move(item));
    if (items.size() > 12) items.erase(items.begin());
  }

  /// Mostly a little, often to a deadline or just before it, seldom far beyond.
  void pass_time(base::Time due) {
    const base::Time before = time_;
    const auto ms = [&](std::uint64_t n) {
      return base::Duration::from_ms(static_cast<std::int64_t>(choose_(n)));
    };
    switch (choose_(14)) {
      case 0: time_ = time_ + ms(5'000); break;
      case 1: time_ = time_ + base::Duration::from_us(static_cast<std::int64_t>(choose_(3))); break;
      case 2:
      case 3: time_ = due; break;
      case 4: time_ = due - base::Duration::from_us(1); break;
      case 5: time_ = time_ + ms(200); break;
      case 6:
        if (choose_(8) == 0) time_ = time_ + ms(90'000);
        break;
      default: break;
    }
    if (due == base::Time::never() || time_ < before) time_ = std::max(before, time_);
    const bool is_far = time_ > before + base::Duration::from_seconds(400);
    if (is_far && (time_ > before + base::Duration::from_seconds(200'000) || !one_in(8))) {
      time_ = before;
    }
  }

  bool one_in(std::uint64_t n) { return choose_(n) == 0; }
  template <std::size_t N>
  std::string pick(const std::array<const char*, N>& names) {
    return names[choose_(N)];
  }
  base::Duration length() {
    constexpr std::array<std::int64_t, 6> kMs{1, 50, 400, 1'000, 4'000, 20'000};
    return base::Duration::from_ms(kMs[choose_(kMs.size())]);
  }
  std::string flow() { return pick(std::array{"f1", "f2", "g"}); }
  std::string task() { return pick(std::array{"a", "b", "c", "d", "e"}); }
  std::string signal() { return pick(std::array{"s", "t"}); }
  std::string lock() { return pick(std::array{"k", "l"}); }
  std::string ticket() { return one_in(3) ? pick(std::array{"x", "y", "z"}) : ""; }
  std::string bytes() { return pick(std::array{"", "r", "ss", "ttttt"}); }
  std::string agent(const command::Origin& origin) {
    if (origin.session == 0) return one_in(40) ? "m" : "";
    return pick(std::array{"", "m", "n"});
  }

  command::Origin origin() {
    command::Origin origin;
    origin.connection = 1 + choose_(5);
    origin.user = one_in(10) ? "other" : "user";
    if (one_in(4) || sessions_.empty()) return origin;
    const auto& [session, user] = sessions_[sessions_.size() - 1 - choose_(sessions_.size()) / 2];
    origin.session = session;
    if (!one_in(32)) origin.user = user;
    return origin;
  }

  command::Entry repeated() {
    command::Entry entry = numbered_[choose_(numbered_.size())];
    if (one_in(2)) entry.origin.connection = 1 + choose_(5);
    if (one_in(2)) entry.ticket = ticket();
    if (one_in(16)) entry.command = result(entry.origin);
    return entry;
  }

  command::Entry fresh() {
    command::Entry entry;
    entry.origin = origin();
    entry.command = command(entry.origin);
    entry.ticket = ticket();
    const bool is_own = command::kind_of(entry.command) == command::Tick::kKind ||
                        command::kind_of(entry.command) == command::Start::kKind ||
                        command::kind_of(entry.command) == command::Disconnect::kKind;
    const bool is_open = std::holds_alternative<command::SessionOpen>(entry.command);
    if (!is_own && !is_open && entry.origin.session != 0 && one_in(3)) entry.request = ++request_;
    return entry;
  }

  command::Command command(command::Origin& origin) {
    if (sessions_.size() < 3 && one_in(4)) return open(origin);
    if (choose_(200) < signal_weight_) return signal_command();
    const std::uint64_t kind = choose_(183);
    if (kind < 22) return add();
    if (kind < 52) return join(origin);
    if (kind < 70) return take(origin);
    if (kind < 84) return complete(origin);
    if (kind < 92) return fail(origin);
    if (kind < 97) return release(origin);
    if (kind < 102) return extend(origin);
    if (kind < 108) return result(origin);
    if (kind < 112) return command::TaskCancel{flow(), task(), bytes()};
    if (kind < 117) return command::TaskRedrive{flow(), task(), ""};
    if (kind < 119) return command::FlowCancel{flow(), bytes()};
    if (kind < 129) return acquire(origin);
    if (kind < 131) return command::FlowClose{flow()};
    if (kind < 136) return command::Cancel{pick(std::array{"x", "y", "z"})};
    if (kind < 144) return acquire(origin);
    if (kind < 148) return unlock(origin);
    if (kind < 150) return command::SessionKeepAlive{};
    if (kind < 151) return command::SessionAttach{};
    if (kind < 156) return open(origin);
    if (kind < 157) return command::SessionClose{};
    if (kind < 161) return disconnect(origin);
    if (kind < 162) return by_itself(origin, command::Start{"walk"});
    return by_itself(origin, command::Tick{});
  }

  template <class C>
  static C by_itself(command::Origin& origin, C command) {
    origin = {};
    return command;
  }
  command::Disconnect disconnect(command::Origin& origin) {
    origin.user.clear();
    if (!one_in(6)) origin.session = 0;
    return {};
  }
  command::SessionOpen open(command::Origin& origin) {
    constexpr std::array<std::int64_t, 4> kMs{1'000, 5'000, 30'000, 300'000};
    origin.session = 0;
    command::SessionOpen open;
    open.ttl = base::Duration::from_ms(kMs[choose_(kMs.size())]);
    return open;
  }

  // --- tasks

  void declare(command::Declaration& d) {
    d.flow = flow();
    d.task = task();
    if (one_in(2)) {
      d.after.emplace();
      for (std::uint64_t n = choose_(3); n > 0; --n) {
        std::string name = task();
        const bool fits =
            name != d.task && std::find(d.after->begin(), d.after->end(), name) == d.after->end();
        if (fits) d.after->push_back(std::move(name));
      }
    }
    if (one_in(3)) d.when = static_cast<command::When>(choose_(3));
    if (one_in(5)) d.on_dead = static_cast<command::OnDead>(choose_(2));
    if (one_in(2)) d.timeout = length();
    if (one_in(2)) d.attempts = 1 + static_cast<std::int64_t>(choose_(3));
    if (one_in(3)) d.backoff = command::Backoff{length(), length()};
    if (one_in(8)) d.backoff = command::Backoff{};
    if (one_in(6)) d.delay = length();
    if (one_in(5)) d.deadline = length();
    if (one_in(5)) d.input = bytes();
  }
  command::TaskAdd add() {
    command::TaskAdd add;
    declare(add);
    if (one_in(3)) add.priority = static_cast<std::uint8_t>(choose_(4));
    return add;
  }
  void set_terms(command::Terms& terms, const command::Origin& origin) {
    if (!one_in(3)) terms.wait = length();
    if (one_in(2)) terms.priority = static_cast<std::uint8_t>(choose_(4));
    terms.agent = agent(origin);
  }
  command::TaskJoin join(const command::Origin& origin) {
    command::TaskJoin join;
    if (one_in(2)) {
      declare(join);
    } else {
      join.flow = flow();
      join.task = task();
    }
    set_terms(join, origin);
    if (one_in(2)) join.preemption = length();
    return join;
  }
  command::TaskTake take(const command::Origin& origin) {
    command::TaskTake take;
    for (std::uint64_t n = 1 + choose_(3); n > 0; --n) {
      std::string name = task();
      if (std::find(take.tasks.begin(), take.tasks.end(), name) == take.tasks.end()) {
        take.tasks.push_back(std::move(name));
      }
    }
    take.flows = pick(std::array{"", "", "f", "f2", "g"});
    set_terms(take, origin);
    return take;
  }
  /// Mostly what somebody runs or ran, by himself.
  Held attempt(command::Origin& origin) {
    if (attempts_.empty() || one_in(24)) return {flow(), task(), 1 + choose_(40), {}};
    const std::uint64_t back = one_in(2) ? 0 : choose_(attempts_.size());
    const Held held = attempts_[attempts_.size() - 1 - back];
    if (!one_in(6)) origin = held.origin;
    return held;
  }
  command::TaskComplete complete(command::Origin& origin) {
    const Held held = attempt(origin);
    return {held.flow, held.name, held.token, bytes()};
  }
  command::TaskFail fail(command::Origin& origin) {
    const Held held = attempt(origin);
    return {held.flow, held.name, held.token, bytes(), one_in(2)};
  }
  command::TaskRelease release(command::Origin& origin) {
    const Held held = attempt(origin);
    command::TaskRelease release{held.flow, held.name, held.token, {}, {}};
    if (one_in(2)) release.delay = length();
    if (one_in(2)) release.checkpoint = bytes();
    return release;
  }
  command::TaskExtend extend(command::Origin& origin) {
    const Held held = attempt(origin);
    return {held.flow, held.name, held.token, length()};
  }
  command::TaskResult result(const command::Origin& origin) {
    return {flow(), task(), one_in(3) ? base::Duration() : length(), agent(origin)};
  }

  // --- signals and locks

  command::Command signal_command() {
    const base::Duration wait = one_in(4) ? base::Duration() : length();
    switch (choose_(10)) {
      case 0: return command::EventSet{signal(), bytes(), one_in(2)};
      case 1: return command::EventReset{signal()};
      case 2:
      case 3: {
        command::EventWait event{signal(), {}, wait};
        if (one_in(3)) event.after = choose_(200);
        return event;
      }
      case 4:
      case 5:
      case 6: {
        const std::string who = pick(std::array{"", "", "p", "q"});
        return command::BarrierArrive{signal(), one_in(4) ? 2 : 3,
                                      who,      static_cast<command::OnDeath>(choose_(2)),
                                      wait,     bytes()};
      }
      case 7: return command::LatchSet{signal(), static_cast<std::int64_t>(choose_(4))};
      case 8: return command::LatchCountdown{signal(), pick(std::array{"", "p", "q"})};
      default: return command::LatchWait{signal(), wait};
    }
  }
  command::Command acquire(const command::Origin& origin) {
    command::LockAcquire acquire;
    acquire.keys = {{lock(), false}};
    set_terms(acquire, origin);
    return acquire;
  }
  command::LockRelease unlock(command::Origin& origin) {
    if (locks_.empty()) return {lock(), 1 + choose_(40)};
    const Held& held = locks_[choose_(locks_.size())];
    if (!one_in(6)) origin = held.origin;
    return {held.name, held.token};
  }

  Choices choose_;
  std::uint64_t signal_weight_;
  base::Time time_;
  std::uint64_t request_ = 0;
  std::vector<std::pair<std::uint64_t, std::string>> sessions_;
  std::vector<command::Entry> numbered_;
  std::vector<Held> attempts_;
  std::vector<Held> locks_;
};

}  // namespace state
