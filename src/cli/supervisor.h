// Watching over COMMAND while the lock is held: passes signals on, stops it when
// the lock is lost, and sees it end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <stop_token>

#include "cli/file_descriptor.h"
#include "cli/job_control.h"
#include "cli/signals.h"
#include "turnstile/grant.h"

namespace cli {

/// How COMMAND is stopped when the lock is lost.
struct StopRules {
  int signal = SIGTERM;
  std::chrono::milliseconds grace{0};  ///< from the signal to SIGKILL
};

/// For one child, used by one thread.
class Supervisor {
 public:
  /// `group` is the child and its process group. All must outlive this.
  Supervisor(pid_t group, const turnstile::Grant& grant, SignalQueue& signals, StopRules rules);

  /// Returns when the child has ended and, if the lock was lost, all of its group have.
  void run();

  /// The exit status of the child as a shell has it: 128 + n if signal n ended it.
  int exit_status() const;
  /// Whether the lock was lost before the child had ended.
  bool was_lost() const { return kill_at_.has_value(); }

 private:
  using Clock = turnstile::Clock;

  bool is_over() const;
  int timeout_ms() const;
  void wait_for_news();
  void handle(int signal);
  void look_at_child();
  void stop_if_lost();
  void kill_when_due();

  pid_t group_;
  const turnstile::Grant& grant_;
  SignalQueue& signals_;
  StopRules rules_;
  JobControl job_control_;
  Event lost_;
  std::optional<int> wait_status_;            ///< once the child has ended
  std::optional<Clock::time_point> kill_at_;  ///< once the lock is lost
  bool killed_ = false;
};

}  // namespace cli
