// Reading what is said of tasks.
#include "client/wire/task_answer.h"

#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace turnstile::client {
namespace {

using resp::Type;
using resp::Value;

constexpr std::array<std::pair<std::string_view, TaskState>, 10> kStates = {{
    {"undeclared", TaskState::Placeholder},
    {"pending", TaskState::Pending},
    {"ready", TaskState::Ready},
    {"running", TaskState::Running},
    {"delayed", TaskState::Delayed},
    {"completed", TaskState::Completed},
    {"failed", TaskState::Failed},
    {"skipped", TaskState::Skipped},
    {"cancelled", TaskState::Cancelled},
    {"dead", TaskState::Dead},
}};

TaskState find_state(std::string_view word) {
  for (const auto& [name, state] : kStates) {
    if (name == word) return state;
  }
  return TaskState::Unknown;
}

/// The number of an attempt, from 1 on; 0 if there is none.
int read_number(const Value& map) {
  const Value* value = map.find("attempt");
  const auto number = value == nullptr ? std::nullopt : value->as_integer();
  const bool fits = number && *number > 0 && *number <= std::numeric_limits<int>::max();
  return fits ? static_cast<int>(*number) : 0;
}

bool read_results(const Value& map, std::vector<TaskResult>& results) {
  const Value* list = map.find("results");
  if (list == nullptr || list->type != Type::Array) return false;
  for (const Value& item : list->items) {
    auto result = read_task_result(item);
    if (!result) return false;
    results.push_back(std::move(*result));
  }
  return true;
}

}  // namespace

std::optional<TaskResult> read_task_result(const Value& map) {
  TaskResult result;
  result.task = read_text(map, "task");
  const std::string state = read_text(map, "state");
  if (result.task.empty() || state.empty()) return std::nullopt;
  result.state = find_state(state);
  result.result = read_text(map, "result");
  result.reason = read_text(map, "reason");
  return result;
}

std::optional<Assigned> read_assigned(const Value& value) {
  Assigned assigned;
  const auto timeout = read_duration(value, "timeout");
  assigned.granted.token = read_token(value);
  if (assigned.granted.token == 0 || !timeout) return std::nullopt;
  assigned.granted.lease = *timeout;
  assigned.granted.waited = read_duration(value, "waited").value_or(base::Duration());
  Assignment& assignment = assigned.assignment;
  assignment.flow = read_text(value, "flow");
  assignment.task = read_text(value, "task");
  assignment.number = read_number(value);
  assignment.timeout = Milliseconds(timeout->ms());
  assignment.input = read_text(value, "input");
  assignment.checkpoint = read_text(value, "checkpoint");
  const bool is_named = !assignment.flow.empty() && !assignment.task.empty();
  if (!is_named || assignment.number == 0) return std::nullopt;
  if (!read_results(value, assignment.results)) return std::nullopt;
  return assigned;
}

}  // namespace turnstile::client

namespace turnstile {

std::string_view name(TaskState state) noexcept {
  for (const auto& [word, named] : client::kStates) {
    if (named == state) return word;
  }
  return "unknown";
}

}  // namespace turnstile
