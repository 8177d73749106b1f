// Replies to the commands on tasks as what they mean; as defensive as answer.h.
#pragma once

#include <optional>

#include "client/session/hold.h"
#include "client/wire/answer.h"
#include "resp/value.h"
#include "turnstile/attempt.h"

namespace turnstile::client {

/// The answer to TASK.JOIN and TASK.TAKE.
struct Assigned {
  Granted granted;  ///< its lease is the time-out
  Assignment assignment;
};
std::optional<Assigned> read_assigned(const resp::Value& value);

/// One predecessor of those, and the answer to TASK.RESULT.
std::optional<TaskResult> read_task_result(const resp::Value& map);

}  // namespace turnstile::client
