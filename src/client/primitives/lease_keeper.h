// Keeps the attempts of a worker alive while their handlers run.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "client/engine/engine.h"
#include "client/session/hold.h"
#include "turnstile/options.h"

namespace turnstile::client {

/// One thread that extends each attempt at a third of its time-out. It never waits for an
/// answer: an extension that comes too late, or is refused, shows as the loss of the attempt.
/// Thread-safe.
class LeaseKeeper {
 public:
  /// Throws std::system_error if there is no thread left.
  explicit LeaseKeeper(std::shared_ptr<Engine> engine);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// Extends the attempt until let_go(), or until `run_time` has passed: then `stop` is requested,
  /// and the attempt is left to its time-out.
  void keep(const std::shared_ptr<Hold>& hold, std::optional<Milliseconds> run_time,
            std::stop_source stop);
  void let_go(const std::shared_ptr<Hold>& hold);

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    std::shared_ptr<Hold> hold;
    std::stop_source stop;
    Milliseconds extension;
    Clock::time_point next;
    Clock::time_point run_until;
    /// One extension at a time: many would gather while the server is away.
    std::shared_ptr<std::atomic<bool>> is_asking = std::make_shared<std::atomic<bool>>(false);
  };

  void run();
  void look_after(Kept& kept, Clock::time_point now);

  const std::shared_ptr<Engine> engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Kept> kept_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace turnstile::client
