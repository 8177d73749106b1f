// A queue and the thread that empties it.
#include "client/engine/callback_thread.h"

#include <condition_variable>
#include <deque>
#include <thread>

#include "client/engine/signals_blocked.h"

namespace turnstile::client {
namespace {

/// What the thread and the callers share; outlives both.
struct Queue {
  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      filled.wait(lock, [this] { return is_over || !functions.empty(); });
      if (functions.empty()) return;
      auto function = std::move(functions.front());
      functions.pop_front();
      lock.unlock();
      function();
      function = nullptr;  // may end this very thread's owner, which must not find it locked
      lock.lock();
    }
  }

  std::mutex mutex;
  std::condition_variable filled;
  std::deque<std::function<void()>> functions;
  bool is_over = false;
};

class CallbackThread {
 public:
  CallbackThread() = default;
  /// What is queued is run first. If this is its own thread, it ends by itself.
  ~CallbackThread() {
    {
      const std::lock_guard lock(queue_->mutex);
      queue_->is_over = true;
      queue_->filled.notify_one();
    }
    if (!thread_.joinable()) return;
    const bool is_own = thread_.get_id() == std::this_thread::get_id();
    is_own ? thread_.detach() : thread_.join();
  }
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  void run(std::function<void()> function) {
    const std::lock_guard lock(queue_->mutex);
    queue_->functions.push_back(std::move(function));
    queue_->filled.notify_one();
    if (thread_.joinable()) return;
    const SignalsBlocked signals_blocked;
    thread_ = std::thread([queue = queue_] { queue->run(); });
  }

 private:
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::thread thread_;
};

}  // namespace

Executor make_callback_thread() {
  return [thread = std::make_shared<CallbackThread>()](std::function<void()> function) {
    thread->run(std::move(function));
  };
}

}  // namespace turnstile::client
