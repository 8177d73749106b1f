// Flows and their tasks: what they are, how they hang together, and which are ready.
//
// A container with no will of its own: machine.h says who may change what, and
// when. It keeps what follows from the tasks' states in step with them: how many
// of a flow have ended, which are ready in which pool, how many bytes there are.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command/task.h"
#include "state/model.h"

namespace state {

enum class TaskState : std::uint8_t {
  Placeholder,  ///< named as a predecessor, and not declared
  Pending,      ///< its predecessors have not ended
  Delayed,      ///< it starts at a set time
  Ready,        ///< for whoever runs it
  Running,
  Completed,
  Failed,   ///< a known no
  Dead,     ///< of unknown outcome: somebody is to decide
  Skipped,  ///< its condition cannot be met
  Cancelled,
  Last = Cancelled,
};

constexpr bool is_ended(TaskState state) {
  return state == TaskState::Completed || state == TaskState::Failed ||
         state == TaskState::Skipped || state == TaskState::Cancelled;
}

/// "pending", "running" and so on.
std::string_view state_name(TaskState state);

/// How an attempt ended.
enum class AttemptEnd : std::uint8_t {
  None,  ///< it goes on
  Completed,
  Failed,
  Retried,      ///< TASK.FAIL ... RETRY
  Released,     ///< TASK.RELEASE
  TimedOut,     ///< its TIMEOUT
  SessionLost,  ///< its session expired or was closed
  Preempted,
  Cancelled,
  Deadline,  ///< of the task
  Last = Deadline,
};

/// "timed out", "completed" and so on; as in STALE.
std::string_view end_name(AttemptEnd end);

/// Whether the executor said himself how it went, so that he cannot say otherwise later.
constexpr bool is_said(AttemptEnd end) {
  return end == AttemptEnd::Completed || end == AttemptEnd::Failed || end == AttemptEnd::Retried ||
         end == AttemptEnd::Released;
}

/// One attempt, for people and for late reports.
struct AttemptRecord {
  std::uint64_t token = 0;
  std::int64_t number = 0;
  std::string user;  ///< whose reports count
  std::string who;
  Time started_wall;
  Time ended_wall;
  AttemptEnd end = AttemptEnd::None;
  std::string late;  ///< the report that came too late: "completed" or "failed"; empty: none
};

struct Flow;

struct Task {
  std::uint64_t id = 0;  ///< in the order in which tasks were first named
  std::string name;
  TaskState state = TaskState::Placeholder;
  bool is_declared = false;

  // As declared, with what the defaults came to.
  command::When when = command::When::Completed;
  command::OnDead on_dead = command::OnDead::Hold;
  Duration timeout;
  std::int64_t attempts = 1;
  command::Backoff backoff;
  Duration delay;
  Duration deadline;
  std::uint8_t priority = 0;
  std::string input;

  Time since;  ///< of the present state
  Time since_wall;
  Time declared;
  Time start_at;                       ///< of a delayed task
  Time deadline_at = Time::never();    ///< while it can pass
  std::optional<Place> ready_place;    ///< among the ready: from when it first was
  std::int64_t attempts_used = 0;      ///< of those that count
  std::uint64_t token = 0;             ///< of the newest attempt; 0: there was none
  bool is_token_void = false;          ///< CANCEL, DEADLINE or SKIP: no late report counts
  std::vector<AttemptRecord> history;  ///< the newest attempts
  std::string result;                  ///< of a completed task
  std::string cause;                   ///< why it failed, died, was skipped or cancelled
  bool is_failure = false;             ///< it failed, or was skipped because of a failure
  std::string checkpoint;

  // What follows is rebuilt.
  Flow* flow = nullptr;
  std::vector<Task*> predecessors;  ///< in the order of AFTER; stored by their names
  std::vector<Task*> successors;    ///< by rising id
  std::int64_t bytes = 0;
};

struct Flow {
  std::uint64_t id = 0;
  std::string name;
  bool is_closed = false;
  Time since_wall;
  Time forget = Time::never();  ///< while all its tasks have ended

  // What follows is rebuilt.
  absl::btree_map<std::string, std::unique_ptr<Task>, std::less<>> tasks;
  Task* last_declared = nullptr;  ///< stored by its id
  std::int64_t bytes = 0;
  std::int64_t unended = 0;  ///< tasks that have not ended
  std::int64_t running = 0;
  std::int64_t ready = 0;
  std::int64_t dead = 0;
};

/// What a key in the spaces of tasks and results is called.
std::string task_key(std::string_view flow, std::string_view task);
/// The flow and the task of such a key. Requires that task_key() made it.
std::pair<std::string_view, std::string_view> split_task_key(std::string_view key);

class Flows {
 public:
  using All = absl::btree_map<std::string, std::unique_ptr<Flow>, std::less<>>;
  using Ready = absl::btree_map<Place, Task*>;

  const All& all() const { return flows_; }
  std::int64_t bytes() const { return bytes_; }
  std::size_t task_count() const { return tasks_.size(); }
  std::int64_t running_count() const { return running_; }
  std::int64_t ready_count() const { return ready_; }
  std::int64_t dead_count() const { return dead_; }

  /// Null if there is none. Valid until the flow is removed.
  Flow* find(std::string_view flow) const;
  Task* find(std::string_view flow, std::string_view task) const;
  /// Requires that the task exists.
  Task& at(std::uint64_t task_id) const { return *tasks_.at(task_id); }
  Flow& flow_at(std::uint64_t flow_id) const { return *flows_by_id_.at(flow_id); }
  bool has_flow(std::uint64_t flow_id) const { return flows_by_id_.contains(flow_id); }
  /// The ready tasks of that name, in their order; null if there are none.
  const Ready* ready(std::string_view task) const;
  /// The ready task of that name that comes first in a flow whose name begins so; null: none.
  Task* first_ready(std::string_view task, std::string_view flows_prefix) const;

  Flow& add_flow(std::string_view name);
  /// Adds a placeholder.
  Task& add_task(Flow& flow, std::string_view name);
  /// Makes the task come after these. Requires that it comes after none yet.
  static void link(Task& task, std::vector<Task*> predecessors);
  /// The way from `task` along its successors to the first that is among `names`; empty: none.
  static std::vector<const Task*> way_to(const Task& task, const std::vector<std::string>& names);
  /// A task becomes ready only with a place.
  void set_state(Task& task, TaskState state);
  /// Call when anything of the task has grown or shrunk.
  void recount(Task& task);
  void remove(Flow& flow);

  // --- snapshots
  std::uint64_t last_id() const { return last_id_; }
  /// For a flow and tasks read from a snapshot: files them and counts them. False if a name or an
  /// id is taken or out of range.
  bool restore(std::unique_ptr<Flow> flow, std::vector<std::unique_ptr<Task>> tasks);
  void set_last_id(std::uint64_t id) { last_id_ = id; }

 private:
  void count(Task& task, std::int64_t sign);

  All flows_;
  absl::flat_hash_map<std::uint64_t, Task*> tasks_;        // looked up, never iterated
  absl::flat_hash_map<std::uint64_t, Flow*> flows_by_id_;  // looked up, never iterated
  absl::flat_hash_map<std::string, Ready> ready_by_name_;  // looked up, never iterated
  std::uint64_t last_id_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t running_ = 0;
  std::int64_t ready_ = 0;
  std::int64_t dead_ = 0;
};

template <class Archive>
void fields(Archive& archive, AttemptRecord& r) {
  archive(r.token, r.number, r.user, r.who, r.started_wall, r.ended_wall, r.end, r.late);
}
template <class Archive>
void fields(Archive& archive, Task& t) {
  archive(t.id, t.name, t.state, t.is_declared, t.when, t.on_dead, t.timeout, t.attempts, t.backoff,
          t.delay, t.deadline, t.priority, t.input, t.since, t.since_wall, t.declared, t.start_at,
          t.deadline_at, t.ready_place, t.attempts_used, t.token, t.is_token_void, t.history,
          t.result, t.cause, t.is_failure, t.checkpoint);
}
template <class Archive>
void fields(Archive& archive, Flow& f) {
  archive(f.id, f.name, f.is_closed, f.since_wall, f.forget);
}

}  // namespace state
