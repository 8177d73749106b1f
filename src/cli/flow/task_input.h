// What COMMAND of a task is handed: the results of the predecessors on its standard input, all
// else in its environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/attempt.h"

namespace cli {

/// The standard input of COMMAND: the result of the one predecessor as it is, if it completed,
/// unless JSON is asked for; else results_json(). Nothing if there is no predecessor.
struct TaskInput {
  std::optional<std::string> bytes;
  std::string_view kind = "none";  ///< "result", "json" or "none", for the environment
};
TaskInput task_input(const std::vector<turnstile::TaskResult>& results, bool as_json);

/// An array with an object for each predecessor, in their order: `task`, `state`, `result` if it
/// completed, else `reason`. One that is not UTF-8 is in base64, and `encoding` says so.
std::string results_json(const std::vector<turnstile::TaskResult>& results);

/// `NAME=value` for the environment; a value with a NUL byte, which no environment can hold, as
/// `NAME_BASE64=...`.
std::string variable(std::string_view name, std::string_view value);

/// What COMMAND of a task finds in its environment.
std::vector<std::string> task_environment(const turnstile::Attempt& attempt,
                                          const TaskInput& input);

}  // namespace cli
