// Attempts: who runs a task, and what he reports of it.
//
// An attempt is a grant on the task's key. Who joined the task waits in the key's
// queue; who would take any task of some names waits in the queues of the names.
// All stand in one order.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Attempt;
using command::Code;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;

namespace {

/// How many attempts of a task are remembered.
constexpr std::size_t kHistoryMax = 16;

constexpr AttemptEnd end_of(EndCause cause) {
  switch (cause) {
    case EndCause::Disconnected:
    case EndCause::SessionClosed:
    case EndCause::SessionExpired: return AttemptEnd::SessionLost;
    case EndCause::Preempted: return AttemptEnd::Preempted;
    default: return AttemptEnd::TimedOut;
  }
}

}  // namespace

// --- starting

Task& Machine::task_of(const Claim& claim) const {
  const auto [flow, name] = split_task_key(claim.keys.front().key);
  Task* task = flows_.find(flow, name);
  CHECK(task != nullptr);
  return *task;
}

/// The waiter that is to run a ready task; 0: nobody wants it.
std::uint64_t Machine::candidate_for(const Task& task) const {
  const Waiter* first = nullptr;
  const auto joined = keys_of(Space::Task).find(task_key(task.flow->name, task.name));
  if (joined != keys_of(Space::Task).end() && joined->second.queue) {
    first = waiters_.at(joined->second.queue->all.begin()->second).get();
  }
  const auto pool = keys_of(Space::Pool).find(task.name);
  const bool is_waited_for = pool != keys_of(Space::Pool).end() && pool->second.queue;
  if (!is_waited_for) return first == nullptr ? 0 : first->id;
  for (const auto& [place, id] : pool->second.queue->all) {
    if (first != nullptr && first->place < place) break;
    if (task.flow->name.starts_with(waiters_.at(id)->details->value)) return id;
  }
  return first == nullptr ? 0 : first->id;
}

/// Whoever comes first may have been waiting for several of them, so each looks anew.
void Machine::start_ready_tasks() {
  std::vector<Task*> tasks;
  for (const std::uint64_t id : std::exchange(ready_, {})) {
    Task& task = flows_.at(id);
    if (task.state == TaskState::Ready) tasks.push_back(&task);
  }
  const auto before = [](const Task* a, const Task* b) {
    return *a->ready_place < *b->ready_place;
  };
  std::sort(tasks.begin(), tasks.end(), before);
  tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
  for (Task* task : tasks) {
    if (const std::uint64_t waiter = candidate_for(*task)) start_waiter(waiter, *task);
  }
}

Attempt Machine::start(Claim claim, Task& task, Time asked) {
  auto given = std::make_unique<Grant>();
  Grant& grant = *given;
  static_cast<Claim&>(grant) = std::move(claim);
  grant.space = Space::Task;
  grant.keys = {{task_key(task.flow->name, task.name), false}};
  grant.details.set(&Details::value, Text());
  grant.details.set(&Details::grace, {});
  grant.token = next_token();
  grant.lease_end = now_ + task.timeout;
  task.token = grant.token;
  task.is_token_void = false;
  ++task.attempts_used;
  if (task.history.size() == kHistoryMax) task.history.erase(task.history.begin());
  AttemptRecord& record = task.history.emplace_back();
  record.token = grant.token;
  record.number = task.attempts_used;
  record.user = grant.user;
  record.who = name_of(grant.session, grant.connection);
  record.started_wall = entry_->wall;
  move(task, TaskState::Running);
  if (grant.session != 0) renew(sessions_.at(grant.session));
  give(std::move(given), asked);
  return attempt_of(task, now_ - asked);
}

void Machine::start_waiter(std::uint64_t id, Task& task) {
  std::unique_ptr<Waiter> waiter = take_waiter(id);
  touch(*waiter);
  command::WaitEnded ended{id, waiter->connection, waiter->session, waiter->ticket.str(), {}};
  const std::uint64_t request = waiter->request;
  const Time asked = waiter->asked;
  ended.reply = start(std::move(static_cast<Claim&>(*waiter)), task, asked);
  if (ended.session != 0) decide_answer(sessions_.at(ended.session), request, task.token);
  events_.push_back(std::move(ended));
}

/// As it is now: what is left of its time.
Attempt Machine::attempt_of(const Task& task, Duration waited) const {
  Attempt attempt;
  attempt.flow = task.flow->name;
  attempt.task = task.name;
  attempt.number = task.attempts_used;
  attempt.token = task.token;
  attempt.lease = remaining_lease(grant_of(task));
  attempt.waited = waited;
  attempt.input = task.input;
  attempt.checkpoint = task.checkpoint;
  for (const Task* predecessor : task.predecessors) {
    const bool is_completed = predecessor->state == TaskState::Completed;
    attempt.outcomes.push_back({predecessor->name, std::string(state_name(predecessor->state)),
                                is_completed ? predecessor->result : predecessor->cause});
  }
  return attempt;
}

Reply Machine::on(const command::TaskJoin& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (auto refused = refuse_declaration(command)) return *refused;
  Claim claim = claim_of(Space::Task, {{task_key(command.flow, command.task), false}}, command);
  if (auto refused = refuse_acquire(claim, session)) return *refused;
  Task& task = declare(command, command.priority);
  if (is_ended(task.state)) return Refused{Code::Ended, describe_end(task)};
  Waiter waiter;
  static_cast<Claim&>(waiter) = std::move(claim);
  waiter.place = place_for(command.priority);
  const std::uint64_t other = task.state == TaskState::Ready ? candidate_for(task) : 0;
  const bool is_first = other == 0 || waiters_.at(other)->place > waiter.place;
  if (task.state == TaskState::Ready && is_first) {
    changed();
    return start(std::move(static_cast<Claim&>(waiter)), task, now_);
  }
  if (command.wait == Duration()) return Refused{Code::Busy, describe_task(task)};
  waiter.details.set(&Details::grace, command.preemption);
  return enqueue(std::move(waiter), command.wait);
}

/// Of the ready tasks of all its names the one that comes first.
Reply Machine::on(const command::TaskTake& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  command::KeyModes names;
  for (const std::string& name : command.tasks) names.push_back({name, true});
  Claim claim = claim_of(Space::Pool, std::move(names), command);
  claim.details.set(&Details::value, Text(command.flows));
  if (auto refused = refuse_acquire(claim, session)) return *refused;
  Task* first = nullptr;
  for (const std::string& name : command.tasks) {
    Task* ready = flows_.first_ready(name, command.flows);
    if (ready == nullptr) continue;
    if (first == nullptr || *ready->ready_place < *first->ready_place) first = ready;
  }
  if (first != nullptr) {
    changed();
    return start(std::move(claim), *first, now_);
  }
  if (command.wait == Duration()) {
    return Refused{Code::Busy, "no task of these names is ready"};
  }
  Waiter waiter;
  static_cast<Claim&>(waiter) = std::move(claim);
  waiter.place = place_for(command.priority);
  return enqueue(std::move(waiter), command.wait);
}

// --- the end of an attempt

const AttemptRecord* Machine::find_record(const Task& task, std::uint64_t token) {
  const auto it = std::find_if(task.history.begin(), task.history.end(),
                               [&](const AttemptRecord& r) { return r.token == token; });
  return it == task.history.end() ? nullptr : &*it;
}

void Machine::end_record(Task& task, AttemptEnd end) {
  auto* record = const_cast<AttemptRecord*>(find_record(task, task.token));
  CHECK(record != nullptr);
  record->end = end;
  record->ended_wall = entry_->wall;
}

/// The grant is gone without a report: its time is over, its session is lost, or it was cut off.
/// Does nothing if the task knows already.
void Machine::lose_attempt(const Grant& grant, EndCause cause) {
  Task& task = task_of(grant);
  if (task.state != TaskState::Running || PLANTED(LostWorkerForgotten)) return;
  CHECK_EQ(task.token, grant.token);
  const AttemptEnd end = end_of(cause);
  end_record(task, end);
  move(task, TaskState::Pending);
  if (end == AttemptEnd::Preempted) {
    --task.attempts_used;
    return make_ready(task);
  }
  if (task.attempts_used < task.attempts) return try_again(task);
  die(task, fmt::format("attempt {} of {} {}", task.attempts_used, task.attempts,
                        end == AttemptEnd::TimedOut ? "timed out" : "lost its session"));
}

// --- reports

/// Whether a report under the token counts: nobody took over, and nobody decided otherwise.
bool Machine::is_newest(const Task& task, std::uint64_t token) const {
  const bool is_open = task.state == TaskState::Running || task.state == TaskState::Delayed ||
                       task.state == TaskState::Ready || task.state == TaskState::Dead;
  return is_open && (token == task.token || PLANTED(LateCompletionCounts)) && !task.is_token_void;
}

std::optional<Refused> Machine::refuse_report(const Task* task, const std::string& flow,
                                              const std::string& name, std::uint64_t token) const {
  if (task == nullptr) {
    return Refused{Code::Stale, fmt::format("gone task {} of flow {} is not known, or not any "
                                            "more",
                                            quoted(name), quoted(flow))};
  }
  const AttemptRecord* record = find_record(*task, token);
  if (record == nullptr || record->user == entry_->origin.user) return std::nullopt;
  return Refused{Code::NotHolder, fmt::format("attempt {} of task {} is of {}", record->number,
                                              quoted(name), record->who)};
}

/// An executor that has reported is told so; the same report again is no error.
Refused Machine::refuse_other_report(const Task& task, const AttemptRecord& record) {
  return {record.end == AttemptEnd::Released ? Code::Stale : Code::Conflict,
          fmt::format("{} is what attempt {} of task {} has said before{}", end_name(record.end),
                      record.number, quoted(task.name),
                      record.end == AttemptEnd::Completed ? ", with another result" : "")};
}

/// For what only the running attempt may do.
std::optional<Refused> Machine::refuse_not_running(const Task& task, std::uint64_t token) const {
  if (task.state == TaskState::Running && task.token == token) return std::nullopt;
  const AttemptRecord* record = find_record(task, token);
  return Refused{Code::Stale, fmt::format("{}: token {} runs task {} no more",
                                          record == nullptr ? "unknown" : end_name(record->end),
                                          token, quoted(task.name))};
}

/// Somebody took over, or decided otherwise. That the report came is kept, once.
Refused Machine::refuse_late(Task& task, std::uint64_t token, const char* said) {
  auto* record = const_cast<AttemptRecord*>(find_record(task, token));
  if (record == nullptr) {
    return {Code::Stale, fmt::format("unknown token {} is no attempt of task {} of flow {}", token,
                                     quoted(task.name), quoted(task.flow->name))};
  }
  if (record->late.empty()) {
    changed();
    record->late = said;
  }
  if (token != task.token) {
    return {Code::Stale, fmt::format("overtaken: attempt {} of task {} came before the newest; the "
                                     "report is kept, and does not count",
                                     record->number, quoted(task.name))};
  }
  return {Code::Stale, fmt::format("{}: task {} is {}; the report of attempt {} is kept, and does "
                                   "not count",
                                   end_name(record->end), quoted(task.name), state_name(task.state),
                                   record->number)};
}

std::optional<Refused> Machine::refuse_result(const Task& task, std::size_t bytes) const {
  for (const Task* successor : task.successors) {
    std::size_t handed = bytes;
    for (const Task* predecessor : successor->predecessors) handed += predecessor->result.size();
    if (handed <= static_cast<std::size_t>(rules_.limits.results_bytes)) continue;
    return Refused{Code::Limit,
                   fmt::format("task {} would be handed {} bytes of results; the "
                               "limit (results_bytes) is {}",
                               quoted(successor->name), handed, rules_.limits.results_bytes)};
  }
  return std::nullopt;
}

Reply Machine::on(const command::TaskComplete& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Task* task = flows_.find(command.flow, command.task);
  if (auto refused = refuse_report(task, command.flow, command.task, command.token)) {
    return *refused;
  }
  const AttemptRecord* record = find_record(*task, command.token);
  if (record != nullptr && is_said(record->end)) {
    if (record->end == AttemptEnd::Completed && task->result == command.result) return Number{0};
    return refuse_other_report(*task, *record);
  }
  if (record == nullptr || !is_newest(*task, command.token)) {
    return refuse_late(*task, command.token, "completed");
  }
  if (auto refused = refuse_result(*task, command.result.size())) return *refused;
  changed();
  end_record(*task, AttemptEnd::Completed);
  if (!PLANTED(ResultLost)) task->result = command.result;
  task->cause.clear();
  end_task(*task, TaskState::Completed);
  return Number{1};
}

Reply Machine::on(const command::TaskFail& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Task* task = flows_.find(command.flow, command.task);
  if (auto refused = refuse_report(task, command.flow, command.task, command.token)) {
    return *refused;
  }
  const AttemptRecord* record = find_record(*task, command.token);
  const AttemptEnd end = command.retry ? AttemptEnd::Retried : AttemptEnd::Failed;
  if (record != nullptr && is_said(record->end)) {
    const bool same = record->end == end || (command.retry && record->end == AttemptEnd::Failed);
    if (same) return Number{0};
    return refuse_other_report(*task, *record);
  }
  if (record == nullptr || !is_newest(*task, command.token)) {
    return refuse_late(*task, command.token, "failed");
  }
  changed();
  const bool is_last = task->attempts_used >= task->attempts;
  end_record(*task, is_last ? AttemptEnd::Failed : end);
  task->cause = command.reason;
  if (!command.retry || is_last) {
    end_task(*task, TaskState::Failed);
    return Number{1};
  }
  end_running(*task);
  try_again(*task);
  return Number{1};
}

/// Takes the task from whoever runs it, or from where it waits for the next, to a state in between.
void Machine::end_running(Task& task) {
  const bool is_running = task.state == TaskState::Running;
  if (task.state == TaskState::Delayed) {
    deadlines_.remove({task.start_at, Deadline::Kind::TaskStart, task.id});
  }
  if (task.deadline_at == Time::never()) set_deadline(task, now_ + task.deadline);
  move(task, TaskState::Pending);
  if (is_running) end_grant(grant_of(task), EndCause::Released);
}

Reply Machine::on(const command::TaskRelease& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Task* task = flows_.find(command.flow, command.task);
  if (auto refused = refuse_report(task, command.flow, command.task, command.token)) {
    return *refused;
  }
  const AttemptRecord* record = find_record(*task, command.token);
  if (record != nullptr && record->end == AttemptEnd::Released) return Number{0};
  if (auto refused = refuse_not_running(*task, command.token)) return *refused;
  changed();
  end_record(*task, AttemptEnd::Released);
  --task->attempts_used;
  if (command.checkpoint) task->checkpoint = *command.checkpoint;
  end_running(*task);
  if (command.delay == Duration()) {
    make_ready(*task);
  } else {
    delay_until(*task, now_ + command.delay);
  }
  return Number{1};
}

Reply Machine::on(const command::TaskExtend& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Task* task = flows_.find(command.flow, command.task);
  if (auto refused = refuse_report(task, command.flow, command.task, command.token)) {
    return *refused;
  }
  if (auto refused = refuse_not_running(*task, command.token)) return *refused;
  changed();
  Grant& grant = grant_of(*task);
  deadlines_.remove({grant.lease_end, Deadline::Kind::Lease, grant.token});
  grant.lease_end = now_ + command.lease;
  deadlines_.add({grant.lease_end, Deadline::Kind::Lease, grant.token});
  if (session != nullptr) renew(*session);
  return command::Renewed{grant.token, remaining_lease(grant)};
}

}  // namespace state
