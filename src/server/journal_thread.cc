// One batch at a time from the loop to the disk and back.
#include "server/journal_thread.h"

#include <boost/asio/post.hpp>

#include "base/check.h"

namespace server {

JournalThread::JournalThread(journal::Journal& journal, boost::asio::io_context& loop,
                             Finish finish)
    : journal_(journal), loop_(loop), finish_(std::move(finish)), thread_([this] { run(); }) {}

JournalThread::~JournalThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

// Here and below the other thread is woken only after the lock is released: it often runs at once,
// on this very processor, and would go back to sleep waiting for the lock.
void JournalThread::start(const journal::Batch& batch, Done done) {
  {
    const std::lock_guard lock(mutex_);
    CHECK(batch_ == nullptr);
    batch_ = &batch;
    done_ = std::move(done);
  }
  work_.notify_one();
}

void JournalThread::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return batch_ != nullptr || stopping_; });
    if (batch_ == nullptr) return;
    const journal::Batch& batch = *batch_;
    lock.unlock();
    base::Result<void> result = journal_.append(batch);
    lock.lock();
    batch_ = nullptr;
    Done done = std::move(done_);
    lock.unlock();
    boost::asio::post(loop_, [this, done = std::move(done), result = std::move(result)] {
      finish_(done, result);
    });
  }
}

}  // namespace server
