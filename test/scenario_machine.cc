// A scenario straight into the state machine.
//
// It does by hand what the server does around the machine: it knows which
// connection speaks for which session, blocks a connection whose command waits,
// and tells outcomes to whoever listens.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "base/check.h"
#include "command/entry.h"
#include "command/parse.h"
#include "scenario_text.h"
#include "scenario_world.h"
#include "state/machine.h"

namespace scenario {
namespace {

using command::Code;
using command::Refused;
using command::Value;

struct Connection {
  std::uint64_t id = 0;
  std::string client;
  std::uint64_t session = 0;
  std::uint64_t blocked_on = 0;    ///< waiter
  std::deque<Words> behind;        ///< said while it was blocked
  std::set<std::string> observed;  ///< elections
};

class MachineWorld final : public World {
 public:
  MachineWorld() : machine_(std::make_unique<state::Machine>()) {}

  void say(const std::string& client, const Words& words) override {
    meet(client);
    Connection& connection = connect(client);
    if (connection.blocked_on != 0) return connection.behind.push_back(words);
    serve(connection, words);
    settle();
  }

  bool is_blocked(const std::string& client) override { return connect(client).blocked_on != 0; }

  void hang_up(const std::string& client) override {
    const auto it = find_client(client);
    if (it == connections_.end()) return;
    const Connection gone = *it;
    connections_.erase(it);
    apply({{}, gone.id, 0}, command::Disconnect{});
    leave(gone.session, gone.id);
    settle();
  }

  void advance(base::Duration length) override {
    const base::Time target = now_ + length;
    while (machine_->next_deadline() <= target) {
      now_ = std::max(now_, machine_->next_deadline());
      apply({}, command::Tick{});
      settle();
    }
    now_ = target;
  }

  void restart() override {
    auto replay = std::make_unique<state::Machine>();
    if (!snapshot_.empty()) CHECK(replay->restore(snapshot_).has_value());
    for (const Stored& stored : journal_) {
      command::Entry entry;
      entry.index = stored.index;
      entry.now = stored.now;
      entry.wall = stored.wall;
      CHECK(command::decode(stored.payload, entry).has_value());
      CHECK(replay->apply(entry).changed);
    }
    CHECK_EQ(replay->digest(), machine_->digest());
    machine_ = std::move(replay);
    machine_->save(snapshot_ = {});
    journal_.clear();
    connections_.clear();
    notices_.clear();
    attached_.clear();
    last_connection_ = 0;
    apply({}, command::Start{"scenario"});
  }

 private:
  struct Stored {
    std::uint64_t index;
    base::Time now;
    base::Time wall;
    std::string payload;
  };
  using Connections = std::vector<Connection>;

  // --- connections and sessions

  Connections::iterator find_client(const std::string& client) {
    return std::find_if(connections_.begin(), connections_.end(),
                        [&](const Connection& c) { return c.client == client; });
  }
  Connection& connect(const std::string& client) {
    const auto it = find_client(client);
    if (it != connections_.end()) return *it;
    return connections_.emplace_back(Connection{++last_connection_, client, 0, 0, {}, {}});
  }
  Connection* find(std::uint64_t id) {
    const auto it = std::find_if(connections_.begin(), connections_.end(),
                                 [&](const Connection& c) { return c.id == id; });
    return it == connections_.end() ? nullptr : &*it;
  }
  void adopt(Connection& connection, std::uint64_t session) {
    const std::uint64_t before = std::exchange(connection.session, session);
    if (before == session) return;
    leave(before, connection.id);
    attached_[session].push_back(connection.id);
  }
  void leave(std::uint64_t session, std::uint64_t connection) {
    auto& attached = attached_[session];
    std::erase(attached, connection);
    const state::Session* left = machine_->find_session(session);
    if (left == nullptr || !attached.empty() || !left->end_on_close) return;
    apply({left->user, connection, session}, command::Disconnect{});
  }

  // --- commands

  void answer(Connection& connection, const Value& tree) {
    hear(connection.client, false, text_of(tree));
  }
  void answer(Connection& connection, const command::Reply& reply) {
    answer(connection, tree_of(reply));
  }

  static base::Sha256 secret_hash(std::uint64_t session) {
    return base::sha256(fmt::format("{}{}", kSecretOf, session));
  }

  void serve(Connection& connection, const Words& words) {
    const std::vector<std::string_view> argv(words.begin(), words.end());
    auto request = command::parse(argv, machine_->rules().limits);
    if (!request) return answer(connection, request.error());
    command::Envelope& envelope = request->envelope;
    if (const auto* attach = std::get_if<command::Attach>(&request->call)) {
      envelope.session = attach->id;
      envelope.secret = attach->secret;
      request->call = command::Command{command::SessionAttach{}};
    }
    if (const auto* observe = std::get_if<command::ElectionObserve>(&request->call)) {
      if (observe->on) connection.observed.insert(observe->name);
      if (!observe->on) connection.observed.erase(observe->name);
      return answer(connection, machine_->leader_of(observe->name));
    }
    auto* command = std::get_if<command::Command>(&request->call);
    CHECK(command != nullptr);
    if (envelope.session != 0 &&
        !machine_->knows_session(envelope.session, "default", base::sha256(envelope.secret))) {
      return answer(connection,
                    Refused{Code::NoSession, fmt::format("session {} has ended, or this is not "
                                                         "its secret",
                                                         envelope.session)});
    }
    submit(connection, envelope, std::move(*command));
  }

  void submit(Connection& connection, const command::Envelope& envelope, command::Command command) {
    const std::uint64_t session = envelope.session != 0 ? envelope.session : connection.session;
    if (auto* open = std::get_if<command::SessionOpen>(&command)) {
      open->secret_hash = secret_hash(machine_->next_index());
    }
    if (std::holds_alternative<command::SessionAttach>(command)) adopt(connection, session);
    const bool closes = std::holds_alternative<command::SessionClose>(command);
    const bool keeps_alive = std::holds_alternative<command::SessionKeepAlive>(command);
    command::Entry entry = entry_of({"default", connection.id, session}, std::move(command));
    entry.request = envelope.request;
    entry.ticket = envelope.ticket;
    const command::Outcome outcome = apply(entry);
    const auto* opened = std::get_if<command::Opened>(&outcome.reply);
    if (opened != nullptr && !keeps_alive) adopt(connection, opened->session);
    if (closes && std::holds_alternative<command::Done>(outcome.reply) &&
        session == connection.session) {
      connection.session = 0;
    }
    const auto* waiting = std::get_if<command::Waiting>(&outcome.reply);
    if (waiting != nullptr && envelope.ticket.empty()) {
      block(connection, waiting->waiter);
    } else if (opened != nullptr && keeps_alive) {
      const Value notices = take_notices(session);
      answer(connection, Value(Value::Map{{"ttl", opened->ttl.ms()}, {"notices", notices}}));
    } else {
      answer(connection, outcome.reply);
    }
    deliver(outcome.events);
  }

  void block(Connection& connection, std::uint64_t waiter) {
    for (Connection& other : connections_) {
      if (other.blocked_on != waiter) continue;
      other.blocked_on = 0;
      answer(other, Refused{Code::Cancelled, "the request was repeated over another connection"});
    }
    connection.blocked_on = waiter;
  }

  /// Lets connections whose wait is over go on with what they said meanwhile.
  void settle() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      while (connections_[i].blocked_on == 0 && !connections_[i].behind.empty()) {
        const Words words = connections_[i].behind.front();
        connections_[i].behind.pop_front();
        serve(connections_[i], words);
      }
    }
  }

  // --- entries and events

  command::Entry entry_of(command::Origin origin, command::Command command) const {
    command::Entry entry;
    entry.origin = std::move(origin);
    entry.command = std::move(command);
    return entry;
  }
  void apply(command::Origin origin, command::Command command) {
    command::Entry entry = entry_of(std::move(origin), std::move(command));
    deliver(apply(entry).events);
  }
  command::Outcome apply(command::Entry& entry) {
    entry.index = machine_->next_index();
    entry.now = now_;
    entry.wall = now_;
    command::Outcome outcome = machine_->apply(entry);
    machine_->check_invariants();
    if (outcome.changed) {
      std::string payload;
      command::encode(entry, payload);
      journal_.push_back({entry.index, entry.now, entry.wall, std::move(payload)});
    }
    return outcome;
  }

  void deliver(const std::vector<command::Event>& events) {
    for (const command::Event& event : events) {
      std::visit([this](const auto& e) { on(e); }, event);
    }
  }

  void on(const command::WaitEnded& ended) {
    for (Connection& connection : connections_) {
      if (connection.blocked_on != ended.waiter) continue;
      connection.blocked_on = 0;
      return answer(connection, ended.reply);
    }
    if (ended.ticket.empty()) return;
    Connection* listener = find(ended.connection);
    if (listener == nullptr && ended.session != 0 && !attached_[ended.session].empty()) {
      listener = find(attached_[ended.session].back());
    }
    if (listener == nullptr) return;
    hear(listener->client, true,
         fmt::format("{}: {}", ended.ticket, text_of(tree_of(ended.reply))));
  }

  void on(const command::Notice& notice) {
    const std::string text = text_of_notice(notice.kind, Value(notice.details));
    if (notice.session == 0) {
      if (const Connection* asker = find(notice.connection)) hear(asker->client, true, text);
      return;
    }
    for (std::uint64_t id : attached_[notice.session]) hear(find(id)->client, true, text);
    if (!attached_[notice.session].empty()) return;
    notices_[notice.session].emplace_back(Value::List{notice.kind, Value(notice.details)});
  }

  void on(const command::LeaderChanged& changed) {
    for (const Connection& connection : connections_) {
      if (!connection.observed.contains(changed.election)) continue;
      hear(connection.client, true, text_of_notice("leader", changed.leader));
    }
  }

  void on(const command::SessionEnded& ended) {
    if (ended.cause != "expired") return;
    on(command::Notice{ended.session, 0, "lost", {{"session", ended.session}}});
    notices_.erase(ended.session);
  }

  Value take_notices(std::uint64_t session) {
    return Value(std::exchange(notices_[session], Value::List{}));
  }

  std::unique_ptr<state::Machine> machine_;
  base::Time now_;
  std::string snapshot_;
  std::vector<Stored> journal_;
  Connections connections_;  ///< by rising id
  std::map<std::uint64_t, std::vector<std::uint64_t>> attached_;
  std::map<std::uint64_t, Value::List> notices_;
  std::uint64_t last_connection_ = 0;
};

}  // namespace

std::unique_ptr<World> make_machine_world() { return std::make_unique<MachineWorld>(); }

}  // namespace scenario
