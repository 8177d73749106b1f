// Declarations and the like, word by word.
#include "client/primitives/task_words.h"

#include <utility>

namespace turnstile::client {
namespace {

std::string_view word_of(When when) {
  switch (when) {
    case When::Completed: return "COMPLETED";
    case When::Ended: return "ENDED";
    case When::Failed: return "FAILED";
  }
  return {};
}

void add(Words& words, std::string_view name, std::string_view value) {
  words.emplace_back(name);
  words.emplace_back(value);
}

void add(Words& words, std::string_view name, const std::optional<Milliseconds>& duration) {
  if (duration) add(words, name, std::to_string(duration->count()));
}

void add_names(Words& words, std::string_view name, const std::vector<std::string>& tasks) {
  add(words, name, std::to_string(tasks.size()));
  words.insert(words.end(), tasks.begin(), tasks.end());
}

Words declare(std::string_view command, std::string_view flow, std::string_view task,
              const TaskOptions& options) {
  Words words{std::string(command), std::string(flow), std::string(task)};
  if (const auto& after = options.after.tasks()) add_names(words, "AFTER", *after);
  if (options.when) add(words, "WHEN", word_of(*options.when));
  if (options.on_dead) add(words, "ONDEAD", *options.on_dead == OnDead::Hold ? "HOLD" : "SKIP");
  add(words, "TIMEOUT", options.timeout);
  if (options.attempts) add(words, "ATTEMPTS", std::to_string(*options.attempts));
  add(words, "BACKOFF", options.backoff);
  if (options.backoff) add(words, "MAX", options.backoff_max);
  add(words, "DELAY", options.delay);
  add(words, "DEADLINE", options.deadline);
  if (options.input) add(words, "INPUT", *options.input);
  return words;
}

}  // namespace

Words task_add_words(std::string_view flow, std::string_view task, const TaskOptions& options) {
  Words words = declare("TASK.ADD", flow, task, options);
  if (options.priority) add(words, "PRIORITY", std::to_string(*options.priority));
  return words;
}

Words task_join_words(std::string_view flow, std::string_view task, const TaskOptions& options) {
  return declare("TASK.JOIN", flow, task, options);
}

Words task_take_words(const std::vector<std::string>& tasks, const std::string& flows) {
  Words words;
  add_names(words, "TASK.TAKE", tasks);
  if (!flows.empty()) add(words, "FLOWS", flows);
  return words;
}

Words release_words(Milliseconds delay, const std::optional<std::string>& checkpoint) {
  Words words;
  if (delay != Milliseconds(0)) add(words, "DELAY", std::to_string(delay.count()));
  if (checkpoint) add(words, "CHECKPOINT", *checkpoint);
  return words;
}

AcquireOptions to_acquire_options(RunOptions options) {
  AcquireOptions acquire;
  acquire.wait = options.wait;
  acquire.priority = options.priority;
  acquire.preempt = options.preempt;
  acquire.note = std::move(options.note);
  acquire.agent = std::move(options.agent);
  acquire.stop = std::move(options.stop);
  return acquire;
}

AcquireOptions to_acquire_options(TakeOptions options) {
  return to_acquire_options(RunOptions{.wait = options.wait,
                                       .priority = options.priority,
                                       .preempt = {},
                                       .note = std::move(options.note),
                                       .agent = std::move(options.agent),
                                       .stop = std::move(options.stop)});
}

}  // namespace turnstile::client
