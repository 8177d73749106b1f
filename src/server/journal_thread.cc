// One batch at a time from the loop to the disk and back.
#include "server/journal_thread.h"

#include <boost/asio/post.hpp>

#include "base/check.h"

namespace server {

JournalThread::JournalThread(journal::Journal& journal, boost::asio::io_context& loop)
    : journal_(journal), loop_(loop), thread_([this](const std::stop_token& stop) { run(stop); }) {}

JournalThread::~JournalThread() = default;

void JournalThread::start(const journal::Batch& batch, Done done) {
  {
    const std::lock_guard lock(mutex_);
    CHECK(batch_ == nullptr);
    batch_ = &batch;
    done_ = std::move(done);
  }
  work_.notify_one();
}

void JournalThread::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (work_.wait(lock, stop, [this] { return batch_ != nullptr; })) {
    const journal::Batch& batch = *batch_;
    lock.unlock();
    base::Result<void> result = journal_.append(batch);
    lock.lock();
    batch_ = nullptr;
    boost::asio::post(loop_,
                      [done = std::move(done_), result = std::move(result)] { done(result); });
  }
}

}  // namespace server
