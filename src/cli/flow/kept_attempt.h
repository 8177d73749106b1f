// An attempt that is kept alive while COMMAND runs.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "cli/supervisor.h"
#include "turnstile/attempt.h"

namespace cli {

/// While it lives, the attempt is extended again and again, so that its time-out bounds how long a
/// dead executor goes unnoticed, not how long COMMAND may run.
class KeptAttempt {
 public:
  /// `attempt` must outlive this, and nobody else may use more than its const functions meanwhile.
  /// Unless `extends`, it ends with its time-out.
  KeptAttempt(turnstile::Attempt& attempt, bool extends);

  /// For the Supervisor; this must outlive what it answers.
  Watched watched();

 private:
  void extend_until(std::stop_token stop);
  bool is_held();

  turnstile::Attempt& attempt_;
  std::mutex mutex_;  ///< held while the attempt is being extended
  std::condition_variable_any wake_;
  std::jthread extender_;  ///< the last member: it uses the others
};

}  // namespace cli
