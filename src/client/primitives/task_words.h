// What is said of tasks, as the words of commands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "turnstile/options.h"
#include "turnstile/task_options.h"

namespace turnstile::client {

using Words = std::vector<std::string>;

/// `command flow task` and the declaration. PRIORITY is only said of a task that is added: in a
/// join it is that of who asks.
Words task_add_words(std::string_view flow, std::string_view task, const TaskOptions& options);
Words task_join_words(std::string_view flow, std::string_view task, const TaskOptions& options);
Words task_take_words(const std::vector<std::string>& tasks, const std::string& flows);

/// The options of a TASK.RELEASE.
Words release_words(Milliseconds delay, const std::optional<std::string>& checkpoint);

/// What an acquisition of a task has in common with one of a lock.
AcquireOptions to_acquire_options(RunOptions options);
AcquireOptions to_acquire_options(TakeOptions options);

}  // namespace turnstile::client
