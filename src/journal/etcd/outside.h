// What the shared log takes from outside besides etcd itself: the time, chance,
// waiting and threads. outside.cc has the system's; the simulator brings its own, and
// does not link the library that these and the client are in.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "base/time.h"

namespace journal::etcd {

/// Of a clock that never goes back.
base::Time now();

void pause(base::Duration length);

using Id = std::array<std::uint8_t, 16>;
/// Never twice the same.
Id random_id();

/// Wakes the one thread that waits. Thread-safe.
class Bell {
 public:
  void ring();
  /// Until it rings, or has rung since the last wait, at most so long.
  void wait(base::Duration at_most);

 private:
  std::mutex mutex_;
  std::condition_variable ringing_;
  bool has_rung_ = false;
};

/// A thread of the log's own.
class Worker {
 public:
  explicit Worker(std::function<void()> run);
  /// Only after join().
  ~Worker();
  /// Waits until `run` has returned.
  void join();

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace journal::etcd
