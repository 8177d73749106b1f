// Filing, linking and counting tasks.
#include "state/flows.h"

#include <algorithm>
#include <deque>

#include "base/check.h"

namespace state {

std::string_view state_name(TaskState state) {
  switch (state) {
    case TaskState::Placeholder: return "undeclared";
    case TaskState::Pending: return "pending";
    case TaskState::Delayed: return "delayed";
    case TaskState::Ready: return "ready";
    case TaskState::Running: return "running";
    case TaskState::Completed: return "completed";
    case TaskState::Failed: return "failed";
    case TaskState::Dead: return "dead";
    case TaskState::Skipped: return "skipped";
    case TaskState::Cancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view end_name(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::None: return "running";
    case AttemptEnd::Completed: return "completed";
    case AttemptEnd::Failed: return "failed";
    case AttemptEnd::Retried: return "failed, to be retried";
    case AttemptEnd::Released: return "released";
    case AttemptEnd::TimedOut: return "timed out";
    case AttemptEnd::SessionLost: return "session lost";
    case AttemptEnd::Preempted: return "preempted";
    case AttemptEnd::Cancelled: return "cancelled";
    case AttemptEnd::Deadline: return "past the deadline";
  }
  return "unknown";
}

/// Two bytes for the length of the flow's name, so that no two pairs share a key.
std::string task_key(std::string_view flow, std::string_view task) {
  CHECK_LT(flow.size(), std::size_t{1} << 16);
  std::string key;
  key.reserve(2 + flow.size() + task.size());
  key.push_back(static_cast<char>(flow.size() >> 8));
  key.push_back(static_cast<char>(flow.size() & 0xff));
  key.append(flow).append(task);
  return key;
}

std::pair<std::string_view, std::string_view> split_task_key(std::string_view key) {
  if (key.size() < 2) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(key[i]); };
  const std::size_t size = (std::size_t{byte(0)} << 8) | byte(1);
  if (size > key.size() - 2) return {};
  return {key.substr(2, size), key.substr(2 + size)};
}

Flow* Flows::find(std::string_view flow) const {
  const auto it = flows_.find(flow);
  return it == flows_.end() ? nullptr : it->second.get();
}

Task* Flows::find(std::string_view flow, std::string_view task) const {
  const Flow* found = find(flow);
  if (found == nullptr) return nullptr;
  const auto it = found->tasks.find(task);
  return it == found->tasks.end() ? nullptr : it->second.get();
}

const Flows::Ready* Flows::ready(std::string_view task) const {
  const auto it = ready_by_name_.find(std::string(task));
  return it == ready_by_name_.end() ? nullptr : &it->second;
}

Task* Flows::first_ready(std::string_view task, std::string_view flows_prefix) const {
  const Ready* ready_tasks = ready(task);
  if (ready_tasks == nullptr) return nullptr;
  const auto it = std::find_if(ready_tasks->begin(), ready_tasks->end(), [&](const auto& item) {
    return item.second->flow->name.starts_with(flows_prefix);
  });
  return it == ready_tasks->end() ? nullptr : it->second;
}

Flow& Flows::add_flow(std::string_view name) {
  auto& flow = flows_[std::string(name)];
  CHECK(flow == nullptr);
  flow = std::make_unique<Flow>();
  flow->id = ++last_id_;
  flow->name = name;
  flows_by_id_[flow->id] = flow.get();
  return *flow;
}

Task& Flows::add_task(Flow& flow, std::string_view name) {
  auto& task = flow.tasks[std::string(name)];
  CHECK(task == nullptr);
  task = std::make_unique<Task>();
  task->id = ++last_id_;
  task->name = name;
  task->flow = &flow;
  tasks_[task->id] = task.get();
  count(*task, 1);
  recount(*task);
  return *task;
}

void Flows::link(Task& task, std::vector<Task*> predecessors) {
  CHECK(task.predecessors.empty());
  task.predecessors = std::move(predecessors);
  for (Task* predecessor : task.predecessors) {
    auto& successors = predecessor->successors;
    const auto place = std::upper_bound(successors.begin(), successors.end(), &task,
                                        [](const Task* a, const Task* b) { return a->id < b->id; });
    successors.insert(place, &task);
  }
}

std::vector<const Task*> Flows::way_to(const Task& task, const std::vector<std::string>& names) {
  absl::flat_hash_map<const Task*, const Task*> reached{{&task, nullptr}};
  std::deque<const Task*> open{&task};
  while (!open.empty()) {
    const Task* at = open.front();
    open.pop_front();
    if (at != &task && std::find(names.begin(), names.end(), at->name) != names.end()) {
      std::vector<const Task*> way;
      for (; at != nullptr; at = reached.at(at)) way.push_back(at);
      std::reverse(way.begin(), way.end());
      return way;
    }
    for (const Task* successor : at->successors) {
      if (reached.emplace(successor, at).second) open.push_back(successor);
    }
  }
  return {};
}

void Flows::set_state(Task& task, TaskState state) {
  CHECK(!is_ended(task.state));
  count(task, -1);
  task.state = state;
  count(task, 1);
}

/// Adds or takes away what the task's state counts for.
void Flows::count(Task& task, std::int64_t sign) {
  Flow& flow = *task.flow;
  if (!is_ended(task.state)) flow.unended += sign;
  if (task.state == TaskState::Dead) {
    flow.dead += sign;
    dead_ += sign;
  }
  if (task.state == TaskState::Running) {
    flow.running += sign;
    running_ += sign;
  }
  if (task.state != TaskState::Ready) return;
  flow.ready += sign;
  ready_ += sign;
  CHECK(task.ready_place.has_value());
  if (sign > 0) {
    ready_by_name_[task.name].emplace(*task.ready_place, &task);
    return;
  }
  const auto pool = ready_by_name_.find(task.name);
  CHECK(pool != ready_by_name_.end());
  pool->second.erase(*task.ready_place);
  if (pool->second.empty()) ready_by_name_.erase(pool);
}

/// Names, payloads and words as they are, and a round figure for all else, so that every build
/// counts the same.
void Flows::recount(Task& task) {
  constexpr std::size_t kTaskBytes = 512;
  constexpr std::size_t kRecordBytes = 96;
  constexpr std::size_t kLinkBytes = 16;
  std::size_t bytes = kTaskBytes + 2 * task.name.size() + task.input.size() + task.result.size() +
                      task.cause.size() + task.checkpoint.size() +
                      kLinkBytes * task.predecessors.size();
  for (const AttemptRecord& record : task.history) bytes += kRecordBytes + record.who.size();
  const std::int64_t grown = static_cast<std::int64_t>(bytes) - task.bytes;
  task.bytes += grown;
  task.flow->bytes += grown;
  bytes_ += grown;
}

void Flows::remove(Flow& flow) {
  for (const auto& [name, task] : flow.tasks) {
    count(*task, -1);
    tasks_.erase(task->id);
  }
  bytes_ -= flow.bytes;
  flows_by_id_.erase(flow.id);
  const auto it = flows_.find(flow.name);
  CHECK(it != flows_.end());
  flows_.erase(it);
}

bool Flows::restore(std::unique_ptr<Flow> flow, std::vector<std::unique_ptr<Task>> tasks) {
  const auto is_free = [&](std::uint64_t id) {
    return id > 0 && id <= last_id_ && !tasks_.contains(id) && !flows_by_id_.contains(id);
  };
  if (!is_free(flow->id) || flows_.contains(flow->name)) return false;
  Flow& filed = *flow;
  flows_by_id_[flow->id] = flow.get();
  flows_.emplace(flow->name, std::move(flow));
  for (auto& task : tasks) {
    task->flow = &filed;
    const bool has_place = task->ready_place && task->ready_place->index == task->id;
    if (!is_free(task->id) || filed.tasks.contains(task->name)) return false;
    if (task->state == TaskState::Ready && !has_place) return false;
    tasks_[task->id] = task.get();
    count(*task, 1);
    recount(*task);
    const std::string name = task->name;
    filed.tasks.emplace(name, std::move(task));
  }
  return true;
}

}  // namespace state
