// How the event loop appends: by a thread of its own, for a journal on the other side of a
// network, whose appends take milliseconds; or itself. To hand the sync of a disk to a thread and
// back costs more than it saves, for whoever waits for it asks for nothing meanwhile
// (docs/adr/0010-who-syncs.md).
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
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
  void confirm(Done done) override;

 private:
  enum class State : int { Idle, Working, Stopping };
  enum class Work { Append, Confirm };

  void begin(Work work, const journal::Batch* batch, Done done);
  void run();

  journal::Journal& journal_;
  boost::asio::io_context& loop_;
  const Finish finish_;
  /// Whose turn it is: while Idle, the next three are the loop's; while Working, the thread's.
  std::atomic<State> state_ = State::Idle;
  Work work_ = Work::Append;
  const journal::Batch* batch_ = nullptr;  ///< to append
  Done done_;
  std::thread thread_;  // last: it uses all of the above
};

/// Appends on the spot.
class DirectAppender final : public Appender {
 public:
  explicit DirectAppender(journal::Journal& journal) : journal_(journal) {}
  void start(const journal::Batch& batch, Done done) override { done(journal_.append(batch)); }

 private:
  journal::Journal& journal_;
};

}  // namespace server
