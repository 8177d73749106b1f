// What a Worker consists of: its threads, each of which takes a task, has it handled, and
// sends what came of it until that is answered.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "client/engine/engine.h"
#include "client/primitives/lease_keeper.h"
#include "turnstile/worker.h"

namespace turnstile::client {

/// Thread-safe, but for the destructor.
class Pool {
 public:
  Pool(std::shared_ptr<Engine> engine, std::vector<std::string> tasks, Worker::Handler handler,
       WorkerOptions options);
  /// As stop().
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void stop() noexcept;
  Worker::Counts counts() const noexcept;

 private:
  using Steady = std::chrono::steady_clock;
  using Taken = turnstile::Outcome;

  /// Where the threads wait. Answers may come after the pool is gone.
  struct Desk {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Steady::time_point> stopped_at;
  };
  struct Tally {
    std::atomic<std::uint64_t> taken{0};
    std::atomic<std::uint64_t> completed{0};
    std::atomic<std::uint64_t> failed{0};
    std::atomic<std::uint64_t> retried{0};
    std::atomic<std::uint64_t> released{0};
    std::atomic<std::uint64_t> untaken{0};
  };

  void work();
  Result<Attempt> take();
  void pause(Milliseconds time);
  void run(Attempt attempt);
  Taken handle(Attempt& attempt, const std::stop_token& stop);
  void settle(const Attempt& attempt, const Taken& outcome);
  std::optional<Error> send(const std::shared_ptr<Hold>& hold, const Taken& outcome);
  Outcome wait_for_answer(OperationPtr operation);
  void count(Taken::Kind kind);

  const std::shared_ptr<Engine> engine_;
  const std::vector<std::string> tasks_;
  Worker::Handler handler_;
  const WorkerOptions options_;
  const std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
  std::stop_source stop_;
  Tally tally_;
  LeaseKeeper keeper_;
  std::mutex threads_mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace turnstile::client
