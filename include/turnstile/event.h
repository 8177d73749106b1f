// An event of the whole system: one sets it, others wait for that.
//
//     turnstile::Event rates(client, "rates/loaded");
//     rates.set("2026-11-25");                       // one process
//     const std::string day = rates.wait().payload;  // all others
//
// Each time it is set it gets a new generation. Who says which one he saw last misses nothing
// and sees nothing twice, even if the event is reset meanwhile:
//
//     turnstile::Event::Signal seen = rates.wait();
//     for (;; seen = rates.wait_after(seen.generation)) use(seen.payload);
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
#include "turnstile/task_options.h"
#include "turnstile/waitable.h"

namespace turnstile {

/// Names an event; cheap, and copied freely.
///
/// Thread-safety: every function may be called from any thread at any time.
/// Lifetime: may outlive the Client; every call fails with Unavailable then.
///
/// Waits survive broken connections, a restart of the server, and the loss of the session: they
/// begin again in the next one. All calls throw Invalid, Limit, Unavailable, Denied, Overloaded;
/// what changes something also NoSession with maybe_applied(), if the session was lost over it.
class Event {
 public:
  enum class Kind {
    Manual,     ///< stays set until it is reset; all who wait go on
    Automatic,  ///< one who waits goes on, and it is reset: each setting reaches one at most, and
                ///< none if that one is lost; where that matters use a task
  };

  struct Signal {
    std::uint64_t generation = 0;
    std::string payload;
  };

  /// The kind is decided by whoever first sets an event; others must agree.
  Event(const Client& client, std::string name, Kind kind = Kind::Manual);

  const std::string& name() const noexcept { return name_; }

  /// Sets it, also if it is set, and returns its new generation. `payload`, at most 64 KiB, is
  /// for those who wait. Throws Conflict (it is of the other kind).
  std::uint64_t set(std::string payload = {});
  Result<std::uint64_t> try_set(std::string payload = {});

  /// Takes it back, so that it is waited for again. False if it was not set.
  bool reset();
  Result<bool> try_reset();

  /// Waits until it is set, or returns at once if it is. Throws Cancelled, and Lost: it was set
  /// for this caller over a connection that broke, and set again or forgotten before that was
  /// found out. wait_after() misses nothing then either, and does not throw that.
  Signal wait(std::stop_token stop = {});
  /// The same, for at most that long; nothing if it was not set in that time.
  template <class Rep, class Period>
  std::optional<Signal> wait_for(const std::chrono::duration<Rep, Period>& duration) {
    return wait_within(std::nullopt, client::waitable(duration));
  }
  template <class AnyClock, class Duration>
  std::optional<Signal> wait_until(const std::chrono::time_point<AnyClock, Duration>& moment) {
    return wait_within(std::nullopt, client::waitable(moment - AnyClock::now()));
  }

  /// Waits until it has been set since that generation, or returns at once if it has, even if it
  /// was reset meanwhile. Throws Cancelled.
  Signal wait_after(std::uint64_t generation, std::stop_token stop = {});
  template <class Rep, class Period>
  std::optional<Signal> wait_after_for(std::uint64_t generation,
                                       const std::chrono::duration<Rep, Period>& duration) {
    return wait_within(generation, client::waitable(duration));
  }

  /// Without throwing; waits only if WaitOptions::wait is set. Busy: not set in that time.
  /// `after`: as wait_after(), if it is given.
  Result<Signal> try_wait(WaitOptions options = {}, std::optional<std::uint64_t> after = {});

  /// As Client::lock_all_then(), for wait() and wait_after().
  void wait_then(std::optional<std::uint64_t> after, WaitOptions options,
                 std::function<void(Result<Signal>)> done);

  /// Its state and who waits for it, as EVENT.INFO tells it.
  Reply info() const;
  Result<Reply> try_info() const;

 private:
  std::optional<Signal> wait_within(std::optional<std::uint64_t> after, Milliseconds wait);

  std::shared_ptr<client::Engine> engine_;
  std::string name_;
  Kind kind_;
};

}  // namespace turnstile
