// One function a state.
#include "cli/flow/flow_words.h"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "cli/lock_words.h"
#include "cli/text.h"
#include "cli/time_text.h"

namespace cli {
namespace {

using turnstile::Reply;

const Reply* find_task(const Reply& flow, std::string_view name) {
  for (const Reply& task : items_of(flow, "tasks")) {
    if (task.text_of("task") == name) return &task;
  }
  return nullptr;
}

bool has_ended(const Reply* task) {
  const std::string_view state = task == nullptr ? "" : task->text_of("state");
  return state == "completed" || state == "failed" || state == "skipped" || state == "cancelled";
}

std::string running_text(const Reply& task) {
  std::string text = "by " + who(task);
  const std::string note = printable_of(task, "note");
  if (!note.empty()) text += ": " + note;
  return text;
}

/// `for reserve, check`: those that it still waits for.
std::string pending_text(const Reply& flow, const Reply& task) {
  std::vector<std::string> names;
  for (const Reply& name : items_of(task, "after")) {
    if (!has_ended(find_task(flow, name.text))) names.push_back(printable(name.text));
  }
  return names.empty() ? "" : fmt::format("waits for {}", fmt::join(names, ", "));
}

/// How long the last attempt took, and how large the result is.
std::string completed_text(const Reply& task) {
  const std::int64_t size = task.integer_of("result_bytes");
  std::string text = size == 0 ? "no result" : counted(static_cast<std::uint64_t>(size), "byte");
  const std::vector<Reply>& history = items_of(task, "history");
  if (history.empty()) return text;
  const Reply& last = history.back();
  return fmt::format("took {}, {}",
                     duration_text(last.integer_of("ended") - last.integer_of("started")), text);
}

/// How its last attempt ended, if that says more than its state.
std::string last_attempt_text(const Reply& task) {
  const std::vector<Reply>& history = items_of(task, "history");
  if (history.empty()) return "";
  const std::string how = printable_of(history.back(), "how");
  return how == printable_of(task, "state") ? "" : how;
}

std::string joined(const std::string& first, const std::string& second) {
  return first.empty() || second.empty() ? first + second : first + "; " + second;
}

std::string state_detail(const Reply& flow, const Reply& task) {
  const std::string_view state = task.text_of("state");
  if (state == "running") return running_text(task);
  if (state == "pending") return pending_text(flow, task);
  if (state == "completed") return completed_text(task);
  if (state == "undeclared") return "nobody has declared it";
  if (state == "delayed") {
    return joined("starts in " + duration_of(task, "starts_in"), last_attempt_text(task));
  }
  if (state == "ready" && task.integer_of("candidates") == 0) return "nobody has asked to run it";
  return last_attempt_text(task);
}

/// The predecessors under which it does not stand in the tree.
std::string further_predecessors(const Reply& task) {
  std::vector<std::string> names;
  for (const Reply& name : items_of(task, "after")) names.push_back(printable(name.text));
  if (names.size() < 2) return "";
  return fmt::format("also after {}", fmt::join(names.begin() + 1, names.end(), ", "));
}

std::string candidates_text(const Reply& task) {
  const auto candidates = static_cast<std::uint64_t>(task.integer_of("candidates"));
  if (candidates == 0 || has_ended(&task)) return "";
  return candidates == 1 ? "1 would run it" : fmt::format("{} would run it", grouped(candidates));
}

}  // namespace

Cell flow_state_cell(const Reply& map) {
  const std::string state = printable_of(map, "state");
  if (state == "completed" || state == "ended") return {state, Style::Free};
  if (state == "running") return {state, Style::Held};
  if (state == "ready" || state == "delayed") return {state, Style::Waiting};
  if (state == "failed" || state == "dead" || state == "held") return {state, Style::Warning};
  return {state};
}

std::string attempts_text(const Reply& task) {
  const std::int64_t attempt = task.integer_of("attempt");
  const std::int64_t attempts = task.integer_of("attempts");
  return attempt == 0 || attempts == 1 ? "" : fmt::format("{} of {}", attempt, attempts);
}

std::string task_detail(const Reply& flow, const Reply& task) {
  return joined(joined(state_detail(flow, task), candidates_text(task)),
                further_predecessors(task));
}

bool ended_badly(const Reply& task) {
  const std::string_view state = task.text_of("state");
  return state == "failed" || state == "dead" || state == "skipped" || state == "cancelled";
}

}  // namespace cli
