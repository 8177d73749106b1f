// Watching over COMMAND while something is held: passes signals on, stops it when
// the hold is lost, and sees it end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/capture.h"
#include "cli/file_descriptor.h"
#include "cli/job_control.h"
#include "cli/signals.h"
#include "turnstile/options.h"

namespace cli {

/// What is held while COMMAND runs.
struct Watched {
  std::string name;               ///< for people: "the lock"
  std::stop_token lost;           ///< fires when it is lost
  std::function<bool()> is_held;  ///< asks nobody; right from the first instruction after a pause
  std::stop_token wanted;         ///< fires when somebody else shall have it
};

/// How COMMAND is stopped when the hold is lost, or wanted by somebody else.
struct StopRules {
  int signal = SIGTERM;
  std::chrono::milliseconds grace{0};  ///< from the signal to SIGKILL
};

/// For one child, used by one thread.
class Supervisor {
 public:
  /// `group` is the child and its process group; `capture`, if there is one, takes what it
  /// writes. All must outlive this.
  Supervisor(pid_t group, Watched watched, SignalQueue& signals, StopRules rules,
             Capture* capture = nullptr);

  /// Returns when the child has ended and, if it was stopped, all of its group have.
  void run();

  /// The exit status of the child as a shell has it: 128 + n if signal n ended it.
  int exit_status() const;
  /// Whether a signal ended the child.
  bool was_killed() const;
  /// The first signal to end that was passed on to the child, if there was one.
  std::optional<int> asked_to_end() const { return asked_to_end_; }
  /// Whether the hold was lost before the child had ended.
  bool was_lost() const { return was_lost_; }
  /// Whether the child was stopped for the sake of somebody who wanted the hold.
  bool was_wanted() const { return kill_at_.has_value() && !was_lost_; }

 private:
  using Clock = turnstile::Clock;

  bool is_over() const;
  int timeout_ms() const;
  void wait_for_news();
  void handle(int signal);
  void look_at_child();
  void stop_if_lost();
  void stop(const char* why);
  void kill_when_due();

  pid_t group_;
  Watched watched_;
  SignalQueue& signals_;
  StopRules rules_;
  JobControl job_control_;
  Capture* capture_;
  Event news_;                                ///< it is lost, or wanted
  std::optional<int> wait_status_;            ///< once the child has ended
  std::optional<Clock::time_point> kill_at_;  ///< once the child is being stopped
  bool was_lost_ = false;
  std::optional<int> asked_to_end_;
  bool killed_ = false;
};

}  // namespace cli
