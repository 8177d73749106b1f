// Clients, a machine and a clock, in one loop.
#include "checker/made_history.h"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "checker/reading.h"
#include "checker/reply_value.h"
#include "command/parse.h"
#include "state/machine.h"

namespace checker {
namespace {

using base::Duration;
using base::Time;

/// SplitMix64.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()(std::uint64_t n) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
  }

 private:
  std::uint64_t state_;
};

struct Held {
  std::vector<std::string> name;  ///< what stands between command and token
  std::string release;
  std::uint64_t token = 0;
};

struct Client {
  std::uint64_t session = 0;
  std::uint64_t request = 0;
  Time free_at;  ///< its last answer came, or was given up
  std::vector<Held> held;
  std::optional<Place> waits;  ///< for a push, or blocked
  bool is_blocked = false;
  std::optional<Place> unheard;  ///< what is to be asked again
};

class Maker {
 public:
  explicit Maker(const Making& making)
      : making_(making), choose_(making.seed), clients_(making.clients) {}

  MadeHistory make() {
    say(command::Configure{});
    for (std::uint64_t c = 0; c < clients_.size(); ++c) {
      ask(c, {"SESSION.OPEN", "TTL", "3600000"}, false);
    }
    while (made_.history.size() < making_.operations) step();
    return std::move(made_);
  }

 private:
  void step() {
    now_ = now_ + Duration::from_us(1 + static_cast<std::int64_t>(choose_(20)));
    const std::uint64_t c = choose_(clients_.size());
    Client& client = clients_[c];
    if (client.free_at >= now_ || client.is_blocked) return tick();
    if (client.unheard) return repeat(c, *client.unheard);
    if (making_.has_tasks) return act_on_tasks(c);
    act_on_locks(c);
  }

  void act_on_locks(std::uint64_t c) {
    const std::uint64_t what = choose_(100);
    if (what < 40 && !clients_[c].held.empty()) return give_back(c);
    if (what < 45) return look(c);
    if (what < 47) return ask(c, {"SESSION.KEEPALIVE"}, false);
    if (clients_[c].waits) {
      if (what < 60) ask(c, {"CANCEL", ticket_of(c)}, true);
      return;
    }
    acquire(c, what);
  }

  void acquire(std::uint64_t c, std::uint64_t what) {
    std::vector<std::string> words;
    if (what < 55) {
      words = {"SEM.ACQUIRE", "pool", "LIMIT", "3", "PERMITS", std::to_string(1 + choose_(2))};
    } else if (what < 58) {
      words = {"ELECTION.CAMPAIGN", "leader", fmt::format("client {}", c)};
    } else {
      words = {"LOCK.ACQUIRE", key()};
      if (choose_(5) == 0) words.emplace_back("SHARED");
      if (choose_(10) == 0) words.insert(words.end(), {"AND", key()});
    }
    if (choose_(10) == 0) words.insert(words.end(), {"PRIORITY", "2"});
    const std::uint64_t patience = choose_(4);
    if (patience > 0) words.insert(words.end(), {"WAIT", patience == 1 ? "1" : "5000"});
    if (patience > 1) words.insert(words.end(), {"ASYNC", ticket_of(c)});
    ask(c, std::move(words), true);
  }

  void give_back(std::uint64_t c) {
    Client& client = clients_[c];
    const std::size_t i = choose_(client.held.size());
    const Held held = client.held[i];
    const auto token = std::to_string(held.token);
    std::vector<std::string> words{held.release};
    words.insert(words.end(), held.name.begin(), held.name.end());
    words.push_back(token);
    if (held.release == "TASK.COMPLETE") words.push_back("result of " + token);
    client.held.erase(client.held.begin() + static_cast<std::ptrdiff_t>(i));
    ask(c, std::move(words), true);
  }

  void look(std::uint64_t c) {
    const Client& client = clients_[c];
    if (client.held.empty() || client.held.front().release != "LOCK.RELEASE") {
      return ask(c, {"LOCK.INFO", key()}, false);
    }
    const Held& held = client.held.front();
    ask(c, {"LOCK.CHECK", held.name.front(), std::to_string(held.token)}, false);
  }

  /// Flows of three tasks each, which pools run.
  void act_on_tasks(std::uint64_t c) {
    const std::uint64_t what = choose_(100);
    if (what < 40 && !clients_[c].held.empty()) return give_back(c);
    if (what < 42) return ask(c, {"SESSION.KEEPALIVE"}, false);
    if (what < 65) {
      static constexpr const char* kTasks[] = {"reserve", "book", "notify"};
      const std::uint64_t step = declared_++;
      const std::string flow = fmt::format("pay/{}", step / 4);
      if (step % 4 == 3) return ask(c, {"FLOW.CLOSE", flow}, true);
      return ask(c, {"TASK.ADD", flow, kTasks[step % 4]}, true);
    }
    if (clients_[c].waits) return;
    ask(c, {"TASK.TAKE", "3", "reserve", "book", "notify", "WAIT", "5000", "ASYNC", ticket_of(c)},
        true);
  }

  std::string key() { return fmt::format("acct/{}", choose_(making_.keys)); }
  static std::string ticket_of(std::uint64_t c) { return fmt::format("t{}", c); }

  // --- one request

  void ask(std::uint64_t c, std::vector<std::string> words, bool is_numbered) {
    Operation operation;
    operation.client = c;
    operation.session = clients_[c].session;
    operation.argv = std::move(words);
    if (is_numbered) operation.request = ++clients_[c].request;
    submit(c, std::move(operation));
  }

  void repeat(std::uint64_t c, Place place) {
    const Operation& before = made_.history[place];
    Operation operation;
    operation.client = c;
    operation.session = before.session;
    operation.request = before.request;
    operation.argv = before.argv;
    submit(c, std::move(operation));
  }

  void submit(std::uint64_t c, Operation operation) {
    Client& client = clients_[c];
    client.unheard.reset();
    const auto earlier = Duration::from_us(static_cast<std::int64_t>(choose_(50)));
    operation.invoked = std::max(client.free_at, now_ - earlier);
    client.free_at = now_ + Duration::from_us(1 + static_cast<std::int64_t>(choose_(50)));
    tick();
    command::Entry entry = entry_of(operation);
    const bool is_async = !entry.ticket.empty();
    const auto place = static_cast<Place>(made_.history.size());
    made_.history.push_back(std::move(operation));
    const command::Outcome outcome = apply(entry);
    Operation& asked = made_.history[place];
    const auto* waiting = std::get_if<command::Waiting>(&outcome.reply);
    const bool is_lost =
        making_.lost_in != 0 && asked.request != 0 && choose_(making_.lost_in) == 0;
    if (waiting != nullptr) {
      waiters_[waiting->waiter] = {c, place};
      client.waits = place;
      client.is_blocked = !is_async;
      if (is_async && !is_lost) asked.queued_index = machine_.last_index();
    } else if (!is_lost) {
      asked.index = machine_.last_index();
      answer(place, outcome.reply);
    }
    if (is_lost && (waiting == nullptr || is_async)) client.unheard = place;
    for (const command::Event& event : outcome.events) hear(event);
  }

  command::Entry entry_of(const Operation& operation) {
    const std::vector<std::string_view> argv(operation.argv.begin(), operation.argv.end());
    auto request = command::parse(argv, limits_);
    CHECK(request.has_value());
    command::Entry entry;
    entry.origin = {"default", operation.client + 1, operation.session};
    entry.request = operation.request;
    entry.ticket = std::move(request->envelope.ticket);
    entry.command = std::move(std::get<command::Command>(request->call));
    return entry;
  }

  void answer(Place place, const command::Reply& reply) {
    Operation& asked = made_.history[place];
    Client& client = clients_[asked.client];
    asked.reply = value_of(reply);
    asked.returned = client.free_at;
    if (const auto* opened = std::get_if<command::Opened>(&reply)) {
      client.session = opened->session;
    } else if (const auto* granted = std::get_if<command::Granted>(&reply)) {
      const std::string& verb = asked.argv.front();
      const char* release = verb == "LOCK.ACQUIRE"  ? "LOCK.RELEASE"
                            : verb == "SEM.ACQUIRE" ? "SEM.RELEASE"
                                                    : "ELECTION.RESIGN";
      client.held.push_back({{asked.argv[1]}, release, granted->token});
    } else if (const auto* attempt = std::get_if<command::Attempt>(&reply)) {
      client.held.push_back({{attempt->flow, attempt->task}, "TASK.COMPLETE", attempt->token});
    }
  }

  void hear(const command::Event& event) {
    const auto* ended = std::get_if<command::WaitEnded>(&event);
    if (ended == nullptr) return;
    const auto it = waiters_.find(ended->waiter);
    if (it == waiters_.end()) return;
    const auto [c, place] = it->second;
    waiters_.erase(it);
    Client& client = clients_[c];
    // Its QUEUED was not heard, so neither is what comes of it: it will ask again.
    const bool is_unheard = client.unheard == place;
    client.waits.reset();
    const bool is_blocked = std::exchange(client.is_blocked, false);
    if (is_unheard) return;
    client.free_at = std::max(client.free_at,
                              now_ + Duration::from_us(1 + static_cast<std::int64_t>(choose_(50))));
    if (is_blocked) made_.history[place].index = machine_.last_index();
    answer(place, ended->reply);
  }

  // --- the service

  void tick() {
    if (machine_.next_deadline() <= now_) say(command::Tick{});
  }

  void say(command::Command command) {
    command::Entry entry;
    entry.command = std::move(command);
    for (const command::Event& event : apply(entry).events) hear(event);
  }

  command::Outcome apply(command::Entry& entry) {
    entry.index = machine_.next_index();
    entry.now = now_;
    entry.wall = now_;
    command::Outcome outcome = machine_.apply(entry);
    if (outcome.changed) made_.entries.push_back(entry);
    return outcome;
  }

  const Making making_;
  Chance choose_;
  command::Limits limits_;
  Time now_;
  state::Machine machine_;
  std::vector<Client> clients_;
  absl::flat_hash_map<std::uint64_t, std::pair<std::uint64_t, Place>> waiters_;
  std::uint64_t declared_ = 0;
  MadeHistory made_;
};

}  // namespace

MadeHistory make_history(const Making& making) { return Maker(making).make(); }

}  // namespace checker
