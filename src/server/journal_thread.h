// Runs a journal's appends on a thread of its own, so that the event loop goes
// on while the disk works.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "journal/journal.h"
#include "server/pipeline.h"

namespace server {

class JournalThread final : public Appender {
 public:
  /// Called on the loop's thread with the `done` of an append and its result, to pass the one to
  /// the other.
  using Finish = std::function<void(const Done& done, const base::Result<void>& result)>;

  /// `finish` is posted to `loop` after each append. All three outlive this object.
  JournalThread(journal::Journal& journal, boost::asio::io_context& loop, Finish finish);
  /// Waits for an append that is under way; its `done` is not called any more.
  ~JournalThread() override;

  void start(const journal::Batch& batch, Done done) override;

 private:
  void run();

  journal::Journal& journal_;
  boost::asio::io_context& loop_;
  const Finish finish_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;                  ///< guarded by mutex_
  const journal::Batch* batch_ = nullptr;  ///< guarded by mutex_; null: nothing to do
  Done done_;                              ///< guarded by mutex_
  std::thread thread_;                     // last: it uses all of the above
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
