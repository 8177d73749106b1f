// Tasks: from one state to the next.
//
// What the end of a task means for its successors is decided in the same entry,
// from a list rather than by recursion: a chain of ten thousand tasks is skipped
// without ten thousand stack frames.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;
using command::When;

void Machine::move(Task& task, TaskState state) {
  flows_.set_state(task, state);
  task.since = now_;
  task.since_wall = entry_->wall;
  flows_.recount(task);
  if (watcher_ != nullptr) watcher_->on_task(task);
}

void Machine::set_deadline(Task& task, Time time) {
  deadlines_.remove({task.deadline_at, Deadline::Kind::TaskDeadline, task.id});
  task.deadline_at = time;
  deadlines_.add({task.deadline_at, Deadline::Kind::TaskDeadline, task.id});
}

// --- before it runs

void Machine::decide_tasks() {
  while (!undecided_.empty()) {
    const std::vector<std::uint64_t> ids = std::exchange(undecided_, {});
    for (const std::uint64_t id : ids) decide(flows_.at(id));
  }
}

namespace {

/// Why a predecessor is not what was wished for. Those skipped for its sake pass its cause on.
std::string cause_of(const Task& predecessor) {
  if (predecessor.state == TaskState::Skipped) return predecessor.cause;
  return fmt::format(
      "{} {}{}{}", quoted(predecessor.name), predecessor.state == TaskState::Failed ? "" : "was ",
      state_name(predecessor.state), predecessor.cause.empty() ? "" : ": " + predecessor.cause);
}

}  // namespace

/// Skips the task as soon as its condition cannot be met, and lets it run as soon as it is.
void Machine::decide(Task& task) {
  if (task.state != TaskState::Pending) return;
  const auto& predecessors = task.predecessors;
  if (task.when == When::Completed) {
    const auto missing = std::find_if(predecessors.begin(), predecessors.end(), [](const Task* p) {
      return is_ended(p->state) && p->state != TaskState::Completed;
    });
    if (missing != predecessors.end()) {
      return skip(task, cause_of(**missing), (*missing)->is_failure);
    }
  }
  const auto has_ended = [](const Task* p) { return is_ended(p->state); };
  const bool is_early = PLANTED(JoinTooEarly) && std::ranges::any_of(predecessors, has_ended);
  if (!is_early && !std::ranges::all_of(predecessors, has_ended)) return;
  const bool any_failed = std::any_of(predecessors.begin(), predecessors.end(),
                                      [](const Task* p) { return p->is_failure; });
  if (task.when == When::Failed && !any_failed) {
    return skip(task, "none of its predecessors failed", false);
  }
  const Time earliest = task.declared + task.delay;
  if (earliest > now_) return delay_until(task, earliest);
  make_ready(task);
}

void Machine::make_ready(Task& task) {
  if (!task.ready_place || PLANTED(RequeuedAtTheEnd)) {
    task.ready_place = Place{now_ - rules_.ageing_step * task.priority, task.id};
  }
  move(task, TaskState::Ready);
  ready_.push_back(task.id);
}

void Machine::delay_until(Task& task, Time time) {
  move(task, TaskState::Delayed);
  task.start_at = time;
  deadlines_.add({time, Deadline::Kind::TaskStart, task.id});
}

void Machine::start_delayed(std::uint64_t id) {
  Task& task = flows_.at(id);
  CHECK(task.state == TaskState::Delayed);
  make_ready(task);
}

// --- the end

/// The task is over: who runs it, has joined it or waits for its result is told, and its
/// successors are decided. Cause, result and record are set before.
void Machine::end_task(Task& task, TaskState state) {
  CHECK(is_ended(state));
  const bool is_running = task.state == TaskState::Running;
  if (task.state == TaskState::Delayed) {
    deadlines_.remove({task.start_at, Deadline::Kind::TaskStart, task.id});
  }
  task.is_failure = task.is_failure || state == TaskState::Failed;
  set_deadline(task, Time::never());
  move(task, state);
  if (is_running) end_grant(grant_of(task), EndCause::Released);
  const std::string key = task_key(task.flow->name, task.name);
  for (const std::uint64_t id : waiters_at(Space::Task, key)) {
    refuse_waiter(id, Code::Ended, describe_end(task));
  }
  for (const std::uint64_t id : waiters_at(Space::Result, key)) {
    answer_waiter(id, report_result(task));
  }
  const bool is_passed_on = !PLANTED(SkipStops) || state != TaskState::Skipped;
  for (const Task* successor : task.successors) {
    if (is_passed_on) undecided_.push_back(successor->id);
  }
  touched_flows_.push_back(task.flow->id);
}

void Machine::skip(Task& task, std::string cause, bool is_failure) {
  task.cause = std::move(cause);
  task.is_failure = is_failure;
  task.is_token_void = true;
  end_task(task, TaskState::Skipped);
}

/// Of unknown outcome: those behind it wait until somebody decides, unless ONDEAD says otherwise.
void Machine::die(Task& task, std::string cause) {
  if (task.on_dead == command::OnDead::Skip) return skip(task, "it died: " + cause, false);
  task.cause = std::move(cause);
  const bool is_running = task.state == TaskState::Running;
  if (task.state == TaskState::Delayed) {
    deadlines_.remove({task.start_at, Deadline::Kind::TaskStart, task.id});
  }
  set_deadline(task, Time::never());
  move(task, TaskState::Dead);
  if (is_running) end_grant(grant_of(task), EndCause::Released);
}

namespace {

/// Drawn from nothing up to `most`, the same in every replay.
Duration draw(const Task& task, Duration most) {
  if (most <= Duration()) return {};
  const std::uint64_t drawn =
      base::mix(base::mix(task.id, task.token), static_cast<std::uint64_t>(task.attempts_used));
  return Duration::from_us(
      static_cast<std::int64_t>(drawn % static_cast<std::uint64_t>(most.us() + 1)));
}

Duration longest_backoff(const Task& task) {
  Duration longest = task.backoff.first;
  for (std::int64_t i = 1; i < task.attempts_used && longest < task.backoff.max; ++i) {
    longest = longest * 2;
  }
  return std::min(longest, task.backoff.max);
}

}  // namespace

/// The back-off before the next attempt. Requires that one is left.
void Machine::try_again(Task& task) {
  const Duration pause = draw(task, longest_backoff(task));
  if (pause == Duration()) return make_ready(task);
  delay_until(task, now_ + pause);
}

void Machine::miss_deadline(std::uint64_t id) {
  Task& task = flows_.at(id);
  std::string cause = "its predecessors had not ended by its deadline";
  if (task.state == TaskState::Running) {
    cause = fmt::format("its deadline passed during attempt {}", task.attempts_used);
    notify(grant_of(task), "lost", {{"cause", "deadline"}});
    end_record(task, AttemptEnd::Deadline);
  } else if (task.history.empty() && task.state != TaskState::Pending) {
    cause = "no executor by its deadline";
  } else if (task.attempts_used == 0 && task.state != TaskState::Pending) {
    cause = "nobody ran it again by its deadline";
  } else if (task.state != TaskState::Pending) {
    cause = fmt::format("its deadline passed after {} attempts", task.attempts_used);
  }
  task.is_token_void = true;
  die(task, std::move(cause));
}

void Machine::cancel(Task& task, const std::string& reason) {
  if (task.state == TaskState::Running) {
    notify(grant_of(task), "lost", {{"cause", "cancelled"}, {"reason", reason}});
    end_record(task, AttemptEnd::Cancelled);
  }
  task.cause = reason;
  task.is_token_void = true;
  end_task(task, TaskState::Cancelled);
}

Reply Machine::on(const command::TaskCancel& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Task* task = flows_.find(command.flow, command.task);
  if (task == nullptr || is_ended(task->state)) return Number{0};
  changed();
  cancel(*task, command.reason);
  return Number{1};
}

/// With all its attempts and its whole time. Its predecessors may not have ended yet.
Reply Machine::on(const command::TaskRedrive& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Task* task = flows_.find(command.flow, command.task);
  if (task == nullptr || task->state != TaskState::Dead) return Number{0};
  changed();
  task->attempts_used = 0;
  task->cause.clear();
  move(*task, TaskState::Pending);
  set_deadline(*task, now_ + task->deadline);
  suspect_runners_before(*task);
  undecided_.push_back(task->id);
  decide_tasks();
  return Number{1};
}

}  // namespace state
