// The client of a Turnstile server: one connection and one session for a whole process.
//
//     #include <turnstile/turnstile.h>
//
//     auto client = turnstile::Client::connect("turnstile://locks:7420", {.name = "payout"});
//     turnstile::Grant grant = client.lock("account/7", {.wait = 2s});
//     pay(account, grant.token());  // the database refuses smaller tokens
//
// All threads share the connection: requests are gathered into few system
// calls, waits do not hold up one another. A thread of the library's own reads,
// renews the session, reconnects with growing pauses, and takes up the session
// where it was: grants and waits survive a broken connection and a restart of
// the server. If the session ends all the same, everything held is lost, its
// stop tokens fire, and a new session is opened; waits that were under way
// queue up again there.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/attempt.h"
#include "turnstile/error.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
#include "turnstile/task_options.h"

namespace turnstile {

class Flow;

/// Something the server tells without being asked: kind is "lost", "revoked",
/// "preempt", "leader", "event" …, content a map.
struct Notice {
  std::string kind;
  Reply content;
};

/// Thread-safety: every function may be called from any thread at any time,
/// except moving and destroying. Not to be used across fork().
class Client {
 public:
  /// Connects, logs in and opens a session.
  ///
  /// `url` is `turnstile://HOST[:PORT][,HOST[:PORT]…]` (port 7420 unless given; an
  /// IPv6 address in brackets), of which the first that answers is taken, or
  /// `unix:PATH`. Empty: the environment's TURNSTILE_URL, or turnstile://localhost.
  ///
  /// Throws Invalid (the URL or an option), Unavailable (nobody answered within
  /// the patience), Denied, Limit (the TTL), Protocol.
  static Client connect(std::string_view url = {}, Options options = {});
  static Result<Client> try_connect(std::string_view url = {}, Options options = {});

  Client(Client&& other) noexcept = default;
  Client& operator=(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// As close().
  ~Client();

  /// Ends the session: everything held is given back (a clean end), every call
  /// under way fails with Unavailable, the stop tokens of grants that are still
  /// held fire. Waits at most a second for the server. Later calls fail with Unavailable.
  void close() noexcept;

  /// Acquires a key, waiting as AcquireOptions::wait says; without it, without limit.
  ///
  /// Throws Busy (not granted within the wait), Deadlock, Cancelled (the stop
  /// token), Limit and Invalid (the key or an option), Overloaded, Denied,
  /// Unavailable, and Lost, when it was granted over a connection that broke and was
  /// taken away before that was found out. After a throw nothing is held.
  Grant lock(std::string_view key, AcquireOptions options = {});

  /// Acquires all keys at once under one token, or none. Order does not matter;
  /// a key named twice counts once. At most 64 keys. Errors as for lock().
  Grant lock_all(std::vector<Key> keys, AcquireOptions options = {});

  /// The same without throwing; waits only if AcquireOptions::wait is set.
  Result<Grant> try_lock(std::string_view key, AcquireOptions options = {});
  Result<Grant> try_lock_all(std::vector<Key> keys, AcquireOptions options = {});

  /// For adapters to other frameworks (see asio.h): begins to do as lock_all() does and
  /// returns at once. `done` is called exactly once, with what lock_all() returns or throws,
  /// on the thread that reads the network or on this one: it must hand the result on to
  /// where it is wanted, without waiting for anything and without throwing.
  void lock_all_then(std::vector<Key> keys, AcquireOptions options,
                     std::function<void(Result<Grant>)> done);

  /// State, holders and waiters of a key, as LOCK.INFO tells it. Throws Unavailable, Invalid.
  Reply info(std::string_view key);
  Result<Reply> try_info(std::string_view key);

  /// The keys that are held or waited for and start with `prefix`, at most `count`
  /// of them that come after `after`, as LOCK.LIST tells it. Throws Unavailable, Invalid.
  Reply list(std::string_view prefix = {}, int count = 1000, std::string_view after = {});
  Result<Reply> try_list(std::string_view prefix = {}, int count = 1000,
                         std::string_view after = {});

  /// Names a flow of tasks; asks nobody. Needs turnstile/flow.h, as all that one does with it.
  Flow flow(std::string name) const;

  /// Takes the next ready task of one of these names (at most 64), in any flow, to run it: this
  /// makes a pool of workers. Waits as TakeOptions::wait says; without it, without limit.
  ///
  /// Throws Busy (none within the wait), Cancelled (the stop token), Limit, Invalid, Overloaded,
  /// Denied, Unavailable, and Lost, as Flow::join(). After a throw nothing is run.
  Attempt take(std::vector<std::string> tasks, TakeOptions options = {});
  /// The same without throwing; waits only if TakeOptions::wait is set.
  Result<Attempt> try_take(std::vector<std::string> tasks, TakeOptions options = {});

  /// As lock_all_then(), for take().
  void take_then(std::vector<std::string> tasks, TakeOptions options,
                 std::function<void(Result<Attempt>)> done);

  /// The flows whose names begin with `prefix`, as FLOW.LIST tells them. Throws Unavailable,
  /// Invalid.
  Reply flows(std::string_view prefix = {}, FlowsOptions options = {});
  Result<Reply> try_flows(std::string_view prefix = {}, FlowsOptions options = {});

  /// Any other command: its name and its arguments, as they stand on the wire.
  /// REQUEST, ASYNC and SESSION are not for the caller to write: see CallOptions.
  /// What a command so sent acquires is not watched over: see session_lost().
  /// Throws what the server answers, or Unavailable.
  Reply call(std::span<const std::string> argv, CallOptions options = {});
  Reply call(std::initializer_list<std::string> argv, CallOptions options = {});
  Result<Reply> try_call(std::span<const std::string> argv, CallOptions options = {});
  Result<Reply> try_call(std::initializer_list<std::string> argv, CallOptions options = {});

  /// Fires when the present session is lost: everything acquired in it is then lost.
  /// A new session gets a new token, so ask anew after it fired; while there is none, the
  /// answer has fired already. The limits of
  /// Grant::lost() apply to its callbacks.
  std::stop_token session_lost() const;

  /// The number of the present session, as operators see it; 0 while there is none.
  std::uint64_t session_id() const;

  /// Has `listener` called on the library's thread for each notice; replaces the
  /// one before. It must be short, must not call back into the library and must not
  /// throw. On return the listener before is no longer running, unless called by it.
  void on_notice(std::function<void(const Notice&)> listener);

 private:
  friend struct client::Access;
  explicit Client(std::shared_ptr<client::Engine> engine) noexcept;
  Result<Grant> acquire(std::vector<Key> keys, AcquireOptions options, bool waits);
  Result<Attempt> take_task(std::vector<std::string> tasks, TakeOptions options, bool waits);

  std::shared_ptr<client::Engine> engine_;
};

}  // namespace turnstile
