// Runs a journal's appends on a thread of its own, so that the event loop goes
// on while the disk works.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "journal/journal.h"
#include "server/pipeline.h"

namespace server {

class JournalThread final : public Appender {
 public:
  /// `done` of each append is posted to `loop`. Both outlive this object.
  JournalThread(journal::Journal& journal, boost::asio::io_context& loop);
  /// Waits for an append that is under way; its `done` is not called any more.
  ~JournalThread() override;

  void start(const journal::Batch& batch, Done done) override;

 private:
  void run(const std::stop_token& stop);

  journal::Journal& journal_;
  boost::asio::io_context& loop_;
  std::mutex mutex_;
  std::condition_variable_any work_;
  const journal::Batch* batch_ = nullptr;  ///< guarded by mutex_; null: nothing to do
  Done done_;                              ///< guarded by mutex_
  std::jthread thread_;                    // last: it uses all of the above
};

/// For a journal that never blocks: appends on the spot.
class DirectAppender final : public Appender {
 public:
  explicit DirectAppender(journal::Journal& journal) : journal_(journal) {}
  void start(const journal::Batch& batch, Done done) override { done(journal_.append(batch)); }

 private:
  journal::Journal& journal_;
};

}  // namespace server
