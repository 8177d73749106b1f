// A flow: tasks that run in a set order across processes, each handed the results of those
// before it.
//
//     turnstile::Flow payment = client.flow("payment/8731");
//     payment.add("authorise", {.after = turnstile::After::nothing(), .input = card});
//     auto capture = payment.join("capture", {.after = {"authorise"}});
//     capture.complete(settle(capture.result("authorise").result));
//
// Whoever needs a task may declare it; the same declaration twice is one. A task declared
// without predecessors comes after the one declared last; where several processes start
// one flow, say `after`, since which of them comes first is a matter of luck otherwise.
// docs/tasks.md has the exact rules.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/attempt.h"
#include "turnstile/client.h"
#include "turnstile/error.h"
#include "turnstile/options.h"
#include "turnstile/reply.h"
#include "turnstile/task_options.h"

namespace turnstile {

/// Names a flow; cheap, and copied freely. To make one asks nobody.
///
/// Thread-safety: every function may be called from any thread at any time.
/// Lifetime: may outlive the Client; every call fails with Unavailable then.
///
/// Every call throws Invalid (a name or an option), Unavailable, Denied, Overloaded, and, if it
/// changes something, NoSession with maybe_applied() when the session was lost meanwhile and the
/// command could not be repeated. What else it throws stands beside it. Each has a twin that
/// returns a Result.
class Flow {
 public:
  Flow(const Client& client, std::string name);

  const std::string& name() const noexcept { return name_; }

  /// Declares a task that anybody may run; does nothing if it was declared so before. Throws
  /// Conflict (it was declared otherwise, the flow is closed, or its predecessors would close
  /// a cycle), Limit.
  void add(std::string_view task, TaskOptions declaration = {});
  Result<bool> try_add(std::string_view task, TaskOptions declaration = {});

  /// Declares a task unless it is there, and waits until this caller may run it: until its
  /// predecessors have ended as it requires, and nobody before wants it. Predecessors need not
  /// exist yet. After a throw nothing is run, but the task is declared.
  ///
  /// Throws Busy (not within the wait), Ended (the task has ended, or was skipped: nobody runs
  /// it any more; the message says how), Conflict and Limit as add(), Deadlock, Cancelled (the
  /// stop token), and Lost, when it was assigned over a connection that broke and was over before
  /// that was found out.
  Attempt join(std::string_view task, TaskOptions declaration = {}, RunOptions options = {});
  /// The same without throwing; waits only if RunOptions::wait is set.
  Result<Attempt> try_join(std::string_view task, TaskOptions declaration = {},
                           RunOptions options = {});

  /// As Client::lock_all_then(), for join().
  void join_then(std::string_view task, TaskOptions declaration, RunOptions options,
                 std::function<void(Result<Attempt>)> done);

  /// How a task ended; waits for that end, for as long as the options say. The task need not
  /// exist yet. A dead task has not ended. Throws Busy (it has not ended in that time),
  /// Cancelled, Deadlock, Stale (the flow is forgotten).
  TaskResult result(std::string_view task, WaitOptions options = {});
  /// The same without throwing; waits only if WaitOptions::wait is set.
  Result<TaskResult> try_result(std::string_view task, WaitOptions options = {});

  /// Ends a task that nobody shall run any more; who runs it is told. True if this call did it,
  /// false if it had ended. `reason` is for the history: at most 256 bytes.
  bool cancel(std::string_view task, std::string_view reason = {});
  Result<bool> try_cancel(std::string_view task, std::string_view reason = {});

  /// Cancels all tasks that have not ended, and returns how many they were.
  int cancel_all(std::string_view reason = {});
  Result<int> try_cancel_all(std::string_view reason = {});

  /// Lets a dead task run again, with all its attempts. False if it is not dead.
  bool redrive(std::string_view task, std::string_view reason = {});
  Result<bool> try_redrive(std::string_view task, std::string_view reason = {});

  /// Lets no further task in. The flow is forgotten when the last of its tasks has ended.
  /// False if it was closed, or is not known.
  bool close();
  Result<bool> try_close();

  /// What a task waits for, or how it ended, cause by cause, in sentences for people.
  std::vector<std::string> why(std::string_view task) const;
  Result<std::vector<std::string>> try_why(std::string_view task) const;

  /// The flow and all its tasks, as FLOW.INFO tells it.
  Reply info() const;
  Result<Reply> try_info() const;

 private:
  std::shared_ptr<client::Engine> engine_;
  std::string name_;
};

}  // namespace turnstile
