// One batch at a time from the loop to the disk and back.
#include "server/journal_thread.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"

namespace server {

JournalThread::JournalThread(journal::Journal& journal, boost::asio::io_context& loop,
                             Finish finish)
    : journal_(journal), loop_(loop), finish_(std::move(finish)), thread_([this] { run(); }) {}

JournalThread::~JournalThread() {
  state_.store(State::Stopping);
  state_.notify_one();
  thread_.join();
}

// The turn is passed by one atomic: a lock and a condition would cost each sync two more calls of
// the kernel, and a thread that wakes at once only to find the lock held.
void JournalThread::begin(Work work, const journal::Batch* batch, Done done) {
  CHECK(state_.load() == State::Idle);
  work_ = work;
  batch_ = batch;
  done_ = std::move(done);
  state_.store(State::Working);
  state_.notify_one();
}

void JournalThread::start(const journal::Batch& batch, Done done) {
  begin(Work::Append, &batch, std::move(done));
}

void JournalThread::confirm(Done done) { begin(Work::Confirm, nullptr, std::move(done)); }

void JournalThread::run() {
  for (;;) {
    state_.wait(State::Idle);
    if (state_.load() == State::Stopping) return;
    base::Result<void> result =
        work_ == Work::Append ? journal_.append(*batch_) : journal_.confirm();
    Done done = std::exchange(done_, nullptr);
    State working = State::Working;
    if (!state_.compare_exchange_strong(working, State::Idle)) return;  // it is being stopped
    boost::asio::post(loop_, [this, done = std::move(done), result = std::move(result)] {
      finish_(done, result);
    });
  }
}

}  // namespace server
