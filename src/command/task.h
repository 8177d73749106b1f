// The commands on tasks and on the flows that they belong to.
//
// A task is named by its flow and its own name within it. What a declaration
// leaves out is not the same as what it says by default: a later declaration of
// the same task may leave out anything, but not say anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "command/terms.h"

namespace command {

/// When a task runs, all its predecessors having ended.
enum class When : std::uint8_t {
  Completed,  ///< if all of them completed
  Ended,      ///< however they ended
  Failed,     ///< if one of them failed, or was skipped because of a failure
  Last = Failed,
};

/// What becomes of the tasks behind one of unknown outcome.
enum class OnDead : std::uint8_t {
  Hold,  ///< they wait until somebody redrives or cancels it
  Skip,  ///< it counts as skipped
  Last = Skip,
};

/// How long to wait before another attempt: drawn from nothing up to `first`, doubled with each
/// attempt, at most `max`.
struct Backoff {
  Duration first;
  Duration max;

  bool operator==(const Backoff&) const = default;
};

/// What a DEADLINE that is left out means.
inline constexpr Duration kDeadlineUnlessSaid = Duration::from_ms(86'400'000);

/// A task as it is declared. What is empty was left out.
struct Declaration {
  std::string flow;
  std::string task;
  std::optional<std::vector<std::string>> after;  ///< no name twice; left out: the task before it
  std::optional<When> when;
  std::optional<OnDead> on_dead;
  std::optional<Duration> timeout;  ///< of one attempt
  std::optional<std::int64_t> attempts;
  std::optional<Backoff> backoff;
  std::optional<Duration> delay;     ///< not to start before, from its declaration
  std::optional<Duration> deadline;  ///< of all attempts, from its declaration
  std::optional<std::string> input;

  bool operator==(const Declaration&) const = default;
};

/// Declares a task that anybody may run.
struct TaskAdd : Declaration {
  static constexpr std::uint8_t kKind = 80;
  std::optional<std::uint8_t> priority;  ///< of the task, among those that a pool may take
};

/// Declares a task, unless it is there, and asks to run it. PRIORITY is the asker's.
struct TaskJoin : Declaration, Terms {
  static constexpr std::uint8_t kKind = 81;
  std::optional<Duration> preemption;  ///< PREEMPT: the grace of a runner of lower priority
};

/// Asks to run the next ready task of one of these names, in any flow.
struct TaskTake : Terms {
  static constexpr std::uint8_t kKind = 82;
  std::vector<std::string> tasks;  ///< no name twice
  std::string flows;               ///< the prefix of the flows' names
};

struct TaskComplete {
  static constexpr std::uint8_t kKind = 83;
  std::string flow;
  std::string task;
  std::uint64_t token = 0;
  std::string result;
};

struct TaskFail {
  static constexpr std::uint8_t kKind = 84;
  std::string flow;
  std::string task;
  std::uint64_t token = 0;
  std::string reason;
  bool retry = false;  ///< another attempt, if there is one left
};

/// Gives an attempt back as if it had not been made.
struct TaskRelease {
  static constexpr std::uint8_t kKind = 85;
  std::string flow;
  std::string task;
  std::uint64_t token = 0;
  Duration delay;                         ///< how long nobody shall have it
  std::optional<std::string> checkpoint;  ///< for the next attempt; left out: what was there stays
};

/// Gives an attempt so much time from now.
struct TaskExtend {
  static constexpr std::uint8_t kKind = 86;
  std::string flow;
  std::string task;
  std::uint64_t token = 0;
  Duration lease;
};

struct TaskResult {
  static constexpr std::uint8_t kKind = 87;
  std::string flow;
  std::string task;
  Duration wait;
  std::string agent;  ///< who waits, within the session; for the search for deadlocks
};

struct TaskCancel {
  static constexpr std::uint8_t kKind = 88;
  std::string flow;
  std::string task;
  std::string reason;
};

/// Lets a dead task run again.
struct TaskRedrive {
  static constexpr std::uint8_t kKind = 89;
  std::string flow;
  std::string task;
  std::string reason;  ///< kept in the journal
};

struct TaskWhy {
  static constexpr std::uint8_t kKind = 90;
  std::string flow;
  std::string task;
};

struct FlowInfo {
  static constexpr std::uint8_t kKind = 96;
  std::string flow;
};

struct FlowList {
  static constexpr std::uint8_t kKind = 97;
  std::string prefix;
  bool dead_only = false;  ///< STATE DEAD: those in which a dead task waits for somebody to decide
  std::int64_t count = 100;
  std::string after;  ///< names greater than this one
};

/// Cancels all tasks of the flow that have not ended.
struct FlowCancel {
  static constexpr std::uint8_t kKind = 98;
  std::string flow;
  std::string reason;
};

/// Lets no further task into the flow; it leaves memory when the last of its tasks ends.
struct FlowClose {
  static constexpr std::uint8_t kKind = 99;
  std::string flow;
};

template <class Archive>
void fields(Archive& archive, Backoff& b) {
  archive(b.first, b.max);
}
template <class Archive>
void fields(Archive& archive, Declaration& d) {
  archive(d.flow, d.task, d.after, d.when, d.on_dead, d.timeout, d.attempts, d.backoff, d.delay,
          d.deadline, d.input);
}
template <class Archive>
void fields(Archive& archive, TaskAdd& c) {
  archive(static_cast<Declaration&>(c), c.priority);
}
template <class Archive>
void fields(Archive& archive, TaskJoin& c) {
  archive(static_cast<Declaration&>(c), static_cast<Terms&>(c), c.preemption);
}
template <class Archive>
void fields(Archive& archive, TaskTake& c) {
  archive(c.tasks, c.flows, static_cast<Terms&>(c));
}
template <class Archive>
void fields(Archive& archive, TaskComplete& c) {
  archive(c.flow, c.task, c.token, c.result);
}
template <class Archive>
void fields(Archive& archive, TaskFail& c) {
  archive(c.flow, c.task, c.token, c.reason, c.retry);
}
template <class Archive>
void fields(Archive& archive, TaskRelease& c) {
  archive(c.flow, c.task, c.token, c.delay, c.checkpoint);
}
template <class Archive>
void fields(Archive& archive, TaskExtend& c) {
  archive(c.flow, c.task, c.token, c.lease);
}
template <class Archive>
void fields(Archive& archive, TaskResult& c) {
  archive(c.flow, c.task, c.wait, c.agent);
}
template <class Archive>
void fields(Archive& archive, TaskCancel& c) {
  archive(c.flow, c.task, c.reason);
}
template <class Archive>
void fields(Archive& archive, TaskRedrive& c) {
  archive(c.flow, c.task, c.reason);
}
template <class Archive>
void fields(Archive& archive, TaskWhy& c) {
  archive(c.flow, c.task);
}
template <class Archive>
void fields(Archive& archive, FlowInfo& c) {
  archive(c.flow);
}
template <class Archive>
void fields(Archive& archive, FlowList& c) {
  archive(c.prefix, c.dead_only, c.count, c.after);
}
template <class Archive>
void fields(Archive& archive, FlowCancel& c) {
  archive(c.flow, c.reason);
}
template <class Archive>
void fields(Archive& archive, FlowClose& c) {
  archive(c.flow);
}

}  // namespace command
