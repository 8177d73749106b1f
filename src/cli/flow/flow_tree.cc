// The tree, and a table with a row for each of its lines.
#include "cli/flow/flow_tree.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "cli/flow/flow_words.h"
#include "cli/lock_words.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/time_text.h"

namespace cli {
namespace {

using turnstile::Reply;

using Tasks = std::vector<const Reply*>;

/// Deeper branches are drawn at the same depth, so that no input makes this recurse for ever.
constexpr std::size_t kDepthMax = 200;

/// Draws the tasks that hang on each other.
class TreeDrawing {
 public:
  explicit TreeDrawing(const Reply& flow) {
    std::map<std::string_view, const Reply*> known;
    for (const Reply& task : items_of(flow, "tasks")) known.emplace(task.text_of("task"), &task);
    for (const Reply& task : items_of(flow, "tasks")) {
      const std::vector<Reply>& after = items_of(task, "after");
      const auto parent = after.empty() ? known.end() : known.find(after.front().text);
      (parent == known.end() ? roots_ : children_[parent->second]).push_back(&task);
    }
  }

  std::vector<TreeLine> lines() {
    for (const Reply* root : roots_) draw("", "", root, 0);
    return std::move(lines_);
  }

 private:
  /// `branch` stands before the name, `margin` before all that hangs on it.
  void draw(const std::string& branch, const std::string& margin, const Reply* task,
            std::size_t depth) {
    lines_.push_back({branch, task});
    const Tasks* children = &children_[task];
    while (children->size() == 1) {
      task = children->front();
      lines_.push_back({margin + "↓ ", task});
      children = &children_[task];
    }
    const bool is_deep = depth >= kDepthMax;
    for (const Reply* child : *children) {
      const bool is_last = child == children->back();
      const std::string more = is_last ? "   " : "│  ";
      draw(margin + (is_last ? "└─ " : "├─ "), is_deep ? margin : margin + more, child, depth + 1);
    }
  }

  Tasks roots_;
  std::map<const Reply*, Tasks> children_;
  std::vector<TreeLine> lines_;
};

/// `2 completed, 1 running`, in the order of a task's life.
std::string counts_text(const Reply& flow) {
  static constexpr std::array kStates = {"completed", "failed",  "dead",  "skipped", "cancelled",
                                         "running",   "delayed", "ready", "pending", "undeclared"};
  std::map<std::string_view, int> counts;
  for (const Reply& task : items_of(flow, "tasks")) ++counts[task.text_of("state")];
  std::vector<std::string> parts;
  for (const char* state : kStates) {
    if (counts.contains(state)) parts.push_back(fmt::format("{} {}", counts[state], state));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string summary(const Reply& flow, const Terminal& terminal) {
  const Cell state = flow_state_cell(flow);
  const std::size_t shown = items_of(flow, "tasks").size();
  const auto all =
      static_cast<std::size_t>(flow.integer_of("count", static_cast<std::int64_t>(shown)));
  std::string out = fmt::format("{} is {}{}, since {}\n", in_quotes_if_needed(flow.text_of("flow")),
                                terminal.styled(state.text, state.style),
                                flow.integer_of("closed") != 0 ? " and closed" : "",
                                moment_text(flow.integer_of("since")));
  out += counted(all, "task");
  if (shown < all) out += fmt::format(", the first {}", shown);
  return out + ": " + counts_text(flow) + "\n";
}

Table tree_table(const Reply& flow) {
  Table table({{.heading = "TASK"},
               {.heading = "STATE"},
               {.heading = "FOR", .is_number = true},
               {.heading = "TRY", .is_number = true},
               {.heading = "", .is_elastic = true}});
  for (const TreeLine& line : tree_of(flow)) {
    const Reply& task = *line.task;
    table.add({line.branch + printable_of(task, "task"), flow_state_cell(task),
               duration_of(task, "age"), attempts_text(task), task_detail(flow, task)});
  }
  return table;
}

/// Causes are sentences; they stand below, whole.
std::string causes(const Reply& flow) {
  std::string out;
  for (const TreeLine& line : tree_of(flow)) {
    const std::string cause = printable_of(*line.task, "cause");
    if (!ended_badly(*line.task) || cause.empty()) continue;
    out += fmt::format("  {} {}: {}\n", in_quotes_if_needed(line.task->text_of("task")),
                       printable_of(*line.task, "state"), cause);
  }
  return out.empty() ? out : "\nWhy:\n" + out;
}

/// What an operator can do about a flow that stands still.
std::string advice(const Reply& flow) {
  if (flow.text_of("state") != "held") return "";
  return "\nA dead task holds up those behind it: turnstile redrive or turnstile cancel decides.\n";
}

}  // namespace

std::vector<TreeLine> tree_of(const Reply& flow) { return TreeDrawing(flow).lines(); }

std::string flow_text(const Reply& flow, const Terminal& terminal) {
  return summary(flow, terminal) + "\n" + tree_table(flow).text(terminal) + causes(flow) +
         advice(flow);
}

}  // namespace cli
