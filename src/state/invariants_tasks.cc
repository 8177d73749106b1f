// What must be true of tasks and signals after every entry; the rest is in invariants.cc.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "state/machine.h"

namespace state {

namespace {
using Broken = std::optional<std::string>;
}

Broken Machine::broken_flow() const {
  std::int64_t bytes = 0;
  for (const auto& [flow_name, flow] : flows_.all()) {
    std::int64_t unended = 0;
    std::int64_t dead = 0;
    std::int64_t flow_bytes = 0;
    for (const auto& [name, task] : flow->tasks) {
      if (task->name != name || task->flow != flow.get())
        return fmt::format("{} is misfiled", name);
      if (auto broken = broken_task(*task)) return broken;
      unended += !is_ended(task->state);
      dead += task->state == TaskState::Dead;
      flow_bytes += task->bytes;
    }
    const bool counts = unended == flow->unended && dead == flow->dead && flow_bytes == flow->bytes;
    if (flow->name != flow_name || !counts) return fmt::format("flow {} is miscounted", flow_name);
    if (flow->tasks.empty()) return fmt::format("flow {} is kept for nothing", flow_name);
    if ((flow->forget == Time::never()) != (unended > 0)) {
      return fmt::format("flow {} is forgotten too early or never", flow_name);
    }
    if (flow->is_closed && unended == 0) return fmt::format("closed flow {} lives on", flow_name);
    bytes += flow_bytes;
  }
  return bytes == flows_.bytes() ? std::nullopt : Broken("the bytes of flows are miscounted");
}

/// F1 and F3: a task waits exactly while its condition is undecided. F5: none waits without an end.
Broken Machine::broken_task(const Task& task) const {
  if (task.is_declared == (task.state == TaskState::Placeholder)) {
    const bool may_be = !task.is_declared && is_ended(task.state);  // cancelled, or its flow closed
    if (!may_be) return fmt::format("task {} is declared and not", task.name);
  }
  if (auto broken = broken_link(task)) return broken;
  if (auto broken = broken_attempt(task)) return broken;
  if (task.state == TaskState::Pending) {
    const bool waits = std::any_of(task.predecessors.begin(), task.predecessors.end(),
                                   [](const Task* p) { return !is_ended(p->state); });
    if (!waits) return fmt::format("F3: task {} waits for nothing", task.name);
  }
  if (task.state == TaskState::Ready) {
    const auto* ready = flows_.ready(task.name);
    if (ready == nullptr || !ready->contains(*task.ready_place)) {
      return fmt::format("F2: no pool would find ready task {}", task.name);
    }
    if (candidate_for(task) != 0) return fmt::format("F6: task {} is wanted and ready", task.name);
  }
  const bool has_end =
      is_ended(task.state) || task.state == TaskState::Dead || task.state == TaskState::Placeholder;
  if (has_end != (task.deadline_at == Time::never())) {
    return fmt::format("F5: task {} has the wrong deadline", task.name);
  }
  return std::nullopt;
}

/// F1: whatever has started had what it comes after behind it.
Broken Machine::broken_link(const Task& task) const {
  for (const Task* predecessor : task.predecessors) {
    const auto& successors = predecessor->successors;
    if (std::find(successors.begin(), successors.end(), &task) == successors.end()) {
      return fmt::format("task {} is linked one way only", task.name);
    }
    const bool has_started = task.state == TaskState::Ready || task.state == TaskState::Running ||
                             task.state == TaskState::Completed;
    if (has_started && !is_ended(predecessor->state)) {
      return fmt::format("F1: task {} started before {} ended", task.name, predecessor->name);
    }
    const bool needs_all = task.when == command::When::Completed;
    if (has_started && needs_all && predecessor->state != TaskState::Completed) {
      return fmt::format("F1: task {} started though {} did not complete", task.name,
                         predecessor->name);
    }
  }
  return std::nullopt;
}

/// F4: a task is run exactly while the grant of its newest token lives.
Broken Machine::broken_attempt(const Task& task) const {
  const auto grant = grants_.find(task.token);
  const bool is_live = grant != grants_.end();
  if (is_live != (task.state == TaskState::Running)) {
    return fmt::format("F4: task {} is {} under token {}", task.name, state_name(task.state),
                       task.token);
  }
  if (is_live && (grant->second->space != Space::Task ||
                  grant->second->keys.front().key != task_key(task.flow->name, task.name))) {
    return fmt::format("F4: token {} is of another task than {}", task.token, task.name);
  }
  if (task.token > last_index_) return fmt::format("F4: token {} is to come", task.token);
  if ((task.token == 0) != task.history.empty()) return fmt::format("task {} forgot", task.name);
  if (!task.history.empty() && task.history.back().token != task.token) {
    return fmt::format("F4: task {} does not remember its newest attempt", task.name);
  }
  return std::nullopt;
}

/// F4: what runs a task is the newest attempt of one that is there.
Broken Machine::broken_run(const Grant& grant) const {
  if (grant.space != Space::Task) return std::nullopt;
  const auto [flow, name] = split_task_key(grant.keys.front().key);
  const Task* task = flows_.find(flow, name);
  const bool runs = task != nullptr && task->token == grant.token;
  return runs ? std::nullopt : Broken(fmt::format("F4: token {} runs nothing", grant.token));
}

/// G1: nobody waits for a signal that has come.
Broken Machine::broken_signal_wait(const Waiter& waiter) const {
  const std::string_view name = waiter.keys.front().key;
  if (waiter.space == Space::Latch) {
    const auto latch = latches_.find(name);
    const bool is_open = latch != latches_.end() && latch->second.left == 0;
    return is_open ? Broken(fmt::format("G1: latch {} is open", name)) : std::nullopt;
  }
  if (waiter.space == Space::Event) {
    const auto event = signal_events_.find(name);
    const bool is_set = event != signal_events_.end() && is_answer(event->second, waiter);
    return is_set ? Broken(fmt::format("G1: event {} is set", name)) : std::nullopt;
  }
  if (waiter.space == Space::Barrier) {
    const auto barrier = barriers_.find(name);
    if (barrier == barriers_.end()) return fmt::format("G1: barrier {} is not known", name);
    const auto arrived = static_cast<std::int64_t>(waiters_at(Space::Barrier, name).size());
    const bool waits = arrived < barrier->second.parties - barrier->second.shrunk;
    return waits ? std::nullopt : Broken(fmt::format("G1: all are at barrier {}", name));
  }
  if (waiter.space == Space::Result || waiter.space == Space::Task) {
    const auto [flow, task_name] = split_task_key(name);
    const Task* task = flows_.find(flow, task_name);
    if (task == nullptr && waiter.space == Space::Task) return "F2: who joined waits for nothing";
    const bool has_ended = task != nullptr && is_ended(task->state);
    return has_ended ? Broken(fmt::format("F3: task {} has ended", task_name)) : std::nullopt;
  }
  for (const command::KeyMode& wanted : waiter.keys) {
    if (flows_.first_ready(wanted.key, waiter.details->value) != nullptr) {
      return fmt::format("F6: task {} is ready for a pool", wanted.key);
    }
  }
  return std::nullopt;
}

Broken Machine::broken_signal() const {
  std::int64_t bytes = 0;
  std::size_t known = 0;
  const auto check = [&](Space space, const auto& signals) -> Broken {
    for (const auto& [name, signal] : signals) {
      const auto id = signal_names_.find(signal.id);
      if (signal.name != name || id == signal_names_.end() || id->second != KeyName(space, name)) {
        return fmt::format("signal {} is misfiled", name);
      }
      if (signal.generation > last_index_) return fmt::format("G1: {} is to come", name);
      if ((signal.forget != Time::never()) != is_forgettable(space, name)) {
        return fmt::format("signal {} is forgotten too early or never", name);
      }
      bytes += bytes_of(signal);
      ++known;
    }
    return std::nullopt;
  };
  if (auto broken = check(Space::Event, signal_events_)) return broken;
  if (auto broken = check(Space::Barrier, barriers_)) return broken;
  if (auto broken = check(Space::Latch, latches_)) return broken;
  for (const auto& [name, barrier] : barriers_) {
    const bool is_open = keys_of(Space::Barrier).contains(name);
    if (is_open != (barrier.parties > 0)) return fmt::format("G1: the round of {}", name);
  }
  for (const auto& [name, latch] : latches_) {
    if (latch.left < 0 || latch.left > latch.count) return fmt::format("G1: latch {}", name);
  }
  for (const auto& [id, waiter] : waiters_) bytes += bytes_of_arrival(*waiter);  // in any order
  if (known != signal_names_.size() || bytes != signal_bytes_) return "signals are miscounted";
  return std::nullopt;
}

Broken Machine::broken_task_deadlines(std::size_t& expected) const {
  const auto is_set = [&](Time time, Deadline::Kind kind, std::uint64_t id) {
    if (time == Time::never()) return true;
    ++expected;
    return deadlines_.contains({time, kind, id});
  };
  for (const auto& [flow_name, flow] : flows_.all()) {
    if (!is_set(flow->forget, Deadline::Kind::Flow, flow->id)) return "a flow lives for ever";
    for (const auto& [name, task] : flow->tasks) {
      const Time start = task->state == TaskState::Delayed ? task->start_at : Time::never();
      if (!is_set(start, Deadline::Kind::TaskStart, task->id) ||
          !is_set(task->deadline_at, Deadline::Kind::TaskDeadline, task->id)) {
        return fmt::format("F5: task {} would wait for ever", name);
      }
    }
  }
  const auto check = [&](const auto& signals) {
    return std::all_of(signals.begin(), signals.end(), [&](const auto& item) {
      return is_set(item.second.forget, Deadline::Kind::Signal, item.second.id);
    });
  };
  const bool all = check(signal_events_) && check(barriers_) && check(latches_);
  return all ? std::nullopt : Broken("a signal would be known for ever");
}

}  // namespace state
