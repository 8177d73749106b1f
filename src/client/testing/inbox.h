// For tests: what callbacks were called with.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace turnstile::client {

/// What a callback was called with, for a test to wait for.
template <class What>
class Inbox {
 public:
  void put(const What& what) {
    const std::lock_guard lock(mutex_);
    items_.push_back(what);
    filled_.notify_all();
  }
  What take() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !items_.empty(); });
    What what = std::move(items_.front());
    items_.erase(items_.begin());
    return what;
  }
  auto callback() {
    return [this](const What& what) { put(what); };
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<What> items_;
};

}  // namespace turnstile::client
