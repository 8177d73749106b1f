// Judging on a thread of its own, beside the replay.
//
// What is asked is judged in the order in which it is asked. The asker is held up
// when too much waits, so that a long journal does not fill the memory.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace checker {

class ModelThread {
 public:
  using Work = std::function<void()>;

  ModelThread() : thread_([this] { run(); }) {}
  /// What has not begun by then is not done.
  ~ModelThread();
  ModelThread(const ModelThread&) = delete;
  ModelThread& operator=(const ModelThread&) = delete;

  void ask(Work work);
  /// Returns when all that was asked has been done.
  void drain();

 private:
  using Works = std::vector<Work>;

  void hand_over();
  void run();

  Works gathering_;  ///< the asker's; so much at a time is handed over that the lock costs nothing
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Works> waiting_;
  bool is_working_ = false;
  bool is_stopping_ = false;
  std::thread thread_;  ///< begins when all else is there
};

}  // namespace checker
