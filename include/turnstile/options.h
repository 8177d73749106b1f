// What a caller can ask for: of a client, of an acquisition, of a call.
//
// All structs are plain values made for designated initialisers:
//
//     client.lock("account/7", {.wait = 2s, .priority = 3, .note = "payout 881"});
//
// Lengths of time are whole milliseconds; the wire knows no finer ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace turnstile {

using Milliseconds = std::chrono::milliseconds;

/// The longest wait that the server accepts.
inline constexpr Milliseconds kWaitMax = std::chrono::hours(24);

/// The clock of all deadlines: steady, and it counts the time that the machine
/// was suspended (CLOCK_BOOTTIME on Linux). A std::chrono clock.
struct Clock {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;

  /// Thread-safe.
  static time_point now() noexcept;
};

/// How Client::connect goes about it.
struct Options {
  /// Shown to operators beside everything this client holds; at most 512 bytes.
  std::string name = {};

  /// How long the server keeps what this client holds after it last heard of
  /// it. The client renews at a third of it, and treats everything as lost at
  /// 0.9 of it, counted from the sending of the last renewal that was
  /// answered. 1 s to 24 h, 3 s at least in a cluster; others are refused
  /// with Limit or Invalid.
  Milliseconds ttl = std::chrono::seconds(10);

  /// How long a call bears that no server answers before it gives up with
  /// Unavailable; comes on top of the time it may wait for a lock.
  Milliseconds patience = std::chrono::seconds(5);

  /// The user to log in as; empty: whoever the server takes an anonymous
  /// connection for.
  std::string user = {};
  std::string password = {};

  /// False: no session is opened, and so nothing is written to the server's journal for
  /// this client's sake. It can read, observe elections, and call() what needs no
  /// session; all else fails with NoSession.
  bool session = true;

  /// Where callbacks run: called, from the library's threads, with each function to be
  /// run, it must have it run on another thread and return at once. Unset: a thread of the
  /// library's own, one callback after another in their order. Must not throw, and must
  /// outlive the client and its grants.
  std::function<void(std::function<void()>)> executor = {};
};

/// What becomes of a key whose holder is lost rather than releases it.
enum class OnLoss {
  Free,   ///< the next in the queue has it at once
  Delay,  ///< it stays closed for AcquireOptions::loss_delay first
  Hold,   ///< it stays shut until somebody resolves it: a payment of unknown outcome
};

/// How Client::lock and its kin acquire.
struct AcquireOptions {
  /// Hold it together with other shared holders rather than alone.
  bool shared = false;

  /// How long to wait for others. Unset: lock() waits without limit (anew after each
  /// kWaitMax), try_lock() does not wait. Zero: no wait. Negative or more
  /// than kWaitMax: Invalid.
  std::optional<Milliseconds> wait = {};

  /// The hold ends this long after the grant, unless Grant::renew() prolongs it.
  /// Unset: it lasts as long as the session is kept alive, which the library does.
  std::optional<Milliseconds> lease = {};

  /// 0 to 9; higher goes first, each level as if it had arrived an ageing step (1 s) earlier.
  int priority = 0;

  /// Ask holders of lower priority to leave, and take the lock from them after this grace.
  std::optional<Milliseconds> preempt = {};

  /// Fail with Busy at once if the server expects the wait to be longer than this.
  std::optional<Milliseconds> within = {};

  /// Re-entry: if this client holds all the keys with one grant of the same owner, that
  /// grant is entered again, has one token for all its levels, and ends with the last of
  /// them. The name is one of this client's session; at most 512 bytes. Empty: no re-entry.
  std::string owner = {};

  OnLoss on_loss = OnLoss::Free;
  Milliseconds loss_delay{0};  ///< only with OnLoss::Delay

  /// Why, for operators and the history; at most 256 bytes.
  std::string note = {};

  /// Who acquires, for the search of deadlocks: acquisitions of one agent are of one
  /// mind, those of different agents may block each other. Empty: the owner if there is
  /// one, else the calling thread; for acquisitions that no thread waits for, each is an
  /// agent of its own. Name the coroutine or the payment if it is not bound to a thread.
  std::string agent = {};

  /// Withdraws the wait when stop is requested; the acquisition then fails with
  /// Cancelled, unless it was granted before that.
  std::stop_token stop = {};
};

/// How Client::call sends a command.
struct CallOptions {
  /// The command may wait (it has a WAIT argument): it is sent with ASYNC, so
  /// that the connection goes on serving other threads meanwhile. A waiting
  /// command sent without this holds up everything behind it.
  bool waits = false;

  /// The command changes something and takes REQUEST: it is sent with a number,
  /// so that it takes effect once although it may be sent again after a broken
  /// connection. Without this, a call whose connection breaks fails with
  /// Unavailable and Error::maybe_applied() is true.
  bool numbered = false;

  /// How long to wait for the outcome; only with `waits`. It should be the same as in
  /// the command's WAIT. Unset: kWaitMax.
  std::optional<Milliseconds> wait = {};

  /// Withdraws the wait; only with `waits`.
  std::stop_token stop = {};
};

/// One of the keys of Client::lock_all: a name, and whether it is to be shared.
/// Converts from a plain name, which means exclusive unless AcquireOptions::shared.
struct Key {
  Key(std::string name_of_key, bool is_shared = false)
      : name(std::move(name_of_key)), shared(is_shared) {}
  Key(std::string_view name_of_key, bool is_shared = false)
      : name(name_of_key), shared(is_shared) {}
  Key(const char* name_of_key, bool is_shared = false) : name(name_of_key), shared(is_shared) {}

  std::string name = {};
  bool shared = false;
};

}  // namespace turnstile
