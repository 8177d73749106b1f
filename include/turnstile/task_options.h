// What a caller can say of a task, and of running one.
//
//     flow.join("capture", {.after = {"authorise"}, .timeout = 30s}, {.wait = 5s});
//
// What is left out of a declaration is not the same as what it says by default: a later
// declaration of the same task may leave anything out, but not say anything else.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "turnstile/options.h"

namespace turnstile {

/// When a task runs, all its predecessors having ended.
enum class When {
  Completed,  ///< if all of them completed
  Ended,      ///< however they ended: clean-up, or mere serialisation
  Failed,     ///< if one of them failed, or was skipped because of a failure: compensation
};

/// What becomes of the tasks behind one whose outcome is unknown.
enum class OnDead {
  Hold,  ///< they wait until somebody redrives or cancels it
  Skip,  ///< it counts as skipped
};

/// The predecessors of a task, all of its flow. `{}` leaves them out: then it comes after the
/// task of its flow that was declared last. `{"a", "b"}` names them; After::nothing() says
/// that it has none.
class After {
 public:
  After() = default;
  After(std::initializer_list<std::string> tasks) : tasks_(std::vector<std::string>(tasks)) {}
  After(std::vector<std::string> tasks) : tasks_(std::move(tasks)) {}
  static After nothing() { return After(std::vector<std::string>()); }

  /// The names, or nothing if they were left out.
  const std::optional<std::vector<std::string>>& tasks() const noexcept { return tasks_; }

 private:
  std::optional<std::vector<std::string>> tasks_;
};

/// How a task is declared. What is not set is left out, and the server's default holds.
struct TaskOptions {
  After after = {};
  std::optional<When> when = {};       ///< When::Completed
  std::optional<OnDead> on_dead = {};  ///< OnDead::Hold

  /// Of one attempt, which is over when it passes; Attempt::extend() gives more. 60 s.
  std::optional<Milliseconds> timeout = {};
  std::optional<int> attempts = {};  ///< how often it is tried: 5; at most 1,000

  /// How long until another attempt: drawn by chance from nothing up to `backoff`, which is
  /// doubled with each attempt, up to `backoff_max`. 100 ms and 30 s. `backoff_max` is
  /// ignored without `backoff`.
  std::optional<Milliseconds> backoff = {};
  std::optional<Milliseconds> backoff_max = {};

  std::optional<Milliseconds> delay = {};     ///< not before, from its declaration on: 0
  std::optional<Milliseconds> deadline = {};  ///< of all attempts, from its declaration on: 24 h

  /// 0 to 9: of the task, among those that a pool can take. Not for join(), where it is
  /// ignored: the priority there is that of who asks.
  std::optional<int> priority = {};

  /// Bytes for whoever runs it, at most 64 KiB.
  std::optional<std::string> input = {};
};

/// How Flow::join asks to run a task.
struct RunOptions {
  /// How long to wait until the task can be run. Unset: join() waits without limit (anew after
  /// each kWaitMax), try_join() does not wait. Zero: no wait. Negative or more than kWaitMax:
  /// Invalid.
  std::optional<Milliseconds> wait = {};

  /// 0 to 9: of who asks, as for a lock.
  int priority = 0;

  /// Ask a runner of lower priority to leave, and take the task from it after this grace.
  /// Needs a wait.
  std::optional<Milliseconds> preempt = {};

  /// Why, for operators and the history; at most 256 bytes.
  std::string note = {};

  /// Who waits, for the search of deadlocks; as AcquireOptions::agent. Empty: the calling thread.
  std::string agent = {};

  /// Withdraws the wait; the call then fails with Cancelled, unless it was decided before that.
  std::stop_token stop = {};
};

/// How Client::take asks for a task of a pool. What has the same name means the same as in
/// RunOptions.
struct TakeOptions {
  /// Only tasks of flows whose names begin with this.
  std::string flows = {};
  std::optional<Milliseconds> wait = {};
  int priority = 0;
  std::string note = {};
  std::string agent = {};
  std::stop_token stop = {};
};

/// How to wait for something that one does not get to hold: a result, a signal.
struct WaitOptions {
  /// Unset: without limit for the functions that throw, not at all for those named `try_…`.
  /// Negative or more than kWaitMax: Invalid.
  std::optional<Milliseconds> wait = {};

  /// Withdraws the wait, which then fails with Cancelled.
  std::stop_token stop = {};
};

/// Which flows Client::flows lists.
struct FlowsOptions {
  bool dead_only = false;  ///< those in which a dead task waits for somebody to decide
  int count = 100;         ///< at most so many, up to 1,000
  std::string after = {};  ///< names greater than this one, for the next page
};

}  // namespace turnstile
