// A semaphore of the whole system: at most so many permits are out at any time,
// however many processes ask.
//
//     turnstile::Semaphore gateway(client, "gateway/visa", 20);
//     turnstile::Grant permit = gateway.acquire();   // given back at the end of the block
//
// Permits are a Grant: they have a token, can be lost, and are given back by
// release(), or when the Grant is destroyed.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "turnstile/client.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
#include "turnstile/waitable.h"

namespace turnstile {

/// Names a semaphore; cheap, and copied freely.
///
/// Thread-safety: every function may be called from any thread at any time.
/// Lifetime: may outlive the Client; every call fails with Unavailable then.
class Semaphore {
 public:
  /// `limit` is how many permits there are. The first acquisition sets it, and later ones
  /// must agree, or say nothing: then nullopt. `options` go with every acquisition;
  /// `shared`, `preempt`, `owner` and `on_loss` are not for semaphores and are ignored.
  Semaphore(const Client& client, std::string key, std::optional<int> limit = {},
            AcquireOptions options = {});

  const std::string& key() const noexcept { return key_; }

  /// Takes so many permits at once, waiting as the options say; without a word, without limit.
  ///
  /// Throws Busy (not within the wait), Conflict (it has another limit), Limit (more
  /// permits than there are, or a limit of the service), Deadlock, Cancelled, Invalid,
  /// Overloaded, Denied, Unavailable, Lost. After a throw nothing is held.
  Grant acquire(int permits = 1);

  /// The same without throwing and without waiting.
  Result<Grant> try_acquire(int permits = 1);

  /// The same, waiting for at most that long.
  template <class Rep, class Period>
  Result<Grant> try_acquire_for(const std::chrono::duration<Rep, Period>& duration,
                                int permits = 1) {
    return acquire_within(permits, client::waitable(duration));
  }
  template <class AnyClock, class Duration>
  Result<Grant> try_acquire_until(const std::chrono::time_point<AnyClock, Duration>& moment,
                                  int permits = 1) {
    return acquire_within(permits, client::waitable(moment - AnyClock::now()));
  }

  /// As Client::lock_all_then(), for acquire().
  void acquire_then(int permits, AcquireOptions options, std::function<void(Result<Grant>)> done);

  /// Changes the limit, for the server, this object and its copies; who says another one from
  /// then on gets Conflict. Who holds permits keeps them, so that for a while more may be out
  /// than the new limit. Throws Limit, Invalid, NoSession, Unavailable.
  void resize(int limit);
  Result<bool> try_resize(int limit);

  /// Its limit, who holds permits and who waits, as SEM.INFO tells it. Throws Unavailable, Invalid.
  Reply info() const;
  Result<Reply> try_info() const;

  /// The options that go with every acquisition.
  const AcquireOptions& options() const noexcept { return options_; }

 private:
  std::optional<int> limit() const;
  Result<Grant> acquire_within(int permits, std::optional<Milliseconds> wait);

  std::shared_ptr<client::Engine> engine_;
  std::string key_;
  std::shared_ptr<std::atomic<int>> limit_;  ///< 0: none; the same for all copies
  AcquireOptions options_;
};

}  // namespace turnstile
