// One queue, one lock, one condition for both sides.
#include "checker/model_thread.h"

#include <utility>

namespace checker {

namespace {

constexpr std::size_t kAtATime = 256;
constexpr std::size_t kWaitingMax = 64;

}  // namespace

ModelThread::~ModelThread() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ModelThread::ask(Work work) {
  gathering_.push_back(std::move(work));
  if (gathering_.size() >= kAtATime) hand_over();
}

void ModelThread::hand_over() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kWaitingMax; });
  waiting_.push_back(std::exchange(gathering_, {}));
  lock.unlock();
  changed_.notify_all();
}

void ModelThread::drain() {
  if (!gathering_.empty()) hand_over();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !is_working_; });
}

void ModelThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_) return;
    const Works works = std::move(waiting_.front());
    waiting_.pop_front();
    is_working_ = true;
    lock.unlock();
    changed_.notify_all();
    for (const Work& work : works) work();
    lock.lock();
    is_working_ = false;
    changed_.notify_all();
  }
}

}  // namespace checker
