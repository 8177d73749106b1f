// A function of the user's that is to be told of something, on the user's terms:
// where it runs is the executor's choice, and once it is ended it runs no more.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace turnstile::client {

/// Runs what it is given, some time and somewhere else. Callable from any thread.
using Executor = std::function<void(std::function<void()>)>;

/// Thread-safe. Lives on while a call is on its way.
template <class What>
class Listener : public std::enable_shared_from_this<Listener<What>> {
 public:
  Listener(Executor executor, std::function<void(const What&)> function)
      : executor_(std::move(executor)), function_(std::move(function)) {}

  /// Has the function called with it.
  void tell(What what) {
    executor_([self = this->shared_from_this(), what = std::move(what)] { self->run(what); });
  }

  /// On return the function is not running and will not be called, unless this is called
  /// by the function itself.
  void end() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
  }

 private:
  void run(const What& what) {
    // Held while the function runs, so that end() knows when it is over; recursive, so
    // that the function may give back what it listens to.
    const std::lock_guard lock(mutex_);
    if (!is_ended_) function_(what);
  }

  const Executor executor_;
  const std::function<void(const What&)> function_;
  std::recursive_mutex mutex_;
  bool is_ended_ = false;
};

}  // namespace turnstile::client
