// What a client and a server say to each other, without a socket and without a
// clock: bytes in, bytes out, and when to be woken next.
//
// The way of a call: start() puts it into the backlog; once a session stands it
// is sent with a REQUEST number and, if it may wait, a ticket; its reply, or the
// push that bears its ticket, finishes it. When the connection breaks, what was
// sent and not decided becomes *unsettled*; the ATTACH on the next connection
// says what became of it, and what was never applied is sent again with the same
// number. When the session is lost, holds are lost with it, and acquisitions
// start afresh in a new session.
//
// The shell around it owns the socket: after every call into the conversation it
// looks at wanted_connection(), take_output() and next_deadline(). The simulator
// is another such shell, over virtual time.
//
// To add a kind of call: 1 its enumerator and its make_ function in operation.h;
// 2 its words in request.cc; 3 its case in replies.cc (on_decided); 4 its case in
// reattach.cc (end_with_session); the compiler asks for the rest. What is different for
// tasks stands in assignments.cc.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "client/conversation/calls.h"
#include "client/conversation/operation.h"
#include "client/session/hold.h"
#include "client/session/holds.h"
#include "client/session/keep_alive.h"
#include "client/session/link.h"
#include "client/wire/answer.h"
#include "client/wire/endpoint.h"
#include "client/wire/request.h"
#include "resp/reply_parser.h"

namespace turnstile::client {

/// The logic of one client. Not thread-safe: one thread, or one at a time. All moments
/// are those of one clock that counts the time of pauses and suspensions, too; each
/// function is given the present one, read *after* whatever blocked before it.
class Conversation {
 public:
  struct Settings {
    std::vector<Endpoint> endpoints;  ///< at least one
    Introduction who;
    base::Duration ttl;
    base::Duration patience;
    std::uint64_t seed = 0;  ///< of the pauses between connections
    bool has_session = true;
  };
  /// All are called from within the functions below, and must not call them.
  struct Listener {
    /// A session began, or (null) was lost.
    std::function<void(std::shared_ptr<SessionLife>)> on_session;
    std::function<void(std::string_view kind, const resp::Value& content)> on_notice;
    /// Calls are sent again, over a connection that knows nothing of those before.
    std::function<void()> on_ready = {};
  };

  Conversation(Settings settings, Listener listener);

  // --- calls

  /// Takes a call over. Its `done` comes from within this or a later function.
  void start(base::Time now, OperationPtr operation);

  /// Withdraws a call: it ends with Cancelled, unless it is decided already.
  void cancel(base::Time now, const OperationPtr& operation);

  /// Ends the session and everything under way. is_closed() says when the server knows.
  void close(base::Time now);
  bool is_closed() const { return is_closed_; }

  // --- the connection

  /// The number of the connection that should exist, 0 for none. A shell that has
  /// another one closes it, without a word to the conversation.
  std::uint64_t wanted_connection() const { return link_.wanted(); }
  const Endpoint& endpoint() const { return link_.endpoint(); }

  void on_connected(base::Time now);
  /// The wanted connection could not be made, or broke.
  void on_disconnected(base::Time now, std::string_view why);
  void on_bytes(base::Time now, std::string_view bytes);

  /// What is to be written to the connection; empties it.
  std::string take_output();

  // --- time

  /// To be called when next_deadline() has come; harmless at any time.
  void on_time(base::Time now);
  base::Time next_deadline() const;

 private:
  enum class Phase { Away, Greeting, Ready };

  /// A reply that must come, in this order.
  struct Expected {
    enum class Kind { Hello, Open, Attach, KeepAlive, Ping, Cancel, Close, Burn, Look, Operation };
    Kind kind;
    base::Time sent;
    OperationPtr operation;  ///< of Operation, Cancel and Burn
    bool is_probe() const {
      return kind != Kind::Operation && kind != Kind::Cancel && kind != Kind::Burn;
    }
  };
  /// What ATTACH told, by what it is looked for.
  struct Lists;
  struct Session {
    std::shared_ptr<SessionLife> life;
    std::string secret;
  };
  /// A grant that is not given to its caller before the session is sure to live.
  struct HeldBack {
    OperationPtr operation;
    std::shared_ptr<Hold> hold;
  };
  /// An acquisition of which nobody waits any more, and of which a late copy may still
  /// reach the server over a connection that broke; see withdrawal.cc.
  struct Forsaken {
    OperationPtr operation;
    bool is_applied = false;  ///< the server knows its number
  };

  // conversation.cc: time, the connection, and what leaves
  void notice_gap(base::Time now);
  void settle(base::Time now);
  void check_deadlines(base::Time now);
  void drop(base::Time now, std::string_view why);
  void leave_connection(base::Time now);
  void unsettle(const OperationPtr& operation);
  void greet(base::Time now);
  void become_ready();
  void expect(Expected::Kind kind, base::Time now, OperationPtr operation = nullptr);
  void send_due(base::Time now);
  void send_backlog(base::Time now);
  void send_operation(base::Time now, const OperationPtr& operation);
  void send_cancel(base::Time now, const OperationPtr& operation);
  void close_if_due(base::Time now);
  base::Time away_since() const;
  std::optional<Error> find_refusal(const Operation& operation) const;

  // withdrawal.cc: callers who wait no longer
  void give_up(base::Time now, const OperationPtr& operation);
  void abandon(base::Time now, const OperationPtr& operation);
  void forsake(const OperationPtr& operation, bool is_applied);
  void rule_out_copies(base::Time now, const OperationPtr& operation);
  void burn_number(base::Time now, const OperationPtr& operation);
  void on_burnt(base::Time now, const OperationPtr& operation, const resp::Value& value);
  void give_back(base::Time now, std::shared_ptr<Hold> hold);

  // replies.cc: what arrives
  void on_value(base::Time now, const resp::Value& value);
  void on_reply(base::Time now, const Expected& expected, const resp::Value& value);
  void on_push(base::Time now, const resp::Value& value);
  void on_notice(base::Time now, std::string_view kind, const resp::Value& content);
  void on_hello(base::Time now, const resp::Value& value);
  void on_open(base::Time now, base::Time sent, const resp::Value& value);
  void on_attach(base::Time now, base::Time sent, const resp::Value& value);
  void on_keep_alive(base::Time now, base::Time sent, const resp::Value& value);
  void on_renewed(base::Time now, base::Time sent, base::Duration ttl);
  void on_cancel(base::Time now, const OperationPtr& operation, const resp::Value& value);
  void on_operation(base::Time now, const Expected& expected, const resp::Value& value);
  void on_outcome(base::Time now, base::Time lease_base, const OperationPtr& operation,
                  const resp::Value& value);
  void on_decided(base::Time now, base::Time lease_base, const OperationPtr& operation,
                  const resp::Value& value);
  void on_upgraded(base::Time now, base::Time lease_base, const OperationPtr& operation,
                   const Granted& granted);
  base::Time lease_end(base::Time lease_base, const Operation& operation,
                       const Granted& granted) const;
  void on_granted(base::Time now, base::Time lease_base, const OperationPtr& operation,
                  const Granted& granted);
  void on_refused(base::Time now, const OperationPtr& operation, const resp::Value& value);
  bool handle_trouble(base::Time now, const Error& error);
  void deliver(base::Time now, const OperationPtr& operation, std::shared_ptr<Hold> hold);
  void deliver_held_back(base::Time now);
  void refuse_service(base::Time now, const Error& error);

  // assignments.cc: tasks to run
  void on_assigned(base::Time now, base::Time lease_base, const OperationPtr& operation,
                   const resp::Value& value);
  void on_finished(const std::shared_ptr<Hold>& hold);
  void take_up(base::Time now, base::Time sent, const OperationPtr& operation,
               const ListedGrant& grant);
  bool is_recent(const Operation& operation) const;
  void repeat_wait(const OperationPtr& operation);

  // reattach.cc: sessions begin, go on and end
  void begin_session(base::Time sent, const Opened& opened);
  void reconcile(base::Time now, base::Time sent, const Attached& attached);
  void reconcile_calls();
  void reconcile_holds(base::Time sent, const Lists& lists);
  void reconcile_call(base::Time now, base::Time sent, const OperationPtr& operation,
                      const Lists& lists);
  bool is_being_upgraded(std::uint64_t token) const;
  void look_again(base::Time now);
  void on_look(base::Time now, base::Time sent, const resp::Value& value);
  void reconcile_wait(base::Time now, base::Time sent, const OperationPtr& operation,
                      const Lists& lists);
  void resume_wait(base::Time now, const OperationPtr& operation, std::uint64_t ticket);
  void settle_ended(base::Time now, const OperationPtr& operation);
  void settle_forsaken(base::Time now, base::Time sent, const Lists& lists);
  void send_for_its_token(const OperationPtr& operation);
  void send_again(const OperationPtr& operation);
  void start_afresh(const OperationPtr& operation);
  void lose_session(base::Time now, std::string_view why);
  void end_with_session(const OperationPtr& operation);

  Settings settings_;
  Listener listener_;
  Link link_;
  KeepAlive keep_alive_;
  Calls calls_;
  Holds holds_;
  std::optional<Session> session_;

  // of the connection
  Phase phase_ = Phase::Away;
  std::unique_ptr<resp::ReplyParser> parser_;
  std::string output_;
  std::deque<Expected> expected_;
  std::deque<base::Time> probes_;  ///< until when the expected probes must be answered
  absl::flat_hash_map<std::uint64_t, OperationPtr> by_ticket_;
  base::Time attempt_until_;
  base::Time last_heard_;
  base::Time heard_sent_;  ///< when the latest request that was answered had been sent
  base::Time away_since_;
  int renewals_to_look_ = 0;  ///< until look_again(); 0: no need to
  int look_gap_ = 0;
  std::string trouble_ = "no connection yet";

  // of the calls
  std::deque<OperationPtr> backlog_;
  std::vector<OperationPtr> unsettled_;
  std::vector<HeldBack> held_back_;
  std::deque<Forsaken> forsaken_;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_ticket_ = 0;

  // of time
  base::Time promised_ = base::Time::never();  ///< what next_deadline() said last
  std::optional<base::Time> suspect_since_;

  bool is_closing_ = false;
  bool close_is_sent_ = false;
  bool is_closed_ = false;
  base::Time close_until_;
};

}  // namespace turnstile::client
