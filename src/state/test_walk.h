// Entries made up one after another: a few clients that quarrel over a few keys.
//
// What is chosen comes from outside: from a seed in the random tests, from the
// fuzzer's bytes in the fuzz targets. Numbers are kept small, so that clients
// meet often: few keys, few tickets, short waits, tokens that were seen before.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "command/entry.h"
#include "command/reply.h"

namespace state {

/// SplitMix64: a seed gives the same numbers everywhere.
class SeededChoices {
 public:
  explicit SeededChoices(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()(std::uint64_t n) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
  }
  bool is_over() const { return false; }

 private:
  std::uint64_t state_;
};

/// A byte a choice, and zeros when they are used up.
class ByteChoices {
 public:
  explicit ByteChoices(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t operator()(std::uint64_t n) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % n;
  }
  bool is_over() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

/// Plain: what the naive model knows. Full: every command and option there is.
enum class Extent : std::uint8_t { Plain, Full };

template <class Choices>
class Walk {
 public:
  explicit Walk(Choices choices, Extent extent = Extent::Plain)
      : choose_(std::move(choices)), extent_(extent) {}

  bool is_over() const { return choose_.is_over(); }
  /// Goes on by other choices, with all that was learned.
  void go_on(Choices choices) { choose_ = std::move(choices); }
  std::uint64_t choose(std::uint64_t n) { return choose_(n); }

  /// The next entry for a machine at this index and time, where `due` is its next deadline.
  command::Entry next(std::uint64_t next_index, base::Time now, base::Time due) {
    command::Entry entry = choose_(8) == 0 && !numbered_.empty() ? repeated() : fresh();
    time_ = std::max(time_, now);
    pass_time(due);
    entry.index = next_index + (choose_(16) == 0 ? choose_(1'000) : 0);
    entry.now = time_;
    entry.wall = time_ + base::Duration::from_seconds(1'700'000'000);
    if (entry.request != 0 && entry.origin.session != 0) remember(entry);
    return entry;
  }

  /// Learns from what the entry brought about, so that later entries make sense.
  void learn(const command::Entry& entry, const command::Outcome& outcome) {
    if (outcome.changed) {
      const std::string key = key_of(entry.command);
      if (!key.empty()) push(asked_, {entry.index, key, entry.origin});
    }
    if (const auto* granted = std::get_if<command::Granted>(&outcome.reply)) {
      learn_grant(entry.index, granted->token);
    }
    const auto* opened = std::get_if<command::Opened>(&outcome.reply);
    if (opened != nullptr && std::holds_alternative<command::SessionOpen>(entry.command)) {
      push(sessions_, {opened->session, entry.origin.user});
    }
    for (const command::Event& event : outcome.events) {
      const auto* ended = std::get_if<command::WaitEnded>(&event);
      if (ended == nullptr) continue;
      const auto* granted = std::get_if<command::Granted>(&ended->reply);
      if (granted != nullptr) learn_grant(ended->waiter, granted->token);
    }
  }

 private:
  static constexpr std::size_t kRemembered = 12;

  struct Asked {
    std::uint64_t index = 0;
    std::string key;
    command::Origin origin;
  };
  struct Hold {
    std::uint64_t token = 0;
    std::string key;
    command::Origin origin;
  };

  void learn_grant(std::uint64_t index, std::uint64_t token) {
    for (const Asked& asked : asked_) {
      if (asked.index == index) push(holds_, {token, asked.key, asked.origin});
    }
  }
  /// Of what may be granted.
  static std::string key_of(const command::Command& command) {
    if (const auto* acquire = std::get_if<command::LockAcquire>(&command)) {
      return acquire->keys.back().key;
    }
    if (const auto* acquire = std::get_if<command::SemAcquire>(&command)) return acquire->key;
    if (const auto* upgrade = std::get_if<command::LockUpgrade>(&command)) return upgrade->key;
    if (const auto* campaign = std::get_if<command::ElectionCampaign>(&command)) {
      return campaign->name;
    }
    return {};
  }
  template <class T>
  void push(std::vector<T>& items, std::type_identity_t<T> item) {
    items.push_back(std::move(item));
    if (items.size() > kRemembered) items.erase(items.begin());
  }
  void remember(const command::Entry& entry) { push(numbered_, entry); }

  /// Mostly a little, sometimes to a deadline or just before it, seldom far beyond.
  void pass_time(base::Time due) {
    const base::Time before = time_;
    switch (choose_(12)) {
      case 0:
        time_ = time_ + base::Duration::from_ms(static_cast<std::int64_t>(choose_(5'000)));
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
    origin.connection = 1 + choose_(5);
    origin.user = choose_(16) == 0 ? "other" : "user";
    if (choose_(4) == 0 || sessions_.empty()) return origin;
    const auto& [session, user] = sessions_[choose_(sessions_.size())];
    origin.session = session;
    if (choose_(32) != 0) origin.user = user;
    return origin;
  }
  std::string key() { return std::string(1, static_cast<char>('a' + choose_(4))); }
  /// Mostly what somebody holds or held, by himself.
  Hold hold(command::Origin& origin) {
    if (holds_.empty() || choose_(16) == 0) return {1 + choose_(30), key(), {}};
    const Hold& hold = holds_[choose_(holds_.size())];
    if (choose_(8) != 0) origin = hold.origin;
    return {hold.token, choose_(8) == 0 ? key() : hold.key, {}};
  }
  command::LockRelease release(command::Origin& origin) {
    const Hold held = hold(origin);
    return {held.key, held.token};
  }
  command::LockRenew renew(command::Origin& origin) {
    const Hold held = hold(origin);
    return {held.key, held.token, length()};
  }
  command::LockCheck check(command::Origin& origin) {
    const Hold held = hold(origin);
    return {held.key, held.token};
  }
  std::string ticket() {
    return choose_(3) == 0 ? std::string(1, static_cast<char>('s' + choose_(4))) : std::string();
  }
  base::Duration length() {
    constexpr std::array<std::int64_t, 6> kMs{1, 50, 400, 1'000, 4'000, 20'000};
    return base::Duration::from_ms(kMs[choose_(kMs.size())]);
  }

  /// An earlier numbered entry, perhaps over another connection, under another ticket, or changed.
  command::Entry repeated() {
    command::Entry entry = numbered_[choose_(numbered_.size())];
    if (choose_(2) == 0) entry.origin.connection = 1 + choose_(5);
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
    if (!key_of(entry.command).empty()) entry.ticket = ticket();
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
    if (extent_ == Extent::Full && choose_(3) == 0) return further(origin);
    const std::uint64_t kind = choose_(100);
    if (kind < 36) return acquire();
    if (kind < 54) return release(origin);
    if (kind < 59) return renew(origin);
    if (kind < 61) return check(origin);
    if (kind < 63) return command::LockInfo{key()};
    if (kind < 64) return command::LockList{"", command::LockList::State::Any, 1'000, ""};
    if (kind < 65) return command::SessionList{0, 1'000};
    if (kind < 70) return command::Cancel{std::string(1, static_cast<char>('s' + choose_(4)))};
    if (kind < 73) return command::SessionKeepAlive{};
    if (kind < 78) return open(origin);
    if (kind < 80) return command::SessionClose{};
    if (kind < 83) return command::SessionAttach{};
    if (kind < 86) return disconnect(origin);
    if (kind < 97) return by_itself(origin, command::Tick{});
    if (kind < 98) return by_itself(origin, command::Start{"walk"});
    return by_itself(origin, configure());
  }
  /// What only a full walk does.
  command::Command further(command::Origin& origin) {
    switch (choose_(11)) {
      case 0:
      case 1: return upgrade(origin);
      case 2: return on_hold<command::LockDowngrade>(origin);
      case 3: return command::LockResolve{key(), choose_(3) == 0 ? hold(origin).token : 0, ""};
      case 4: {
        const Hold held = hold(origin);
        return command::LockRevoke{held.key, choose_(2) == 0 ? held.token : 0, choose_(3) == 0, ""};
      }
      case 5:
      case 6: return acquire_permits();
      case 7: return on_hold<command::SemRelease>(origin);
      case 8: return command::SemResize{key(), 1 + static_cast<std::int64_t>(choose_(4))};
      case 9: {
        command::ElectionCampaign campaign;
        set_terms(campaign);
        campaign.name = key();
        campaign.value = ticket();
        return campaign;
      }
      default: return on_hold<command::ElectionResign>(origin);
    }
  }
  template <class C>
  C on_hold(command::Origin& origin) {
    const Hold held = hold(origin);
    return {held.key, held.token};
  }
  command::LockUpgrade upgrade(command::Origin& origin) {
    const Hold held = hold(origin);
    return {held.key, held.token, choose_(3) == 0 ? base::Duration() : length()};
  }
  command::SemAcquire acquire_permits() {
    command::SemAcquire acquire;
    set_terms(acquire);
    acquire.key = key();
    acquire.limit = choose_(2) == 0 ? 0 : 1 + static_cast<std::int64_t>(choose_(4));
    acquire.permits = 1 + static_cast<std::int64_t>(choose_(3));
    return acquire;
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
    constexpr std::array<std::int64_t, 4> kMs{1'000, 3'000, 10'000, 60'000};
    origin.session = 0;
    command::SessionOpen open;
    open.ttl = base::Duration::from_ms(kMs[choose_(kMs.size())]);
    open.name = ticket();
    return open;
  }
  command::LockAcquire acquire() {
    command::LockAcquire acquire;
    const std::uint64_t count = choose_(3) == 0 ? 1 + choose_(3) : 1;
    const bool all_shared = choose_(4) == 0;
    while (acquire.keys.size() < count) {
      command::KeyMode wanted{key(), all_shared || choose_(5) == 0};
      const bool known = std::any_of(acquire.keys.begin(), acquire.keys.end(),
                                     [&](const auto& k) { return k.key == wanted.key; });
      if (known) break;
      acquire.keys.push_back(std::move(wanted));
    }
    set_terms(acquire);
    if (extent_ == Extent::Full) set_further(acquire);
    return acquire;
  }
  void set_terms(command::Terms& terms) {
    if (choose_(3) != 0) terms.wait = length();
    if (choose_(3) == 0) terms.lease = length();
    if (choose_(3) == 0) terms.priority = static_cast<std::uint8_t>(choose_(4));
    if (choose_(3) == 0) terms.agent = std::string(1, static_cast<char>('t' + choose_(2)));
    if (extent_ == Extent::Full && choose_(12) == 0) terms.within = length();
  }
  void set_further(command::LockAcquire& acquire) {
    if (choose_(4) == 0) acquire.owner = std::string(1, static_cast<char>('o' + choose_(2)));
    if (choose_(4) == 0) acquire.preemption = length();
    if (choose_(5) == 0) {
      acquire.on_loss.kind = static_cast<command::OnLoss::Kind>(choose_(3));
      if (acquire.on_loss.kind == command::OnLoss::Kind::Delay) acquire.on_loss.delay = length();
    }
  }
  command::Configure configure() {
    command::Rules rules;
    if (choose_(2) == 0) rules.ageing_step = length();
    if (choose_(4) == 0) rules.slack_percent = static_cast<std::int64_t>(choose_(60));
    auto& limits = rules.limits;
    if (choose_(3) == 0) limits.sessions = 1 + static_cast<std::int64_t>(choose_(4));
    if (choose_(3) == 0) limits.waiters_per_key = static_cast<std::int64_t>(choose_(4));
    if (choose_(3) == 0) limits.waiters_per_session = static_cast<std::int64_t>(choose_(3));
    if (choose_(3) == 0) limits.grants_per_session = static_cast<std::int64_t>(choose_(4));
    if (choose_(3) == 0) limits.answers_per_session = static_cast<std::int64_t>(choose_(4));
    if (choose_(3) == 0) limits.ended_grants = static_cast<std::int64_t>(choose_(4));
    if (extent_ == Extent::Full) {
      if (choose_(3) == 0) limits.marks = static_cast<std::int64_t>(choose_(4));
      if (choose_(3) == 0) limits.semaphores = static_cast<std::int64_t>(choose_(4));
      if (choose_(3) == 0) limits.hold_times = static_cast<std::int64_t>(choose_(3));
      if (choose_(3) == 0) limits.semaphore_idle_ms = length().ms();
    }
    return {rules};
  }

  Choices choose_;
  Extent extent_;
  base::Time time_;
  std::uint64_t request_ = 10;
  std::vector<Asked> asked_;
  std::vector<Hold> holds_;
  std::vector<std::pair<std::uint64_t, std::string>> sessions_;
  std::vector<command::Entry> numbered_;
};

}  // namespace state
