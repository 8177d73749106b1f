// For tests: the state of the toy server. Locks that are shared, owned, upgraded,
// semaphores and elections, each with one queue, one session, and no time. Its tasks and
// signals are in files of their own.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/testing/scripted_server.h"
#include "client/testing/toy_signals.h"
#include "client/testing/toy_tasks.h"

namespace turnstile::client {

/// Requests in, replies out; what others are told of it gathers in take_pushes().
class ToyState {
 public:
  using Words = std::vector<std::string>;

  std::string serve(const Words& words) {
    const std::string& name = words[0];
    if (name == "HELLO") return std::string(kHelloReply);
    if (name == "SESSION.OPEN") return ++sessions_, opened(7);
    if (name == "SESSION.ATTACH") return attach();
    if (name == "SESSION.KEEPALIVE") return kept();
    if (name == "CANCEL") return cancel(words[1]);
    if (name.starts_with("TASK.") || name.starts_with("FLOW.")) return tasks.serve(words);
    if (name.starts_with("EVENT.") || name.starts_with("BARRIER.") || name.starts_with("LATCH.")) {
      return signals.serve(words);
    }
    if (name == "LOCK.INFO") return "%1\r\n" + bulk("key") + bulk(words[1]);
    if (name == "LOCK.UPGRADE") return upgrade(words);
    if (name == "LOCK.DOWNGRADE") return downgrade(words);
    if (name == "LOCK.CHECK") return integer(find(words) == nullptr ? 0 : 1);
    if (name == "SEM.RESIZE") return resize(words);
    if (name == "SEM.INFO") return info(words[1]);
    if (name == "ELECTION.LEADER") return leader(words[1]);
    if (name == "ELECTION.OBSERVE") return observe(words);
    if (name == "ELECTION.PROCLAIM") return proclaim(words);
    if (name.ends_with(".ACQUIRE") || name == "ELECTION.CAMPAIGN") return acquire(words);
    if (name.ends_with(".RELEASE") || name == "ELECTION.RESIGN") return release(words);
    return "+OK\r\n";
  }

  std::string take_pushes() {
    return std::exchange(pushes_, {}) + tasks.take_pushes() + signals.take_pushes();
  }
  /// A new connection observes nothing.
  void forget_observers() { observed_.clear(); }
  bool is_observed(const std::string& election) const { return observed_.contains(election); }

  void notice(std::string_view kind, std::string_view content) {
    pushes_ += ">3\r\n" + bulk("turnstile-notice") + bulk(kind) + std::string(content);
  }
  /// The session is over, and with it all attempts.
  void end_session() {
    tasks.end_attempts();
    notice("lost", "%1\r\n" + bulk("session") + integer(7));
  }
  /// Asks who runs a task to leave.
  void preempt_task(std::int64_t token) {
    notice("preempt", "%3\r\n" + bulk("token") + integer(token) + bulk("by") + bulk("vip") +
                          bulk("grace") + integer(500));
  }
  /// Asks the holders of a lock to leave, or takes that back.
  void preempt(const std::string& key, bool is_withdrawn) {
    for (const Hold& hold : things_["LOCK " + key].holds) {
      notice("preempt", "%4\r\n" + bulk("token") + integer(hold.token) + bulk("by") + bulk("vip") +
                            bulk("grace") + integer(500) + bulk("withdrawn") +
                            (is_withdrawn ? "#t\r\n" : "#f\r\n"));
    }
  }
  /// Takes a lock away.
  void revoke(const std::string& key) {
    Thing& thing = things_["LOCK " + key];
    for (const Hold& hold : std::exchange(thing.holds, {})) {
      held_ -= hold.count;
      notice("revoked", "%3\r\n" + bulk("token") + integer(hold.token) + bulk("cause") +
                            bulk("revoked") + bulk("reason") + bulk("fraud case 9"));
    }
    hand_on(thing);
  }

  int held() const { return held_; }
  int sessions() const { return sessions_; }
  /// The agent of the latest acquisition.
  const std::string& agent() const { return agent_; }

  ToyTasks tasks;
  ToySignals signals;

 private:
  struct Ask {
    std::string request;
    std::string ticket;
    std::string owner;
    std::string value;
    bool is_shared = false;
    int permits = 1;
    std::int64_t upgrades = 0;  ///< the token of the hold that wants to be alone
  };
  struct Hold {
    std::int64_t token = 0;
    Ask ask;
    int count = 1;
    std::string upgraded_by = {};  ///< the request
  };
  struct Thing {
    std::string name;
    int limit = 1;
    bool has_limit = false;
    bool is_election = false;
    std::vector<Hold> holds;
    std::deque<Ask> waiters;
  };

  static std::string option(const Words& words, std::string_view name) {
    for (std::size_t i = 2; i + 1 < words.size(); ++i) {
      if (words[i] == name) return words[i + 1];
    }
    return {};
  }
  static bool has(const Words& words, std::string_view name) {
    return std::ranges::count(words, name) != 0;
  }

  /// Each kind of thing has names of its own.
  Thing& thing_of(const Words& words) {
    Thing& thing = things_[words[0].substr(0, words[0].find('.')) + " " + words[1]];
    thing.name = words[1];
    thing.is_election = words[0].starts_with("ELECTION");
    return thing;
  }
  Hold* find(const Words& words) {
    auto& holds = thing_of(words).holds;
    const auto found = std::ranges::find(holds, std::stoll(words[2]), &Hold::token);
    return found == holds.end() ? nullptr : &*found;
  }

  static bool fits(const Thing& thing, const Ask& ask) {
    int out = 0;
    for (const Hold& hold : thing.holds) {
      if (hold.token == ask.upgrades) continue;
      if (!(ask.is_shared && hold.ask.is_shared)) out += hold.ask.permits;
    }
    return out + ask.permits <= thing.limit;
  }

  std::string grant(Thing& thing, const Ask& ask) {
    if (ask.upgrades != 0) {
      const auto hold = std::ranges::find(thing.holds, ask.upgrades, &Hold::token);
      hold->token = ++last_token_;
      hold->ask.is_shared = false;
      hold->upgraded_by = ask.request;
      return granted(hold->token);
    }
    thing.holds.push_back({.token = ++last_token_, .ask = ask});
    ++held_;
    const std::int64_t token = last_token_;
    if (thing.is_election) tell_observers(thing.name);
    return granted(token, 10'000, 42);
  }

  std::string wait_or_refuse(Thing& thing, Ask ask, bool waits) {
    if (!waits) return "-BUSY held; expect to wait 1500 ms\r\n";
    for (Ask& waiter : thing.waiters) {
      if (waiter.request != ask.request) continue;
      waiter.ticket = ask.ticket;
      return std::string(kQueued);
    }
    // Who has the thing already goes first.
    if (ask.upgrades != 0) {
      thing.waiters.push_front(std::move(ask));
    } else {
      thing.waiters.push_back(std::move(ask));
    }
    return std::string(kQueued);
  }

  std::string acquire(const Words& words) {
    Thing& thing = thing_of(words);
    Ask ask{.request = option(words, "REQUEST"),
            .ticket = option(words, "ASYNC"),
            .owner = option(words, "OWNER"),
            .value = thing.is_election ? words[2] : "",
            .is_shared = has(words, "SHARED")};
    if (has(words, "PERMITS")) ask.permits = std::stoi(option(words, "PERMITS"));
    if (has(words, "LIMIT")) {
      const int limit = std::stoi(option(words, "LIMIT"));
      if (std::exchange(thing.has_limit, true) && limit != thing.limit) {
        return "-CONFLICT it has another limit\r\n";
      }
      thing.limit = limit;
    }
    agent_ = option(words, "AGENT");
    if (ask.permits > thing.limit) return "-LIMIT more permits than there are\r\n";
    for (Hold& hold : thing.holds) {
      if (hold.ask.request == ask.request) return granted(hold.token);
      if (ask.owner.empty() || hold.ask.owner != ask.owner) continue;
      ++hold.count;
      ++held_;
      return granted(hold.token);
    }
    if (fits(thing, ask)) return grant(thing, ask);
    return wait_or_refuse(thing, std::move(ask), has(words, "WAIT"));
  }

  std::string release(const Words& words) {
    Thing& thing = thing_of(words);
    Hold* hold = find(words);
    if (hold == nullptr) return integer(0);
    --held_;
    if (--hold->count > 0) return integer(1);
    thing.holds.erase(thing.holds.begin() + (hold - thing.holds.data()));
    hand_on(thing);
    if (thing.is_election && thing.holds.empty()) tell_observers(thing.name);
    return integer(1);
  }

  void hand_on(Thing& thing) {
    while (!thing.waiters.empty() && fits(thing, thing.waiters.front())) {
      const Ask ask = thing.waiters.front();
      thing.waiters.pop_front();
      const std::string outcome = grant(thing, ask);
      pushes_ += push(ask.ticket, outcome);
    }
  }

  std::string upgrade(const Words& words) {
    Thing& thing = thing_of(words);
    for (const Hold& hold : thing.holds) {
      if (hold.upgraded_by == option(words, "REQUEST")) return granted(hold.token);
    }
    const Hold* hold = find(words);
    if (hold == nullptr) return "-STALE unknown\r\n";
    Ask ask{.request = option(words, "REQUEST"),
            .ticket = option(words, "ASYNC"),
            .owner = {},
            .value = {},
            .upgrades = hold->token};
    if (fits(thing, ask)) return grant(thing, ask);
    const bool is_mutual = !thing.waiters.empty() && thing.waiters.front().upgrades != 0 &&
                           thing.waiters.front().request != ask.request;
    if (is_mutual) return "-DEADLOCK both share it and want it alone\r\n";
    return wait_or_refuse(thing, std::move(ask), has(words, "WAIT"));
  }

  std::string downgrade(const Words& words) {
    Hold* hold = find(words);
    if (hold == nullptr) return "-STALE unknown\r\n";
    hold->ask.is_shared = true;
    const std::int64_t token = hold->token;
    hand_on(thing_of(words));
    return granted(token);
  }

  std::string cancel(const std::string& ticket) {
    for (auto& [key, thing] : things_) {
      const auto gone =
          std::erase_if(thing.waiters, [&](const Ask& ask) { return ask.ticket == ticket; });
      if (gone != 0) return push(ticket, "-CANCELLED withdrawn\r\n") + integer(1);
    }
    const std::string withdrawn = tasks.withdraw(ticket) + signals.withdraw(ticket);
    return withdrawn.empty() ? integer(0) : withdrawn;
  }

  std::string attach() {
    std::vector<std::string> grants;
    std::vector<std::string> waits;
    for (const auto& [key, thing] : things_) {
      for (const Hold& hold : thing.holds) {
        grants.push_back(listed_grant(hold.token, thing.name, std::stoll(hold.ask.request)));
      }
      for (const Ask& ask : thing.waiters) {
        waits.push_back(listed_wait(ask.ticket, thing.name, std::stoll(ask.request)));
      }
    }
    tasks.list(grants, waits);
    return attached(grants, waits);
  }

  std::string resize(const Words& words) {
    Thing& thing = thing_of(words);
    thing.limit = std::stoi(words[2]);
    hand_on(thing);
    return "+OK\r\n";
  }

  std::string info(const std::string& key) {
    return "%1\r\n" + bulk("limit") + integer(things_["SEM " + key].limit);
  }

  std::string leader(const std::string& name) {
    const Thing& thing = things_["ELECTION " + name];
    const bool is_led = !thing.holds.empty();
    const auto waiting = static_cast<std::int64_t>(thing.waiters.size());
    return "%5\r\n" + bulk("election") + bulk(name) + bulk("state") +
           bulk(is_led ? "led" : "vacant") + bulk("value") +
           (is_led ? bulk(thing.holds.front().ask.value) : "_\r\n") + bulk("term") +
           (is_led ? integer(thing.holds.front().token) : "_\r\n") + bulk("candidates") +
           integer(waiting);
  }

  void tell_observers(const std::string& name) {
    if (observed_.contains(name)) notice("leader", leader(name));
  }

  std::string observe(const Words& words) {
    if (words[2] == "ON") observed_[words[1]] = true;
    if (words[2] == "OFF") observed_.erase(words[1]);
    return leader(words[1]);
  }

  std::string proclaim(const Words& words) {
    Hold* hold = find(words);
    if (hold == nullptr) return "-STALE it leads no longer\r\n";
    hold->ask.value = words[3];
    tell_observers(words[1]);
    return "+OK\r\n";
  }

  std::map<std::string, Thing> things_;
  std::map<std::string, bool> observed_;
  std::string pushes_;
  std::int64_t last_token_ = 0;
  int held_ = 0;
  int sessions_ = 0;
  std::string agent_;
};

}  // namespace turnstile::client
