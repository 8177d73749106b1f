// Entries made up one after another: a few clients that quarrel over a few keys.
//
// What is chosen comes from outside: from a seed in the random tests, from the
// fuzzer's bytes in the fuzz targets. Numbers are kept small, so that clients
// meet often: few keys, few tickets, short waits, tokens that were seen before.
// Each walk has a theme of its own: what it does much of, and what it leaves out,
// so that the rules of a few things meet more often than if all were mixed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"
#include "state/test_choices.h"

namespace state {

template <class Choices>
class Walk {
 public:
  explicit Walk(Choices choices) : choose_(std::move(choices)) { choose_theme(); }

  bool is_over() const { return choose_.is_over(); }
  /// Goes on by other choices, with all that was learned.
  void go_on(Choices choices) { choose_ = std::move(choices); }
  std::uint64_t choose(std::uint64_t n) { return choose_(n); }

  /// The next entry for a machine at this index and time, where `due` is its next deadline.
  command::Entry next(std::uint64_t next_index, base::Time now, base::Time due) {
    command::Entry entry = choose_(10) == 0 && !numbered_.empty() ? repeated() : fresh();
    time_ = std::max(time_, now);
    pass_time(due);
    entry.index = next_index + (choose_(16) == 0 ? choose_(1'000) : 0);
    entry.now = time_;
    entry.wall = time_ + base::Duration::from_seconds(1'700'000'000);
    if (entry.request != 0 && entry.origin.session != 0) push(numbered_, entry);
    return entry;
  }

  /// Learns from what the entry brought about, so that later entries make sense.
  void learn(const command::Entry& entry, const command::Outcome& outcome) {
    if (outcome.changed) {
      const Asked asked = asked_for(entry);
      if (!asked.key.empty()) push(asked_, asked);
    }
    if (const auto* granted = std::get_if<command::Granted>(&outcome.reply)) {
      learn_grant(entry.index, granted->token);
    }
    const auto* opened = std::get_if<command::Opened>(&outcome.reply);
    if (opened != nullptr && std::holds_alternative<command::SessionOpen>(entry.command)) {
      push(sessions_, {opened->session, entry.origin.user});
      if (sessions_.size() > theme_.sessions) sessions_.erase(sessions_.begin());
    }
    for (const command::Event& event : outcome.events) {
      const auto* ended = std::get_if<command::WaitEnded>(&event);
      const auto* granted =
          ended == nullptr ? nullptr : std::get_if<command::Granted>(&ended->reply);
      if (granted != nullptr) learn_grant(ended->waiter, granted->token);
      const auto* closed = std::get_if<command::SessionEnded>(&event);
      // Seldom it is spoken for again.
      if (closed != nullptr && choose_(8) != 0) {
        std::erase_if(sessions_, [&](const auto& s) { return s.first == closed->session; });
      }
    }
  }

 private:
  static constexpr std::size_t kRemembered = 12;
  enum class Thing : std::uint8_t { Lock, Semaphore, Election };

  /// Chances are in percent.
  struct Theme {
    std::uint64_t keys = 4;
    std::uint64_t connections = 5;
    std::size_t sessions = 6;
    std::uint64_t anonymous = 25;
    std::uint64_t limits = 0;
    std::uint64_t several = 30, shared = 20, owner = 0, agent = 30, preempt = 0, loss = 0;
    std::uint64_t convert = 0, operate = 0, permits = 0, elect = 0;
  };
  struct Asked {
    std::uint64_t index = 0;
    std::string key;
    Thing thing = Thing::Lock;
    command::Origin origin;
  };
  struct Hold {
    std::uint64_t token = 0;
    std::string key;
    Thing thing = Thing::Lock;
    command::Origin origin;
  };

  bool by_chance(std::uint64_t percent) { return choose_(100) < percent; }
  std::uint64_t one_of(std::initializer_list<std::uint64_t> choices) {
    return choices.begin()[choose_(choices.size())];
  }
  void choose_theme() {
    theme_.keys = 1 + choose_(4);
    theme_.connections = 2 + choose_(4);
    theme_.sessions = 2 + choose_(5);
    theme_.anonymous = one_of({0, 10, 25});
    theme_.limits = one_of({0, 0, 60});
    theme_.several = one_of({0, 30, 60});
    theme_.shared = one_of({5, 25, 60});
    theme_.owner = one_of({0, 20, 60});
    theme_.agent = one_of({0, 30, 60});
    theme_.preempt = one_of({0, 20, 50});
    theme_.loss = one_of({0, 20, 50});
    theme_.convert = one_of({0, 10, 25});
    theme_.operate = one_of({0, 5, 15});
    theme_.permits = one_of({0, 15, 50});
    theme_.elect = one_of({0, 0, 10, 30});
  }

  void learn_grant(std::uint64_t index, std::uint64_t token) {
    for (const Asked& asked : asked_) {
      if (asked.index == index) push(holds_, {token, asked.key, asked.thing, asked.origin});
    }
  }
  /// What may be granted; without a key: nothing.
  static Asked asked_for(const command::Entry& entry) {
    const command::Command& c = entry.command;
    Asked asked{entry.index, {}, Thing::Lock, entry.origin};
    if (const auto* acquire = std::get_if<command::LockAcquire>(&c)) {
      asked.key = acquire->keys.back().key;
    } else if (const auto* upgrade = std::get_if<command::LockUpgrade>(&c)) {
      asked.key = upgrade->key;
    } else if (const auto* permits = std::get_if<command::SemAcquire>(&c)) {
      asked.key = permits->key;
      asked.thing = Thing::Semaphore;
    } else if (const auto* campaign = std::get_if<command::ElectionCampaign>(&c)) {
      asked.key = campaign->name;
      asked.thing = Thing::Election;
    }
    return asked;
  }
  template <class T>
  void push(std::vector<T>& items, std::type_identity_t<T> item) {
    items.push_back(std::move(item));
    if (items.size() > kRemembered) items.erase(items.begin());
  }

  /// Mostly a little, sometimes to a deadline or just before it, seldom far beyond.
  void pass_time(base::Time due) {
    const base::Time before = time_;
    switch (choose_(12)) {
      case 0:
        time_ = time_ + base::Duration::from_ms(static_cast<std::int64_t>(choose_(3'000)));
        break;
      case 1: time_ = time_ + base::Duration::from_us(static_cast<std::int64_t>(choose_(3))); break;
      case 2: time_ = due; break;
      case 3: time_ = due - base::Duration::from_us(1); break;
      case 4:
        time_ = time_ + base::Duration::from_ms(static_cast<std::int64_t>(choose_(200)));
        break;
      default: break;
    }
    if (due == base::Time::never() || time_ < before) time_ = std::max(before, time_);
    if (time_ > before + base::Duration::from_seconds(1'000)) time_ = before;
  }

  command::Origin origin() {
    command::Origin origin;
    origin.connection = 1 + choose_(theme_.connections);
    origin.user = choose_(24) == 0 ? "other" : "user";
    if (by_chance(theme_.anonymous) || sessions_.empty()) return origin;
    const auto& [session, user] = sessions_[choose_(sessions_.size())];
    origin.session = session;
    if (choose_(32) != 0) origin.user = user;
    return origin;
  }
  std::string letter(char first, std::uint64_t count) {
    return std::string(1, static_cast<char>(first + static_cast<char>(choose_(count))));
  }
  std::string key() { return letter('a', theme_.keys); }
  std::string ticket() { return choose_(3) == 0 ? letter('s', 4) : std::string(); }
  base::Duration length() {
    constexpr std::array<std::int64_t, 6> kMs{1, 50, 400, 1'000, 4'000, 20'000};
    return base::Duration::from_ms(kMs[choose_(kMs.size())]);
  }
  std::int64_t small(std::uint64_t n) { return static_cast<std::int64_t>(choose_(n)); }

  /// Mostly what somebody holds or held, by himself.
  Hold hold(Thing thing, command::Origin& origin) {
    std::vector<const Hold*> known;
    for (const Hold& h : holds_) {
      if (h.thing == thing) known.push_back(&h);
    }
    if (known.empty() || choose_(24) == 0) return {1 + choose_(30), key(), thing, {}};
    const Hold& hold = *known[choose_(known.size())];
    if (choose_(8) != 0) origin = hold.origin;
    return {hold.token, choose_(10) == 0 ? key() : hold.key, thing, {}};
  }
  template <class C, class... More>
  C on_hold(Thing thing, command::Origin& origin, More... more) {
    const Hold held = hold(thing, origin);
    return {held.key, held.token, std::move(more)...};
  }

  /// An earlier numbered entry, perhaps over another connection, under another ticket, or changed.
  command::Entry repeated() {
    command::Entry entry = numbered_[choose_(numbered_.size())];
    if (choose_(2) == 0) entry.origin.connection = 1 + choose_(theme_.connections);
    if (choose_(2) == 0) entry.ticket = ticket();
    if (choose_(12) == 0) entry.command = acquire();
    if (choose_(12) == 0)
      entry.request = std::max<std::uint64_t>(1, entry.request + choose_(3) - 1);
    return entry;
  }
  command::Entry fresh() {
    command::Entry entry;
    entry.origin = origin();
    entry.command = command(entry.origin);
    if (!asked_for(entry).key.empty()) entry.ticket = ticket();
    const bool is_numbered = command::kind_of(entry.command) < 64 && choose_(3) == 0 &&
                             !std::holds_alternative<command::SessionOpen>(entry.command) &&
                             !std::holds_alternative<command::SessionAttach>(entry.command);
    if (is_numbered && entry.origin.session != 0) {
      request_ += choose_(3) == 0 ? 1 : choose_(3);
      entry.request = std::max<std::uint64_t>(1, request_ - choose_(3) * choose_(2));
    } else if (is_numbered && choose_(16) == 0) {
      entry.request = 1;  // without a session: refused
    }
    return entry;
  }

  command::Command command(command::Origin& origin) {
    if (sessions_.size() < theme_.sessions && choose_(4) == 0) return open(origin);
    const std::uint64_t kind = choose_(100);
    if (kind >= 76) return service(kind - 76, origin);
    if (by_chance(theme_.permits)) return semaphore(origin);
    if (by_chance(theme_.elect)) return election(origin);
    if (by_chance(theme_.convert)) return conversion(origin);
    if (by_chance(theme_.operate)) return operation(origin);
    if (kind < 42) return acquire();
    if (kind < 62) return on_hold<command::LockRelease>(Thing::Lock, origin);
    if (kind < 67) return on_hold<command::LockRenew>(Thing::Lock, origin, length());
    if (kind < 70) return on_hold<command::LockCheck>(Thing::Lock, origin);
    if (kind < 73) return command::LockInfo{key()};
    const auto state = static_cast<command::LockList::State>(choose_(3));
    if (kind < 75) return command::LockList{"", state, 1'000, ""};
    return command::SessionList{0, 1'000};
  }
  /// Of 24: sessions, connections, time and the service itself.
  command::Command service(std::uint64_t kind, command::Origin& origin) {
    if (kind < 4) return command::Cancel{letter('s', 4)};
    if (kind < 6) return command::SessionKeepAlive{};
    if (kind < 7) return command::SessionClose{};
    if (kind < 9) return command::SessionAttach{};
    if (kind < 11) return disconnect(origin);
    if (kind < 22) return by_itself(origin, command::Tick{});
    if (kind < 23) return by_itself(origin, command::Start{"walk"});
    return by_itself(origin, configure());
  }
  command::Command conversion(command::Origin& origin) {
    const base::Duration wait = choose_(3) == 0 ? base::Duration() : length();
    if (choose_(3) != 0) return on_hold<command::LockUpgrade>(Thing::Lock, origin, wait);
    return on_hold<command::LockDowngrade>(Thing::Lock, origin);
  }
  command::Command operation(command::Origin& origin) {
    const bool by_token = choose_(2) == 0;
    const Hold held = hold(Thing::Lock, origin);
    if (choose_(2) == 0) return command::LockResolve{held.key, by_token ? held.token : 0, "known"};
    return command::LockRevoke{held.key, by_token ? held.token : 0, choose_(3) == 0, "it hangs"};
  }
  command::Command semaphore(command::Origin& origin) {
    const std::uint64_t kind = choose_(20);
    if (kind < 8) return on_hold<command::SemRelease>(Thing::Semaphore, origin);
    if (kind < 9) return on_hold<command::SemRenew>(Thing::Semaphore, origin, length());
    if (kind < 10) return command::SemResize{key(), 1 + small(5)};
    if (kind < 11) return command::SemInfo{key()};
    command::SemAcquire acquire;
    set_terms(acquire);
    acquire.key = key();
    acquire.limit = choose_(3) != 0 ? 0 : 1 + small(5);
    acquire.permits = 1 + small(3);
    return acquire;
  }
  command::Command election(command::Origin& origin) {
    const std::uint64_t kind = choose_(10);
    if (kind < 3) return on_hold<command::ElectionResign>(Thing::Election, origin);
    if (kind < 5) return on_hold<command::ElectionProclaim>(Thing::Election, origin, ticket());
    if (kind < 6) return command::ElectionLeader{key()};
    command::ElectionCampaign campaign;
    set_terms(campaign);
    campaign.name = key();
    campaign.value = ticket();
    return campaign;
  }
  template <class C>
  C by_itself(command::Origin& origin, C command) {
    origin = {};
    return command;
  }
  command::Disconnect disconnect(command::Origin& origin) {
    origin.user.clear();
    origin.session = 0;
    return {};
  }
  command::SessionOpen open(command::Origin& origin) {
    constexpr std::array<std::int64_t, 5> kMs{1'000, 5'000, 30'000, 60'000, 600'000};
    origin.session = 0;
    command::SessionOpen open;
    open.ttl = base::Duration::from_ms(kMs[choose_(kMs.size())]);
    open.name = ticket();
    return open;
  }
  command::LockAcquire acquire() {
    command::LockAcquire acquire;
    const std::uint64_t count = by_chance(theme_.several) ? 1 + choose_(3) : 1;
    while (acquire.keys.size() < count) {
      command::KeyMode wanted{key(), by_chance(theme_.shared)};
      const bool known = std::any_of(acquire.keys.begin(), acquire.keys.end(),
                                     [&](const auto& k) { return k.key == wanted.key; });
      if (known) break;
      acquire.keys.push_back(std::move(wanted));
    }
    set_terms(acquire);
    if (by_chance(theme_.owner)) acquire.owner = letter('o', 2);
    if (by_chance(theme_.preempt)) {
      acquire.preemption = choose_(8) == 0 ? base::Duration() : length();
      acquire.priority = static_cast<std::uint8_t>(choose_(5));
    }
    if (by_chance(theme_.loss)) {
      acquire.on_loss.kind = static_cast<command::OnLoss::Kind>(choose_(3));
      if (acquire.on_loss.kind == command::OnLoss::Kind::Delay) acquire.on_loss.delay = length();
    }
    return acquire;
  }
  void set_terms(command::Terms& terms) {
    if (choose_(4) != 0) terms.wait = length();
    if (choose_(3) == 0) terms.lease = length();
    if (choose_(3) == 0) terms.priority = static_cast<std::uint8_t>(choose_(4));
    if (by_chance(theme_.agent)) terms.agent = letter('t', 2);
    if (choose_(16) == 0) terms.within = length();
  }
  command::Configure configure() {
    command::Rules rules;
    if (choose_(2) == 0) rules.ageing_step = length();
    if (choose_(4) == 0) rules.slack_percent = small(60);
    auto& limits = rules.limits;
    const auto limit = [&](std::int64_t& item, std::int64_t least) {
      if (by_chance(theme_.limits / 2)) item = least + small(4);
    };
    limit(limits.sessions, 1);
    limit(limits.waiters_per_key, 0);
    limit(limits.waiters_per_session, 0);
    limit(limits.grants_per_session, 0);
    limit(limits.answers_per_session, 0);
    limit(limits.ended_grants, 0);
    limit(limits.marks, 0);
    limit(limits.semaphores, 0);
    limit(limits.hold_times, 0);
    if (choose_(2) == 0) limits.semaphore_idle_ms = length().ms();
    return {rules};
  }

  Choices choose_;
  Theme theme_;
  base::Time time_;
  std::uint64_t request_ = 10;
  std::vector<Asked> asked_;
  std::vector<Hold> holds_;
  std::vector<std::pair<std::uint64_t, std::string>> sessions_;
  std::vector<command::Entry> numbered_;
};

}  // namespace state
