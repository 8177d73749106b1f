// Flows: declaring their tasks, closing them, and how long they are known.
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "command/quote.h"
#include "state/machine.h"

namespace state {

using command::Code;
using command::Declaration;
using command::Number;
using command::quoted;
using command::Refused;
using command::Reply;

namespace {

// What a declaration that leaves them out means.
constexpr Duration kTimeout = Duration::from_ms(60'000);
constexpr std::int64_t kAttempts = 5;
constexpr command::Backoff kBackoff{Duration::from_ms(100), Duration::from_ms(30'000)};

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> names_of(const std::vector<Task*>& tasks) {
  std::vector<std::string> names;
  names.reserve(tasks.size());
  for (const Task* task : tasks) names.push_back(task->name);
  return names;
}

std::string cycle_text(const std::vector<const Task*>& way) {
  std::string text = quoted(way.front()->name);
  for (auto task = way.rbegin(); task != way.rend(); ++task) {
    text += fmt::format(" after {}", quoted((*task)->name));
  }
  return text;
}

}  // namespace

// --- declaring

std::optional<Refused> Machine::refuse_declaration(const Declaration& asked) const {
  const Flow* flow = flows_.find(asked.flow);
  const Task* task = flow == nullptr ? nullptr : flows_.find(asked.flow, asked.task);
  if (task != nullptr && task->is_declared) return refuse_other_words(asked, *task);
  if (task != nullptr && is_ended(task->state)) return Refused{Code::Ended, describe_end(*task)};
  if (flow != nullptr && flow->is_closed) {
    return Refused{Code::Conflict,
                   fmt::format("flow {} is closed: no further task enters it", quoted(flow->name))};
  }
  if (auto refused = refuse_room(asked, flow, task)) return refused;
  if (task == nullptr || !asked.after) return std::nullopt;
  const auto way = Flows::way_to(*task, *asked.after);
  if (way.empty()) return std::nullopt;
  return Refused{Code::Conflict,
                 fmt::format("the task would come after itself: {}", cycle_text(way))};
}

/// What was left out is compared as what it came to mean.
std::optional<Refused> Machine::refuse_other_words(const Declaration& asked,
                                                   const Task& task) const {
  const char* other = nullptr;
  if (asked.after && sorted(*asked.after) != sorted(names_of(task.predecessors))) other = "AFTER";
  if (asked.when && *asked.when != task.when) other = "WHEN";
  if (asked.on_dead && *asked.on_dead != task.on_dead) other = "ONDEAD";
  if (asked.timeout && *asked.timeout != task.timeout) other = "TIMEOUT";
  if (asked.attempts && *asked.attempts != task.attempts) other = "ATTEMPTS";
  if (asked.backoff && *asked.backoff != task.backoff) other = "BACKOFF";
  if (asked.delay && *asked.delay != task.delay) other = "DELAY";
  if (asked.deadline && *asked.deadline != task.deadline) other = "DEADLINE";
  if (asked.input && *asked.input != task.input) other = "INPUT";
  if (other == nullptr) return std::nullopt;
  return Refused{Code::Conflict, fmt::format("task {} of flow {} was declared with another {}",
                                             quoted(task.name), quoted(task.flow->name), other)};
}

/// Every limit that the declaration could exceed.
std::optional<Refused> Machine::refuse_room(const Declaration& asked, const Flow* flow,
                                            const Task* task) const {
  const auto& limits = rules_.limits;
  if (flow == nullptr && flows_.all().size() >= static_cast<std::size_t>(limits.flows)) {
    return Refused{Code::Limit, fmt::format("{} flows are known, which is the limit (flows)",
                                            flows_.all().size())};
  }
  const auto bytes = static_cast<std::int64_t>(asked.input ? asked.input->size() : 0);
  if (flows_.bytes() + bytes >= limits.flow_bytes) {
    return Refused{Code::Limit,
                   fmt::format("all flows together have {} bytes, and the limit (flow_bytes) is "
                               "{}; flows that end and are closed make room",
                               flows_.bytes(), limits.flow_bytes)};
  }
  std::size_t added = task == nullptr ? 1 : 0;
  std::size_t handed = 0;
  std::vector<std::string> named = asked.after.value_or(std::vector<std::string>());
  const bool is_chained = !asked.after && task == nullptr && flow != nullptr;
  if (is_chained && flow->last_declared != nullptr) named.push_back(flow->last_declared->name);
  for (const std::string& name : named) {
    const Task* predecessor = flow == nullptr ? nullptr : flows_.find(asked.flow, name);
    if (predecessor == nullptr) {
      ++added;
      continue;
    }
    handed += predecessor->result.size();
    if (predecessor->successors.size() >= static_cast<std::size_t>(limits.successors)) {
      return Refused{Code::Limit, fmt::format("{} tasks come after {}, which is the limit "
                                              "(successors)",
                                              predecessor->successors.size(), quoted(name))};
    }
  }
  const std::size_t tasks = (flow == nullptr ? 0 : flow->tasks.size()) + added;
  if (tasks > static_cast<std::size_t>(limits.tasks_per_flow)) {
    return Refused{Code::Limit, fmt::format("the flow would have {} tasks; the limit "
                                            "(tasks_per_flow) is {}",
                                            tasks, limits.tasks_per_flow)};
  }
  if (handed > static_cast<std::size_t>(limits.results_bytes)) {
    return Refused{Code::Limit, fmt::format("the results of its predecessors have {} bytes; the "
                                            "limit (results_bytes) is {}",
                                            handed, limits.results_bytes)};
  }
  return std::nullopt;
}

/// The tasks it comes after; those that nobody has named yet become placeholders.
std::vector<Task*> Machine::name_predecessors(const Declaration& asked, Flow& flow,
                                              bool was_named) {
  std::vector<Task*> predecessors;
  if (!asked.after) {
    if (!was_named && flow.last_declared != nullptr) predecessors.push_back(flow.last_declared);
    return predecessors;
  }
  for (const std::string& name : *asked.after) {
    Task* task = flows_.find(flow.name, name);
    if (task == nullptr) {
      task = &flows_.add_task(flow, name);
      task->since = now_;
      task->since_wall = entry_->wall;
    }
    predecessors.push_back(task);
  }
  return predecessors;
}

/// Requires that refuse_declaration() has no objection.
Task& Machine::declare(const Declaration& asked, std::uint8_t priority) {
  Task* known = flows_.find(asked.flow, asked.task);
  if (known != nullptr && known->is_declared) return *known;
  changed();
  Flow* flow = flows_.find(asked.flow);
  if (flow == nullptr) {
    flow = &flows_.add_flow(asked.flow);
    flow->since_wall = entry_->wall;
  }
  touched_flows_.push_back(flow->id);
  const bool was_named = known != nullptr;
  std::vector<Task*> predecessors = name_predecessors(asked, *flow, was_named);
  Task& task = was_named ? *known : flows_.add_task(*flow, asked.task);
  task.is_declared = true;
  task.when = asked.when.value_or(command::When::Completed);
  task.on_dead = asked.on_dead.value_or(command::OnDead::Hold);
  task.timeout = asked.timeout.value_or(kTimeout);
  task.attempts = asked.attempts.value_or(kAttempts);
  task.backoff = asked.backoff.value_or(kBackoff);
  task.delay = asked.delay.value_or(Duration());
  task.deadline = asked.deadline.value_or(command::kDeadlineUnlessSaid);
  task.priority = priority;
  task.input = asked.input.value_or(std::string());
  task.declared = now_;
  Flows::link(task, std::move(predecessors));
  flow->last_declared = &task;
  move(task, TaskState::Pending);
  set_deadline(task, now_ + task.deadline);
  const bool is_awaited =
      was_named || keys_of(Space::Result).contains(task_key(flow->name, task.name));
  if (is_awaited) suspect_runners_before(task);
  if (!PLANTED(LateDependentForgotten) || task.predecessors.empty()) undecided_.push_back(task.id);
  decide_tasks();
  return task;
}

/// Who waits for what comes after the task waits from now on for those who run what it comes after.
void Machine::suspect_runners_before(const Task& task) {
  absl::flat_hash_set<const Task*> met{&task};
  std::vector<const Task*> open{&task};
  while (!open.empty()) {
    const Task* at = open.back();
    open.pop_back();
    if (at->state == TaskState::Running) suspect(grant_of(*at));
    if (at->state != TaskState::Pending) continue;
    for (const Task* predecessor : at->predecessors) {
      if (met.insert(predecessor).second) open.push_back(predecessor);
    }
  }
}

Reply Machine::on(const command::TaskAdd& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  if (auto refused = refuse_declaration(command)) return *refused;
  const Task* known = flows_.find(command.flow, command.task);
  const bool is_declared = known != nullptr && known->is_declared;
  if (is_declared && command.priority && *command.priority != known->priority) {
    return Refused{Code::Conflict, fmt::format("task {} of flow {} was declared with another "
                                               "PRIORITY",
                                               quoted(known->name), quoted(command.flow))};
  }
  declare(command, command.priority.value_or(0));
  return command::Done{};
}

// --- the end of a flow

/// Placeholders that nobody has declared will not be declared any more.
Reply Machine::on(const command::FlowClose& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  Flow* flow = flows_.find(command.flow);
  if (flow == nullptr || flow->is_closed) return Number{0};
  changed();
  flow->is_closed = true;
  touched_flows_.push_back(flow->id);
  for (const auto& [name, task] : flow->tasks) {
    if (task->state != TaskState::Placeholder) continue;
    skip(*task, "the flow was closed before it was declared", false);
  }
  return Number{1};
}

Reply Machine::on(const command::FlowCancel& command) {
  Session* session = nullptr;
  if (auto refused = require_session(session)) return *refused;
  const Flow* flow = flows_.find(command.flow);
  if (flow == nullptr) return Number{0};
  std::int64_t cancelled = 0;
  for (const auto& [name, task] : flow->tasks) {
    if (is_ended(task->state)) continue;
    changed();
    cancel(*task, command.reason);
    ++cancelled;
  }
  return Number{cancelled};
}

void Machine::set_forget(Flow& flow, Time time) {
  deadlines_.remove({flow.forget, Deadline::Kind::Flow, flow.id});
  flow.forget = time;
  deadlines_.add({flow.forget, Deadline::Kind::Flow, flow.id});
}

/// A flow of which all tasks have ended goes at once if it is closed, else when its time has
/// passed.
void Machine::review_flows() {
  for (const std::uint64_t id : std::exchange(touched_flows_, {})) {
    if (!flows_.has_flow(id)) continue;
    Flow& flow = flows_.flow_at(id);
    if (flow.unended > 0) {
      set_forget(flow, Time::never());
    } else if (flow.is_closed) {
      set_forget(flow, Time::never());
      flows_.remove(flow);
    } else if (flow.forget == Time::never()) {
      set_forget(flow, now_ + Duration::from_ms(rules_.limits.flow_retention_ms));
    }
  }
}

}  // namespace state
