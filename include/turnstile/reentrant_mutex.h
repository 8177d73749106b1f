// A lock of the whole system that the thread which has it may lock again, with the
// interface of std::recursive_timed_mutex.
//
//     turnstile::ReentrantMutex account(client, "account/7");
//     const std::lock_guard outer(account);
//     const std::lock_guard inner(account);   // the same token; given back with the outer one
//
// What one has is the thread's, not the object's: two objects of one key and one
// client enter each other on the same thread.
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

/// Thread-safety and lifetime: as Mutex. Each lock() costs a round trip, the inner ones too.
class ReentrantMutex {
 public:
  /// `options` go with every acquisition; `wait` limits lock() alone, `shared` and `owner`
  /// are ignored: the owner is the calling thread.
  ReentrantMutex(const Client& client, std::string key, AcquireOptions options = {});
  ~ReentrantMutex();
  ReentrantMutex(const ReentrantMutex&) = delete;
  ReentrantMutex& operator=(const ReentrantMutex&) = delete;

  const std::string& key() const noexcept;

  /// Waits until the lock is held once more. Throws what Client::lock throws.
  void lock();
  /// True if the lock is held once more; false if somebody else has it. Throws when nobody
  /// could decide: Unavailable and the like are not "false".
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

  /// Gives the last level back without waiting for the server. Does nothing if this thread
  /// does not hold it.
  void unlock() noexcept;

  /// Of the calling thread's hold, as for Mutex.
  std::uint64_t token() const noexcept;
  std::stop_token lost() const noexcept;
  std::stop_token revoked() const noexcept;
  bool is_held() const noexcept;

 private:
  bool lock_within(Milliseconds wait);

  std::unique_ptr<client::HoldsByThread> holds_;
};

}  // namespace turnstile
