// A machine under test, and clients that talk to it in virtual time.
//
//     World world;
//     Client alice(world, "alice"), bob(world, "bob");
//     alice.open(10'000);
//     EXPECT_EQ(alice.acquire("acct/1"), "granted 2");
//
// After every entry the invariants are checked, and that an entry which changed
// nothing left everything as it was. When the world goes away, its journal and a
// snapshot of it must lead other machines to the very same state.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command/parse.h"
#include "command/reply_text.h"
#include "state/machine.h"

namespace state {

using command::text_of;

class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    check_replay();
    check_snapshot();
  }

  const Machine& machine() const { return machine_; }
  Time now() const { return now_; }

  /// Applies the command now, without regard to what is due.
  const command::Reply& apply(command::Entry entry) {
    entry.index = machine_.next_index();
    entry.now = now_;
    entry.wall = now_ + Duration::from_seconds(1'700'000'000);
    const std::uint64_t digest = machine_.digest();
    const std::uint64_t running = machine_.running_digest();
    const std::uint64_t next = machine_.next_index();
    const Time before = machine_.now();
    outcome_ = machine_.apply(entry);
    machine_.check_invariants();
    if (outcome_.changed) {
      EXPECT_GT(machine_.next_index(), entry.index);
      EXPECT_EQ(machine_.now(), now_);
      record(entry);
    } else {
      EXPECT_EQ(machine_.digest(), digest);
      EXPECT_EQ(machine_.running_digest(), running);
      EXPECT_EQ(machine_.next_index(), next);
      EXPECT_EQ(machine_.now(), before);
      EXPECT_TRUE(outcome_.events.empty());
    }
    for (const command::Event& event : outcome_.events) events_.push_back(text_of(event));
    return outcome_.reply;
  }

  std::string tick() {
    command::Entry entry;
    entry.command = command::Tick{};
    return text_of(apply(entry));
  }

  /// Lets time pass; whatever falls due meanwhile ends at its own time.
  void advance(std::int64_t ms) {
    const Time target = now_ + Duration::from_ms(ms);
    while (machine_.next_deadline() <= target) {
      now_ = std::max(now_, machine_.next_deadline());
      tick();
    }
    now_ = target;
  }

  /// Lets time pass without a look at the deadlines.
  void skip(std::int64_t ms) { now_ = now_ + Duration::from_ms(ms); }

  std::string configure(const command::Rules& rules) {
    command::Entry entry;
    entry.command = command::Configure{rules};
    return text_of(apply(entry));
  }

  std::string start() {
    command::Entry entry;
    entry.command = command::Start{"test"};
    return text_of(apply(entry));
  }

  /// What was told to others since the last call, in order.
  std::vector<std::string> events() { return std::exchange(events_, {}); }
  const command::Outcome& outcome() const { return outcome_; }
  template <class R>
  R reply() const {
    const R* reply = std::get_if<R>(&outcome_.reply);
    if (reply == nullptr) ADD_FAILURE() << "the reply is " << text_of(outcome_.reply);
    return reply == nullptr ? R{} : *reply;
  }
  const std::string& sentence() const {
    return std::get<command::Refused>(outcome_.reply).sentence;
  }
  std::size_t journal_size() const { return journal_.size(); }

  std::uint64_t add_client(const std::string& name) {
    names_[++connections_] = name;
    return connections_;
  }

 private:
  struct Stored {
    std::uint64_t index;
    Time now;
    Time wall;
    std::string payload;
  };

  void record(const command::Entry& entry) {
    Stored stored{entry.index, entry.now, entry.wall, {}};
    command::encode(entry, stored.payload);
    journal_.push_back(std::move(stored));
  }

  void check_replay() {
    Machine replay;
    for (const Stored& stored : journal_) {
      command::Entry entry;
      entry.index = stored.index;
      entry.now = stored.now;
      entry.wall = stored.wall;
      ASSERT_TRUE(command::decode(stored.payload, entry).has_value());
      EXPECT_TRUE(replay.apply(entry).changed);
    }
    EXPECT_EQ(replay.digest(), machine_.digest());
    EXPECT_EQ(replay.running_digest(), machine_.running_digest());
  }

  void check_snapshot() {
    std::string bytes;
    machine_.save(bytes);
    Machine copy;
    const auto restored = copy.restore(bytes);
    ASSERT_TRUE(restored.has_value()) << restored.error().message;
    EXPECT_EQ(copy.digest(), machine_.digest());
    EXPECT_EQ(copy.running_digest(), machine_.running_digest());
  }

  std::string name_of(std::uint64_t connection) const {
    const auto it = names_.find(connection);
    return it == names_.end() ? fmt::format("connection {}", connection) : it->second;
  }

  std::string text_of(const command::Event& event) const {
    if (const auto* ended = std::get_if<command::WaitEnded>(&event)) {
      const std::string ticket = ended->ticket.empty() ? "" : " " + ended->ticket;
      return name_of(ended->connection) + ticket + ": " + text_of(ended->reply);
    }
    if (const auto* notice = std::get_if<command::Notice>(&event)) {
      return fmt::format("{}: {} {}", name_of(notice->connection), notice->kind,
                         state::text_of(notice->details.front().second));
    }
    return exact_text_of(event);
  }
  std::string text_of(const command::Reply& reply) const { return state::text_of(reply); }

  Machine machine_;
  Time now_;
  command::Outcome outcome_;
  std::vector<std::string> events_;
  std::vector<Stored> journal_;
  std::map<std::uint64_t, std::string> names_;
  std::uint64_t connections_ = 0;
};

inline command::KeyMode exclusive(std::string key) { return {std::move(key), false}; }
inline command::KeyMode shared(std::string key) { return {std::move(key), true}; }

/// What a request says beside its command.
struct With {
  std::int64_t wait = 0;  ///< ms
  std::optional<std::int64_t> lease{};
  std::uint8_t priority = 0;
  std::string note{};
  std::uint64_t request = 0;
  std::string ticket{};
  std::string owner{};
  std::string agent{};
  std::optional<std::int64_t> preempt{};
  command::OnLoss on_loss{};
  std::optional<std::int64_t> within{};
};

inline constexpr command::OnLoss kHold{command::OnLoss::Kind::Hold, {}};
inline command::OnLoss delay(std::int64_t ms) {
  return {command::OnLoss::Kind::Delay, Duration::from_ms(ms)};
}

/// A connection with or without a session.
class Client {
 public:
  Client(World& world, const std::string& name) : world_(world), name_(name) { reconnect(); }

  std::uint64_t connection() const { return connection_; }
  std::uint64_t session() const { return session_; }
  Client& user(std::string user) {
    user_ = std::move(user);
    return *this;
  }
  /// Speaks for this session from now on; 0 for none.
  Client& join(std::uint64_t session) {
    session_ = session;
    return *this;
  }
  /// Goes on over another connection.
  void reconnect() { connection_ = world_.add_client(name_); }

  std::string open(std::int64_t ttl, const std::string& name = "") {
    command::SessionOpen open;
    open.ttl = Duration::from_ms(ttl);
    open.name = name;
    open.secret_hash = base::sha256(name_);
    const std::string text = say(open);
    if (const auto* opened = std::get_if<command::Opened>(&world_.outcome().reply)) {
      session_ = opened->session;
    }
    return text;
  }

  std::string acquire(const std::vector<command::KeyMode>& keys, const With& with = {}) {
    command::LockAcquire acquire;
    set_terms(acquire, with);
    acquire.keys.assign(keys.begin(), keys.end());
    acquire.owner = with.owner;
    acquire.on_loss = with.on_loss;
    if (with.preempt) acquire.preemption = Duration::from_ms(*with.preempt);
    return say(std::move(acquire), with.request, with.ticket);
  }
  std::string acquire(const std::string& key, const With& with = {}) {
    return acquire(std::vector{exclusive(key)}, with);
  }

  /// LIMIT 0: as it is.
  std::string acquire_permits(const std::string& key, std::int64_t limit, std::int64_t permits,
                              const With& with = {}) {
    command::SemAcquire acquire;
    set_terms(acquire, with);
    acquire.key = key;
    acquire.limit = limit;
    acquire.permits = permits;
    return say(std::move(acquire), with.request, with.ticket);
  }
  std::string campaign(const std::string& name, const std::string& value, const With& with = {}) {
    command::ElectionCampaign campaign;
    set_terms(campaign, with);
    campaign.name = name;
    campaign.value = value;
    return say(std::move(campaign), with.request, with.ticket);
  }

  std::string upgrade(const std::string& key, std::uint64_t token, std::int64_t wait = 0,
                      std::uint64_t request = 0) {
    return say(command::LockUpgrade{key, token, Duration::from_ms(wait)}, request);
  }
  std::string downgrade(const std::string& key, std::uint64_t token) {
    return say(command::LockDowngrade{key, token});
  }
  std::string resolve(const std::string& key, std::uint64_t token = 0) {
    return say(command::LockResolve{key, token, "looked into it"});
  }
  std::string revoke(const std::string& key, std::uint64_t token = 0, bool resolved = false) {
    return say(command::LockRevoke{key, token, resolved, "it hangs"});
  }
  std::string release(const std::string& key, std::uint64_t token, std::uint64_t request = 0) {
    return say(command::LockRelease{key, token}, request);
  }
  std::string renew(const std::string& key, std::uint64_t token, std::int64_t lease,
                    std::uint64_t request = 0) {
    return say(command::LockRenew{key, token, Duration::from_ms(lease)}, request);
  }
  std::string check(const std::string& key, std::uint64_t token) {
    return say(command::LockCheck{key, token});
  }
  std::string cancel(const std::string& ticket, std::uint64_t request = 0) {
    return say(command::Cancel{ticket}, request);
  }
  std::string keep_alive(std::uint64_t request = 0) {
    return say(command::SessionKeepAlive{}, request);
  }
  std::string attach() { return say(command::SessionAttach{}); }
  std::string close() { return say(command::SessionClose{}); }
  /// The connection is gone; the session, if there is one, has others or does not mind.
  std::string disconnect() {
    const std::uint64_t session = std::exchange(session_, 0);
    std::string answer = say(command::Disconnect{});
    session_ = session;
    return answer;
  }
  std::string info(const std::string& key) { return say(command::LockInfo{key}); }

  /// What the line asks, with its REQUEST, its ticket and its session.
  std::string run(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
      const std::size_t end = std::min(line.find(' '), line.size());
      if (end > 0) words.push_back(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    auto request = command::parse(words, world_.machine().rules().limits);
    if (!request) return text_of(command::Reply(request.error()));
    return say(std::get<command::Command>(std::move(request->call)), request->envelope.request,
               request->envelope.ticket);
  }

  std::string say(command::Command command, std::uint64_t request = 0, std::string ticket = "") {
    command::Entry entry;
    entry.origin = {user_, connection_, session_};
    entry.request = request;
    entry.ticket = std::move(ticket);
    entry.command = std::move(command);
    return text_of(world_.apply(std::move(entry)));
  }

 private:
  static void set_terms(command::Terms& terms, const With& with) {
    terms.wait = Duration::from_ms(with.wait);
    if (with.lease) terms.lease = Duration::from_ms(*with.lease);
    terms.priority = with.priority;
    terms.note = with.note;
    terms.agent = with.agent;
    if (with.within) terms.within = Duration::from_ms(*with.within);
  }

  World& world_;
  std::string name_;
  std::string user_ = "default";
  std::uint64_t connection_ = 0;
  std::uint64_t session_ = 0;
};

using Events = std::vector<std::string>;

}  // namespace state
