// Locks of the whole system with the interface of std::timed_mutex and
// std::shared_timed_mutex, for std::lock_guard, std::unique_lock,
// std::scoped_lock and std::shared_lock:
//
//     turnstile::Mutex account(client, "account/7");
//     std::unique_lock lock(account, 2s);
//     if (lock) pay(account.token());
//
// Objects are cheap and name a key; any two of the same key, in this process or
// elsewhere, exclude each other, and so do two threads that lock the same object.
//
// What the standard's interface has no place for: a lock can be lost while it is
// held. token() is there for the resource to check, lost() for the code.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "turnstile/client.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"
#include "turnstile/waitable.h"

namespace turnstile {

namespace client {
class HoldsByThread;
}  // namespace client

/// An exclusive lock. As with std::mutex, the thread that locked it unlocks it,
/// and must do so before the object is destroyed.
///
/// Thread-safety: every function may be called from any thread at any time.
/// Lifetime: may outlive the Client; every lock() fails then.
class Mutex {
 public:
  /// `options` go with every acquisition; `wait` limits lock() alone, `shared` is ignored.
  Mutex(const Client& client, std::string key, AcquireOptions options = {});
  ~Mutex();
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  const std::string& key() const noexcept;

  /// Waits until the lock is held. Throws what Client::lock throws, and Deadlock if
  /// this thread holds this very object already.
  void lock();

  /// True if the lock is held now; false if somebody else has it. Throws, unlike
  /// std::mutex, when nobody could decide: Unavailable and the like are not "false".
  bool try_lock();

  /// The same, waiting for at most that long.
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration) {
    return lock_within(client::waitable(duration));
  }
  template <class AnyClock, class Duration>
  bool try_lock_until(const std::chrono::time_point<AnyClock, Duration>& moment) {
    return lock_within(client::waitable(moment - AnyClock::now()));
  }

  /// Gives it back without waiting for the server (see ~Grant). Does nothing if
  /// this thread does not hold it.
  void unlock() noexcept;

  /// The fencing token of the calling thread's hold; 0 if it holds nothing.
  std::uint64_t token() const noexcept;

  /// As those of Grant, for the calling thread's hold.
  std::stop_token lost() const noexcept;
  std::stop_token revoked() const noexcept;
  bool is_held() const noexcept;

 private:
  bool lock_within(Milliseconds wait);

  std::unique_ptr<client::HoldsByThread> holds_;
};

/// A lock that many may share or one may have alone. As for Mutex, plus: a thread
/// that holds it shared must not lock it again in any way before it unlocks.
class SharedMutex {
 public:
  SharedMutex(const Client& client, std::string key, AcquireOptions options = {});
  ~SharedMutex();
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  const std::string& key() const noexcept;

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

  std::uint64_t token() const noexcept;
  std::stop_token lost() const noexcept;
  std::stop_token revoked() const noexcept;
  bool is_held() const noexcept;

 private:
  bool lock_within(Milliseconds wait, bool shared);

  std::unique_ptr<client::HoldsByThread> holds_;
};

}  // namespace turnstile
