// A latch of the whole system: counted down by some, opened when nothing is left to count, and
// waited for by others.
//
//     turnstile::Latch loaded(client, "load/2026-11-25");
//     loaded.set(3);                   // somebody says how often, before or after the wait
//     loaded.count_down("shard 2");    // each of three
//     loaded.wait();
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
#include "turnstile/task_options.h"
#include "turnstile/waitable.h"

namespace turnstile {

/// Names a latch; cheap, and copied freely.
///
/// Thread-safety: every function may be called from any thread at any time.
/// Lifetime: may outlive the Client; every call fails with Unavailable then.
///
/// All calls throw Invalid, Limit, Unavailable, Denied, Overloaded; set() and count_down() also
/// NoSession with maybe_applied(), if the session was lost over it.
class Latch {
 public:
  Latch(const Client& client, std::string name);

  const std::string& name() const noexcept { return name_; }

  /// Makes it, or makes an open one anew, to open after so many counts, and returns its
  /// generation. Throws Conflict (it is being counted).
  std::uint64_t set(int count);
  Result<std::uint64_t> try_set(int count);

  /// Counts once; each participant counts once, however often it says so, so that with a name it
  /// may be repeated after any error. Without a name each call counts. Returns what is left.
  /// Throws Stale or Conflict as the server says if there is nothing to count.
  int count_down(std::string_view participant = {});
  Result<int> try_count_down(std::string_view participant = {});

  /// Waits until it is open. The wait survives broken connections, a restart of the server and
  /// the loss of the session. Throws Cancelled.
  void wait(std::stop_token stop = {});
  /// True if it is open. Does not wait, and throws when nobody could decide.
  bool try_wait();
  /// The same, waiting for at most that long.
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& duration) {
    return wait_within(client::waitable(duration));
  }
  template <class AnyClock, class Duration>
  bool wait_until(const std::chrono::time_point<AnyClock, Duration>& moment) {
    return wait_within(client::waitable(moment - AnyClock::now()));
  }

  /// Its state and who waits for it, as LATCH.INFO tells it.
  Reply info() const;
  Result<Reply> try_info() const;

 private:
  bool wait_within(Milliseconds wait);

  std::shared_ptr<client::Engine> engine_;
  std::string name_;
};

}  // namespace turnstile
