// A shared lock of the whole system whose holder can have it alone, and share it
// again, without letting go in between; with the interface of
// std::shared_timed_mutex, and Boost's words for the conversions.
//
//     turnstile::UpgradeMutex limits(client, "limits/merchant-4");
//     limits.lock_shared();
//     if (needs_change()) {
//       limits.unlock_shared_and_lock();      // limits.token() is greater now
//       change(limits.token());
//       limits.unlock_and_lock_shared();
//     }
//     limits.unlock_shared();
//
// Two threads or processes that share the lock and both want it alone would wait
// for each other for ever: one of them gets Deadlock, still shares the lock,
// and should unlock it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "turnstile/client.h"
#include "turnstile/options.h"
#include "turnstile/waitable.h"

namespace turnstile {

namespace client {
class HoldsByThread;
}

/// Thread-safety and lifetime: as SharedMutex.
class UpgradeMutex {
 public:
  /// `options` go with every acquisition; `wait` limits lock() and lock_shared() alone,
  /// `shared` is ignored.
  UpgradeMutex(const Client& client, std::string key, AcquireOptions options = {});
  ~UpgradeMutex();
  UpgradeMutex(const UpgradeMutex&) = delete;
  UpgradeMutex& operator=(const UpgradeMutex&) = delete;

  const std::string& key() const noexcept;

  // --- alone, as Mutex

  void lock();
  bool try_lock();
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration) {
    return lock_within(client::waitable(duration), false);
  }
  template <class AnyClock, class Duration>
  bool try_lock_until(const std::chrono::time_point<AnyClock, Duration>& moment) {
    return lock_within(client::waitable(moment - AnyClock::now()), false);
  }
  void unlock() noexcept;

  // --- shared, as SharedMutex

  void lock_shared();
  bool try_lock_shared();
  template <class Rep, class Period>
  bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& duration) {
    return lock_within(client::waitable(duration), true);
  }
  template <class AnyClock, class Duration>
  bool try_lock_shared_until(const std::chrono::time_point<AnyClock, Duration>& moment) {
    return lock_within(client::waitable(moment - AnyClock::now()), true);
  }
  void unlock_shared() noexcept;

  // --- from shared to alone, before all others who wait; the token is another afterwards

  /// Waits for the others who share it to leave. Throws as Grant::upgrade(), and then the lock
  /// is shared as before, unless it was lost; Invalid if this thread does not hold it.
  void unlock_shared_and_lock();
  /// True if the lock is held alone now; false if others still share it, and then this
  /// thread does, too. Throws all that is not Busy.
  bool try_unlock_shared_and_lock();
  template <class Rep, class Period>
  bool try_unlock_shared_and_lock_for(const std::chrono::duration<Rep, Period>& duration) {
    return upgrade_within(client::waitable(duration));
  }
  template <class AnyClock, class Duration>
  bool try_unlock_shared_and_lock_until(const std::chrono::time_point<AnyClock, Duration>& moment) {
    return upgrade_within(client::waitable(moment - AnyClock::now()));
  }

  // --- from alone to shared

  /// Others may share it from now on; the token stays. Throws as Grant::downgrade(), and
  /// Invalid if this thread does not hold it.
  void unlock_and_lock_shared();

  /// Of the calling thread's hold, as for Mutex.
  std::uint64_t token() const noexcept;
  std::stop_token lost() const noexcept;
  std::stop_token revoked() const noexcept;
  bool is_held() const noexcept;

 private:
  bool lock_within(Milliseconds wait, bool shared);
  bool upgrade_within(Milliseconds wait);

  std::unique_ptr<client::HoldsByThread> holds_;
};

}  // namespace turnstile
