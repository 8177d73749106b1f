// A saga as the tasks that it consists of. saga.h says why there are turns.
#include "turnstile/saga.h"

#include <fmt/format.h>

#include <utility>

namespace turnstile {
namespace {

std::string turn_name(int number) { return fmt::format("saga.turn.{}", number); }

Error invalid(std::string_view what) { return {ErrorCode::Invalid, fmt::format("ERR {}", what)}; }

void check(const TaskOptions& options) {
  if (!options.after.tasks() && !options.when) return;
  throw invalid("a saga says itself what its tasks come after, and when they run");
}

Saga::Task with_links(Saga::Task task, std::vector<std::string> after, When when) {
  task.options.after = std::move(after);
  task.options.when = when;
  return task;
}

/// A turn is nothing but a link: whoever takes it may die without harm, and it lives as long as
/// what it is to let go on.
Saga::Task make_turn(int number, const TaskOptions& compensation) {
  TaskOptions options;
  options.timeout = std::chrono::seconds(10);
  options.attempts = 1'000;
  options.deadline = compensation.deadline;
  return {turn_name(number), std::move(options)};
}

}  // namespace

Saga& Saga::step(std::string task, TaskOptions options) {
  check(options);
  steps_.push_back({{std::move(task), std::move(options)}, {}});
  return *this;
}

Saga& Saga::compensate(std::string task, TaskOptions options) {
  check(options);
  if (steps_.empty()) throw invalid("a compensation comes behind its step");
  if (steps_.back().compensation) throw invalid("a step has one compensation");
  steps_.back().compensation = Task{std::move(task), std::move(options)};
  return *this;
}

std::vector<Saga::Task> Saga::tasks() const {
  std::vector<Task> tasks;
  if (steps_.empty()) return tasks;
  const std::string last = steps_.back().task.name;
  std::vector<std::string> turn_after = {last};
  int number = 0;
  for (std::size_t i = steps_.size() - 1; i-- > 0;) {
    const Step& step = steps_[i];
    if (!step.compensation) continue;
    Task turn = make_turn(++number, step.compensation->options);
    const std::vector<std::string> after = {step.task.name, turn.name};
    turn_after.resize(1);
    if (number > 1) turn_after.push_back(tasks.back().name);
    tasks.push_back(with_links(std::move(turn), turn_after, When::Failed));
    tasks.push_back(with_links(*step.compensation, after, When::Completed));
  }
  for (std::size_t i = steps_.size(); i-- > 0;) {
    std::vector<std::string> after;
    if (i > 0) after.push_back(steps_[i - 1].task.name);
    tasks.push_back(with_links(steps_[i].task, std::move(after), When::Completed));
  }
  return tasks;
}

Result<bool> Saga::try_declare() {
  if (steps_.empty()) return invalid("a saga has a step");
  const auto declared = tasks();
  const auto turns = (declared.size() - steps_.size()) / 2;
  if (turns > static_cast<std::size_t>(kCompensationsMax)) {
    return invalid(fmt::format("a saga has at most {} compensations", kCompensationsMax));
  }
  for (const Task& task : declared) {
    if (auto added = flow_.try_add(task.name, task.options); !added) return added;
  }
  return true;
}

void Saga::declare() { try_declare().value(); }

std::vector<std::string> turn_names() {
  std::vector<std::string> names;
  for (int i = 1; i <= Saga::kCompensationsMax; ++i) names.push_back(turn_name(i));
  return names;
}

Worker keep_turns(const Client& client, std::string flows) {
  WorkerOptions options;
  options.flows = std::move(flows);
  return {client, turn_names(), [](Attempt&) { return Outcome::completed(); }, std::move(options)};
}

}  // namespace turnstile
