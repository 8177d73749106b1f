// A worker of a pool: takes the ready tasks of some names, in whatever flow, and runs a
// function for each.
//
//     turnstile::Worker worker(client, {"capture", "notify"}, [&](turnstile::Attempt& attempt) {
//       if (!is_open(attempt.flow())) return turnstile::Outcome::failed("the account is closed");
//       return turnstile::Outcome::completed(capture(attempt.input(), attempt.token()));
//     });
//
// While the function runs, the worker extends the attempt, each time by its time-out (but by 1 s
// at least), so that the time-out of a task may be short: it is the time after which a dead
// worker is replaced. What the function returns is
// never lost while the process lives: it is sent until the server has answered it, over as many
// connections and sessions as that takes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "turnstile/attempt.h"
#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/options.h"

namespace turnstile {

namespace client {
class Pool;
}

/// What came of an attempt, as its handler says. A plain value.
class Outcome {
 public:
  enum class Kind { Completed, Failed, Retry, Released };

  /// The task has ended, with this result (at most 64 KiB).
  static Outcome completed(std::string result = {});
  /// The task has ended: a known no. Only if nothing was done, or it was undone.
  static Outcome failed(std::string reason);
  /// Once more, after the back-off of the task, if it has an attempt left.
  static Outcome retry(std::string reason);
  /// Given back, as if it had not been tried: to somebody else, or to this one later. The
  /// checkpoint (at most 64 KiB) is for who runs it next; unset: the one before stays.
  static Outcome released(std::optional<std::string> checkpoint = {},
                          Milliseconds delay = Milliseconds(0));

  Kind kind() const noexcept { return kind_; }
  /// The result or the reason; empty if it was released.
  const std::string& text() const noexcept { return text_; }
  const std::optional<std::string>& checkpoint() const noexcept { return checkpoint_; }
  Milliseconds delay() const noexcept { return delay_; }

 private:
  explicit Outcome(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  Kind kind_;
  std::string text_;
  std::optional<std::string> checkpoint_;
  Milliseconds delay_{0};
};

/// An outcome that the server did not take, or did not answer before the worker stopped.
struct UntakenOutcome {
  std::string flow;
  std::string task;
  int attempt = 0;
  std::uint64_t token = 0;
  Outcome outcome;

  /// Stale: somebody else runs or ran the task, or it was cancelled; what was done stands in the
  /// history of the flow. Limit: the result is too large; the attempt runs into its time-out,
  /// since its outcome is unknown to everybody else. NoSession: a task that was to be given back
  /// was lost before. Unavailable with maybe_applied(): the server did not answer while the worker
  /// stopped; the library goes on trying until the Client is closed.
  Error error;
};

struct WorkerOptions {
  /// How many tasks are run at the same time, each on a thread of its own.
  int threads = 1;

  /// Only tasks of flows whose names begin with this.
  std::string flows = {};

  int priority = 0;       ///< 0 to 9: of this worker among those that wait for the same tasks
  std::string note = {};  ///< for operators and the history; at most 256 bytes

  /// How long a function may run. When that has passed it is asked to stop and its attempt is no
  /// longer extended, so that one that hangs is replaced when the time-out has passed.
  /// Unset: as long as it likes.
  std::optional<Milliseconds> run_time = {};

  /// How long stop() waits for the answers to the last outcomes.
  Milliseconds farewell = std::chrono::seconds(5);

  /// Called for each outcome that was not taken, and for each attempt to get a task that failed
  /// (which is then made again, at most every 5 s), on the worker's threads: they must be
  /// thread-safe, and must not throw or destroy the worker.
  std::function<void(const UntakenOutcome&)> on_untaken = {};
  std::function<void(const Error&)> on_error = {};
};

/// Runs tasks from its construction until stop(), or until it is destroyed.
///
/// Thread-safety: every function may be called from any thread at any time, except the
/// destructor; the handler runs on several threads at once if there are several.
/// Lifetime: stop it before the Client is closed, or the outcomes that are still under way are
/// reported as untaken (Unavailable), and the tasks that run then are lost.
class Worker {
 public:
  /// Runs on the worker's thread. The Attempt is the worker's: a handler reads it, and may
  /// extend it; what it returns is the outcome. If it gave an outcome itself, what it returns is
  /// ignored. An exception out of it is Outcome::retry() with its what().
  ///
  /// The stop token fires when the attempt is lost or somebody of higher priority asks for the
  /// task, when its run time has passed, and when the worker is stopped. Finish soon, or return
  /// Outcome::released() with a checkpoint. Functions that hang on it run on threads of the
  /// library: they must be short. Return what was done even after the attempt was lost: the
  /// server takes it if nobody took the task over.
  using Handler = std::function<Outcome(Attempt&, std::stop_token)>;

  /// Starts at once. `handler` is called with (Attempt&, std::stop_token) or with (Attempt&).
  /// Errors of the names and options show in on_error. Throws std::system_error if there
  /// is no thread left.
  template <class AnyHandler>
    requires std::is_invocable_r_v<Outcome, AnyHandler&, Attempt&, std::stop_token> ||
             std::is_invocable_r_v<Outcome, AnyHandler&, Attempt&>
  Worker(const Client& client, std::vector<std::string> tasks, AnyHandler handler,
         WorkerOptions options = {})
      : Worker(Started(), client, std::move(tasks), adapt(std::move(handler)), std::move(options)) {
  }

  Worker(Worker&& other) noexcept;
  /// As stop(), for the one before.
  Worker& operator=(Worker&& other) noexcept;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// As stop().
  ~Worker();

  /// Takes no further task, asks the handlers to stop, and waits until they have returned and
  /// their outcomes are answered; for the answers at most WorkerOptions::farewell. From within
  /// a handler it only asks.
  void stop() noexcept;

  /// What has become of the tasks so far. Outcomes count when they are answered.
  struct Counts {
    std::uint64_t taken = 0;
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;
    std::uint64_t retried = 0;
    std::uint64_t released = 0;
    std::uint64_t untaken = 0;
  };
  Counts counts() const noexcept;

 private:
  struct Started {};
  Worker(Started, const Client& client, std::vector<std::string> tasks, Handler handler,
         WorkerOptions options);

  template <class AnyHandler>
  static Handler adapt(AnyHandler handler) {
    if constexpr (std::is_invocable_r_v<Outcome, AnyHandler&, Attempt&, std::stop_token>) {
      return handler;
    } else {
      return [handler = std::move(handler)](Attempt& attempt, const std::stop_token&) mutable {
        return handler(attempt);
      };
    }
  }

  std::unique_ptr<client::Pool> pool_;
};

}  // namespace turnstile
