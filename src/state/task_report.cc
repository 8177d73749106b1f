// What is said about tasks and flows: results, states, and why a task waits.
//
// No token is shown: whoever knows the token of an attempt may report for it.
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::quoted;
using command::Refused;
using command::Reply;
using command::Value;

namespace {

Value unless_empty(std::string_view text) { return text.empty() ? Value() : Value(text); }

std::string because(const Task& task) {
  return task.cause.empty() ? std::string() : ": " + task.cause;
}

const char* when_name(command::When when) {
  switch (when) {
    case command::When::Completed: return "completed";
    case command::When::Ended: return "ended";
    case command::When::Failed: return "failed";
  }
  return "";
}

const char* flow_state(const Flow& flow) {
  if (flow.unended == 0) return "ended";
  return flow.dead > 0 ? "held" : "running";
}

}  // namespace

// --- in words

/// `task "capture" was skipped: "authorise" failed: declined`
std::string Machine::describe_end(const Task& task) const {
  return fmt::format("task {} of flow {} {}{}{}", quoted(task.name), quoted(task.flow->name),
                     task.state == TaskState::Failed ? "" : "was ", state_name(task.state),
                     because(task));
}

/// One sentence on what the task is doing, or what it waits for.
std::string Machine::describe_task(const Task& task) const {
  const std::string name = quoted(task.name);
  const std::int64_t age = (now_ - task.since).ms();
  switch (task.state) {
    case TaskState::Placeholder: return fmt::format("{} has not been declared", name);
    case TaskState::Pending: {
      const auto left = std::count_if(task.predecessors.begin(), task.predecessors.end(),
                                      [](const Task* p) { return !is_ended(p->state); });
      const auto first = std::find_if(task.predecessors.begin(), task.predecessors.end(),
                                      [](const Task* p) { return !is_ended(p->state); });
      if (first == task.predecessors.end()) return fmt::format("{} is pending", name);
      const std::string more = left > 1 ? fmt::format(" and {} more", left - 1) : "";
      return fmt::format("{} waits for {}{}, for {} ms", name, quoted((*first)->name), more, age);
    }
    case TaskState::Delayed: {
      const std::string last =
          task.history.empty()
              ? std::string()
              : fmt::format(", after attempt {} of {}: {}", task.history.back().number,
                            task.attempts, end_name(task.history.back().end));
      return fmt::format("{} starts in {} ms{}", name, (task.start_at - now_).ms(), last);
    }
    case TaskState::Ready:
      return fmt::format("{} has been ready for {} ms, and nobody has asked to run it", name, age);
    case TaskState::Running: {
      const Grant& grant = grant_of(task);
      const std::string note =
          grant.details->note.empty() ? "" : fmt::format(": {}", quoted(grant.details->note));
      return fmt::format("{} is run by {} for {} ms, attempt {} of {}{}", name,
                         name_of(grant.session, grant.connection), age, task.attempts_used,
                         task.attempts, note);
    }
    case TaskState::Dead:
      return fmt::format("{} is dead for {} ms{}; TASK.REDRIVE or TASK.CANCEL decides", name, age,
                         because(task));
    case TaskState::Completed:
    case TaskState::Failed:
    case TaskState::Skipped:
    case TaskState::Cancelled:
      return fmt::format("{} {}{}{}, {} ms ago", name,
                         task.state == TaskState::Failed ? "" : "was ", state_name(task.state),
                         because(task), age);
  }
  return {};
}

/// For who has joined a task, would take one, or waits for a result.
std::string Machine::describe_task_wait(const Claim& claim) const {
  if (claim.space == Space::Pool) return "no task of these names is ready";
  const auto [flow, name] = split_task_key(claim.keys.front().key);
  const Task* task = flows_.find(flow, name);
  if (task == nullptr) {
    return fmt::format("task {} of flow {} is not known", quoted(name), quoted(flow));
  }
  return describe_task(*task);
}

/// From the task to whatever holds it up, each task once.
Reply Machine::on(const command::TaskWhy& command) {
  constexpr std::size_t kLinesMax = 64;
  const Task* task = flows_.find(command.flow, command.task);
  Value::List lines;
  if (task == nullptr) {
    lines.emplace_back(fmt::format("task {} of flow {} is not known, or not any more",
                                   quoted(command.task), quoted(command.flow)));
    return Value(Value::Map{{"flow", command.flow},
                            {"task", command.task},
                            {"state", "unknown"},
                            {"why", std::move(lines)}});
  }
  absl::flat_hash_set<const Task*> met{task};
  std::vector<const Task*> open{task};
  while (!open.empty() && lines.size() < kLinesMax) {
    const Task* at = open.back();
    open.pop_back();
    lines.emplace_back(describe_task(*at));
    if (at->state != TaskState::Pending) continue;
    for (auto p = at->predecessors.rbegin(); p != at->predecessors.rend(); ++p) {
      if (!is_ended((*p)->state) && met.insert(*p).second) open.push_back(*p);
    }
  }
  if (!open.empty()) lines.emplace_back(fmt::format("and more: {} tasks left out", open.size()));
  return Value(Value::Map{{"flow", command.flow},
                          {"task", command.task},
                          {"state", std::string(state_name(task->state))},
                          {"why", std::move(lines)}});
}

// --- results

Value Machine::report_result(const Task& task) const {
  const bool is_completed = task.state == TaskState::Completed;
  return Value::Map{{"flow", task.flow->name},
                    {"task", task.name},
                    {"state", std::string(state_name(task.state))},
                    {"result", is_completed ? Value(task.result) : Value()},
                    {"reason", is_completed ? Value() : Value(task.cause)}};
}

Reply Machine::on(const command::TaskResult& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const Task* task = flows_.find(command.flow, command.task);
  if (task != nullptr && is_ended(task->state)) return report_result(*task);
  command::Terms terms;
  terms.agent = command.agent;
  Waiter waiter;
  static_cast<Claim&>(waiter) =
      claim_of(Space::Result, {{task_key(command.flow, command.task), true}}, terms);
  if (auto refused = refuse_acquire(waiter, session)) return *refused;
  if (command.wait == Duration()) return Refused{Code::Busy, describe_task_wait(waiter)};
  waiter.place = place_for(0);
  return enqueue(std::move(waiter), command.wait);
}

// --- flows

Value Machine::report_task(const Task& task) const {
  Value::List after;
  for (const Task* predecessor : task.predecessors) after.emplace_back(predecessor->name);
  Value::List history;
  for (const AttemptRecord& record : task.history) {
    const bool goes_on = record.end == AttemptEnd::None;
    history.emplace_back(
        Value::Map{{"attempt", record.number},
                   {"who", record.who},
                   {"started", record.started_wall.us() / 1000},
                   {"ended", goes_on ? Value() : Value(record.ended_wall.us() / 1000)},
                   {"how", std::string(end_name(record.end))},
                   {"late", unless_empty(record.late)}});
  }
  const Grant* grant = task.state == TaskState::Running ? &grant_of(task) : nullptr;
  const Session* session = sessions_.find(grant == nullptr ? 0 : grant->session);
  const bool is_delayed = task.state == TaskState::Delayed;
  const bool is_due = task.deadline_at != Time::never();
  return Value::Map{
      {"task", task.name},
      {"state", std::string(state_name(task.state))},
      {"after", std::move(after)},
      {"when", when_name(task.when)},
      {"ondead", task.on_dead == command::OnDead::Skip ? "skip" : "hold"},
      {"priority", int{task.priority}},
      {"attempt", task.attempts_used},
      {"attempts", task.attempts},
      {"timeout", task.timeout.ms()},
      {"since", task.since_wall.us() / 1000},
      {"age", (now_ - task.since).ms()},
      {"session", grant == nullptr || grant->session == 0 ? Value() : Value(grant->session)},
      {"name", session == nullptr ? Value() : unless_empty(session->name)},
      {"connection",
       grant == nullptr || grant->connection == 0 ? Value() : Value(grant->connection)},
      {"note", grant == nullptr ? Value() : unless_empty(grant->details->note)},
      {"lease", grant == nullptr ? Value() : Value(remaining_lease(*grant).ms())},
      {"starts_in", is_delayed ? Value((task.start_at - now_).ms()) : Value()},
      {"deadline_in", is_due ? Value((task.deadline_at - now_).ms()) : Value()},
      {"candidates", waiters_at(Space::Task, task_key(task.flow->name, task.name)).size()},
      {"result_bytes", task.result.size()},
      {"cause", unless_empty(task.cause)},
      {"history", std::move(history)},
  };
}

Value::Map Machine::report_flow(const Flow& flow) const {
  return {{"flow", flow.name},
          {"state", flow_state(flow)},
          {"closed", flow.is_closed},
          {"since", flow.since_wall.us() / 1000},
          {"bytes", flow.bytes}};
}

/// Its tasks in the order in which they were first named, as many as a list may have.
Reply Machine::on(const command::FlowInfo& command) {
  const Flow* flow = flows_.find(command.flow);
  if (flow == nullptr) {
    return Value(Value::Map{{"flow", command.flow},
                            {"state", "unknown"},
                            {"closed", false},
                            {"since", Value()},
                            {"bytes", 0},
                            {"count", 0},
                            {"tasks", Value::List{}}});
  }
  std::vector<const Task*> tasks;
  for (const auto& [name, task] : flow->tasks) tasks.push_back(task.get());
  std::sort(tasks.begin(), tasks.end(), [](const Task* a, const Task* b) { return a->id < b->id; });
  Value::List rows;
  const auto rows_max = static_cast<std::size_t>(rules_.limits.list_count);
  for (const Task* task : tasks) {
    if (rows.size() == rows_max) break;
    rows.push_back(report_task(*task));
  }
  Value::Map map = report_flow(*flow);
  map.emplace_back("count", tasks.size());
  map.emplace_back("tasks", std::move(rows));
  return Value(std::move(map));
}

Reply Machine::on(const command::FlowList& command) {
  Value::List rows;
  const auto& all = flows_.all();
  auto it = command.after < command.prefix ? all.lower_bound(command.prefix)
                                           : all.upper_bound(command.after);
  if (command.after.empty()) it = all.lower_bound(command.prefix);
  for (; it != all.end() && it->first.starts_with(command.prefix); ++it) {
    if (rows.size() == static_cast<std::size_t>(command.count)) break;
    const Flow& flow = *it->second;
    if (command.dead_only && flow.dead == 0) continue;
    Value::Map row = report_flow(flow);
    const auto tasks = static_cast<std::int64_t>(flow.tasks.size());
    row.emplace_back("tasks", tasks);
    row.emplace_back("ended", tasks - flow.unended);
    row.emplace_back("running", flow.running);
    row.emplace_back("ready", flow.ready);
    row.emplace_back("dead", flow.dead);
    rows.emplace_back(std::move(row));
  }
  return Value(std::move(rows));
}

}  // namespace state
