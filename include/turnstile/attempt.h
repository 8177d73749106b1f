// An Attempt is the right to run a task once: from the moment the server assigned it to
// the moment it has an outcome, or is lost.
//
//     turnstile::Attempt attempt = flow.join("capture", {.after = {"authorise"}});
//     const auto& authorised = attempt.result("authorise");
//     attempt.complete(capture(authorised.result, attempt.token()));
//
// The outcome of a task is recorded exactly once; its execution is at least once: after a
// time-out a task can run again while the first run still goes on. The token tells the
// database which run may write (see fenced_guard.h), and the server whose outcome counts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/error.h"
#include "turnstile/grant.h"
#include "turnstile/options.h"

namespace turnstile {

enum class TaskState {
  Placeholder,  ///< named as a predecessor, and not declared yet
  Pending,      ///< waits for its predecessors
  Ready,        ///< waits for somebody to run it
  Running,
  Delayed,    ///< waits for its next attempt
  Completed,  ///< ended, with a result
  Failed,     ///< ended: a known no, said by who ran it
  Skipped,    ///< ended: its condition can no longer be met
  Cancelled,  ///< ended: somebody cancelled it
  Dead,       ///< its outcome is unknown; not ended before somebody decides
  Unknown,    ///< a state that this library does not know
};

/// "completed", "failed" …: as on the wire.
std::string_view name(TaskState state) noexcept;

/// How a task ended.
struct TaskResult {
  std::string task;
  TaskState state = TaskState::Unknown;
  std::string result;  ///< what it completed with; else empty
  std::string reason;  ///< why it did not; else empty

  bool is_completed() const noexcept { return state == TaskState::Completed; }
};

/// Runs its task until it has an outcome, is destroyed or lost. Move-only.
///
/// Outcomes are complete(), fail(), fail_and_retry() and release(). The library sends each until
/// it is answered, over as many connections as it takes, and sends complete() and the fail()s
/// also if the attempt or the whole session was lost meanwhile: the server accepts them as long
/// as nobody took the task over. So call complete() with what was done even after lost()
/// fired; if somebody else runs the task by then it throws Stale, and that it came is recorded.
///
/// An Attempt that is destroyed without an outcome gives its task back, which costs none of its
/// attempts, and does so without waiting for the server; unless it is lost: then there is
/// nothing to give back, and the lost attempt counts.
///
/// Thread-safety: the const functions may be called from any threads at the same
/// time; all others need the Attempt to themselves, as usual.
/// Lifetime: may outlive its Client; it is lost then, and has no outcome any more.
class Attempt {
 public:
  /// Runs nothing: token() and number() are 0, all texts are empty, is_held() is false.
  Attempt() noexcept = default;
  Attempt(Attempt&& other) noexcept = default;
  /// Gives back what was run before, as the destructor does.
  Attempt& operator=(Attempt&& other) noexcept;
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt();

  // --- what is to be done; references live as long as the Attempt

  const std::string& flow() const noexcept;
  const std::string& task() const noexcept;

  /// Which attempt this is, of those that count: from 1 on.
  int number() const noexcept;

  /// The fencing token: strictly greater than that of every earlier attempt of this task, and
  /// below 2^53.
  std::uint64_t token() const noexcept;

  /// The bytes that the task was declared with.
  const std::string& input() const noexcept;

  /// What the attempt before left when it was given back; else empty.
  const std::string& checkpoint() const noexcept;

  /// How the predecessors ended, in the order of AFTER.
  const std::vector<TaskResult>& results() const noexcept;

  /// That of one predecessor. Throws Invalid if there is none of that name.
  const TaskResult& result(std::string_view task) const;

  /// What is left of the time-out when the task is assigned, by the server's word; see deadline().
  Milliseconds timeout() const noexcept;

  /// How long it was waited for, as the server counts.
  Milliseconds waited() const noexcept;

  // --- when to stop, as Grant has it

  /// Fires when the attempt is lost: 0.9 of its time-out has passed since the request was sent
  /// (or since the last extend() was), the session was lost, the task was cancelled or its
  /// deadline passed, a joiner of higher priority took it, or the Client was closed. An outcome
  /// does not fire it. The limits of Grant::lost() apply to its callbacks.
  std::stop_token lost() const noexcept;

  /// Fires when a joiner of higher priority asks for the task: finish, or give it back with a
  /// checkpoint, within the grace. As Grant::revoked().
  std::stop_token revoked() const noexcept;

  /// As Grant::on_lost() and Grant::on_revoked(): on Options::executor, never after an outcome.
  void on_lost(std::function<void(const Loss&)> callback);
  void on_revoked(std::function<void(const Revocation&)> callback);

  /// Until when the attempt is sure to stand, judged by this machine's clock.
  /// Clock::time_point::min() if it runs nothing.
  Clock::time_point deadline() const noexcept;

  /// True if it has no outcome, is not lost, and its deadline has not passed. Asks nobody.
  bool is_held() const noexcept;

  // --- the outcome

  /// Ends the task with its result (at most 64 KiB), which its successors are handed. True if
  /// this call did it, false if the same was said before.
  ///
  /// Throws Limit (the result is too large, or all that a successor would be handed is: the task
  /// is run by this Attempt as before, and can have another outcome), Stale (somebody took it
  /// over, or it was cancelled, its deadline passed, or its flow is forgotten; the message says
  /// which), Conflict (this attempt completed with another result before), Unavailable with
  /// maybe_applied(): no answer within the patience. The library goes on trying then, as long
  /// as the Client is open, and the destructor gives nothing back; to learn the outcome, call
  /// this again with the same result. Stale also if this runs nothing.
  bool complete(std::string result = {});
  Result<bool> try_complete(std::string result = {});

  /// Ends the task as failed: a known no, which its successors are told. `reason` is at most
  /// 4 KiB. Returns and throws as complete().
  bool fail(std::string reason);
  Result<bool> try_fail(std::string reason);

  /// This attempt failed; the task has another one after its back-off, and is failed if none
  /// is left. As fail(), but when the session was lost meanwhile it can throw Stale although
  /// the first copy was applied, since another attempt may have begun after it.
  bool fail_and_retry(std::string reason);
  Result<bool> try_fail_and_retry(std::string reason);

  /// Gives the task back, which costs none of its attempts: to be run again at once, or after
  /// `delay`. `checkpoint` (at most 64 KiB) is for who runs it next; unset: what the attempt
  /// before left stays. Returns false if it was given back before. Throws Stale or NoSession if
  /// it was lost, Limit (it is run as before), Unavailable as complete().
  bool release(Milliseconds delay = Milliseconds(0), std::optional<std::string> checkpoint = {});
  Result<bool> try_release(Milliseconds delay = Milliseconds(0),
                           std::optional<std::string> checkpoint = {});

  /// Lets the attempt end so long from now, instead of when it would have ended; at most 24 h.
  /// Returns what the server says is left. Throws Stale or NoSession if it was lost, Invalid,
  /// Limit, Unavailable.
  Milliseconds extend(Milliseconds timeout);
  Result<Milliseconds> try_extend(Milliseconds timeout);

 private:
  friend struct client::Access;
  Attempt(std::shared_ptr<client::Engine> engine, std::shared_ptr<client::Hold> hold) noexcept;
  void let_go() noexcept;
  Result<bool> end(std::vector<std::string> words);

  std::shared_ptr<client::Engine> engine_;
  std::shared_ptr<client::Hold> hold_;
};

}  // namespace turnstile
