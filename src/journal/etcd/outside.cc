// The system's time, chance, waiting and threads.
#include "journal/etcd/outside.h"

#include <sys/random.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/check.h"

namespace journal::etcd {

base::Time now() {
  const auto passed = std::chrono::steady_clock::now().time_since_epoch();
  return base::Time::from_us(std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
}

void pause(base::Duration length) {
  std::this_thread::sleep_for(std::chrono::microseconds(length.us()));
}

Id random_id() {
  Id id{};
  CHECK_EQ(::getrandom(id.data(), id.size(), 0), static_cast<ssize_t>(id.size()));
  return id;
}

void Bell::ring() {
  const std::lock_guard lock(mutex_);
  has_rung_ = true;
  ringing_.notify_all();
}

void Bell::wait(base::Duration at_most) {
  std::unique_lock lock(mutex_);
  ringing_.wait_for(lock, std::chrono::microseconds(at_most.us()), [this] { return has_rung_; });
  has_rung_ = false;
}

struct Worker::Running {
  std::thread thread;
};

Worker::Worker(std::function<void()> run)
    : running_(std::make_unique<Running>(std::thread(std::move(run)))) {}
Worker::~Worker() = default;
void Worker::join() { running_->thread.join(); }

}  // namespace journal::etcd
