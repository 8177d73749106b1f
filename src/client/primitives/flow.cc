// Flow, and the pool that Client::take() takes from: declarations, joins and questions.
#include "turnstile/flow.h"

#include <utility>

#include "client/primitives/access.h"
#include "client/primitives/agent.h"
#include "client/primitives/task_words.h"
#include "client/wire/task_answer.h"

namespace turnstile {
namespace {

using client::Words;

bool is_task_result(const resp::Value& value) {
  return client::read_task_result(value).has_value();
}

client::OperationPtr make_join(const std::string& flow, std::string_view task,
                               const TaskOptions& declaration, AcquireOptions options, bool waits) {
  return client::make_run(client::task_join_words(flow, task, declaration), std::move(options),
                          waits);
}

client::OperationPtr make_question(const std::string& flow, std::string_view task,
                                   const WaitOptions& options, bool waits) {
  return client::make_wait(
      {"TASK.RESULT", flow, std::string(task), "AGENT", client::name_of_this_thread()},
      options.wait, waits, is_task_result);
}

Result<TaskResult> to_task_result(client::Outcome outcome) {
  if (outcome.error) return std::move(*outcome.error);
  return *client::read_task_result(outcome.value);
}

/// `command name… [REASON text]`, answered by a number.
Result<int> order(const std::shared_ptr<client::Engine>& engine, Words words,
                  std::string_view reason) {
  if (!reason.empty()) words.insert(words.end(), {"REASON", std::string(reason)});
  auto operation = client::make_change(std::move(words), client::is_integer);
  return client::to_number<int>(engine->perform(std::move(operation)));
}

Result<bool> is_done(const Result<int>& number) {
  if (!number) return number.error();
  return *number == 1;
}

}  // namespace

Flow::Flow(const Client& client, std::string name)
    : engine_(client::Access::engine(client)), name_(std::move(name)) {}

Result<bool> Flow::try_add(std::string_view task, TaskOptions declaration) {
  auto operation =
      client::make_change(client::task_add_words(name_, task, declaration), client::is_simple);
  operation->is_restartable = true;
  return client::to_success(engine_->perform(std::move(operation)));
}

void Flow::add(std::string_view task, TaskOptions declaration) {
  try_add(task, std::move(declaration)).value();
}

Attempt Flow::join(std::string_view task, TaskOptions declaration, RunOptions options) {
  auto terms = client::with_agent(client::to_acquire_options(std::move(options)));
  auto operation = make_join(name_, task, declaration, std::move(terms), true);
  return client::perform_run(engine_, std::move(operation)).value();
}

Result<Attempt> Flow::try_join(std::string_view task, TaskOptions declaration, RunOptions options) {
  auto terms = client::with_agent(client::to_acquire_options(std::move(options)));
  auto operation = make_join(name_, task, declaration, std::move(terms), false);
  return client::perform_run(engine_, std::move(operation));
}

void Flow::join_then(std::string_view task, TaskOptions declaration, RunOptions options,
                     std::function<void(Result<Attempt>)> done) {
  auto terms = client::with_agent_of_its_own(client::to_acquire_options(std::move(options)));
  auto operation = make_join(name_, task, declaration, std::move(terms), true);
  client::begin_run(engine_, std::move(operation), std::move(done));
}

TaskResult Flow::result(std::string_view task, WaitOptions options) {
  auto operation = make_question(name_, task, options, true);
  return to_task_result(engine_->perform(std::move(operation), std::move(options.stop))).value();
}

Result<TaskResult> Flow::try_result(std::string_view task, WaitOptions options) {
  auto operation = make_question(name_, task, options, false);
  return to_task_result(engine_->perform(std::move(operation), std::move(options.stop)));
}

// --- orders

Result<bool> Flow::try_cancel(std::string_view task, std::string_view reason) {
  return is_done(order(engine_, {"TASK.CANCEL", name_, std::string(task)}, reason));
}

bool Flow::cancel(std::string_view task, std::string_view reason) {
  return try_cancel(task, reason).value();
}

Result<int> Flow::try_cancel_all(std::string_view reason) {
  return order(engine_, {"FLOW.CANCEL", name_}, reason);
}

int Flow::cancel_all(std::string_view reason) { return try_cancel_all(reason).value(); }

Result<bool> Flow::try_redrive(std::string_view task, std::string_view reason) {
  return is_done(order(engine_, {"TASK.REDRIVE", name_, std::string(task)}, reason));
}

bool Flow::redrive(std::string_view task, std::string_view reason) {
  return try_redrive(task, reason).value();
}

Result<bool> Flow::try_close() { return is_done(order(engine_, {"FLOW.CLOSE", name_}, {})); }
bool Flow::close() { return try_close().value(); }

// --- questions

Result<std::vector<std::string>> Flow::try_why(std::string_view task) const {
  auto outcome = engine_->perform(client::make_read({"TASK.WHY", name_, std::string(task)}));
  if (outcome.error) return std::move(*outcome.error);
  std::vector<std::string> causes;
  const resp::Value* why = outcome.value.find("why");
  for (const auto& cause : why == nullptr ? std::vector<resp::Value>() : why->items) {
    causes.emplace_back(cause.as_string().value_or(""));
  }
  return causes;
}

std::vector<std::string> Flow::why(std::string_view task) const { return try_why(task).value(); }

Result<Reply> Flow::try_info() const {
  return client::to_result(engine_->perform(client::make_read({"FLOW.INFO", name_})));
}

Reply Flow::info() const { return try_info().value(); }

// --- what Client has of tasks

Flow Client::flow(std::string name) const { return {*this, std::move(name)}; }

Result<Attempt> Client::take_task(std::vector<std::string> tasks, TakeOptions options, bool waits) {
  auto words = client::task_take_words(tasks, options.flows);
  auto terms = client::with_agent(client::to_acquire_options(std::move(options)));
  return client::perform_run(engine_, client::make_run(std::move(words), std::move(terms), waits));
}

Attempt Client::take(std::vector<std::string> tasks, TakeOptions options) {
  return take_task(std::move(tasks), std::move(options), true).value();
}

Result<Attempt> Client::try_take(std::vector<std::string> tasks, TakeOptions options) {
  return take_task(std::move(tasks), std::move(options), false);
}

void Client::take_then(std::vector<std::string> tasks, TakeOptions options,
                       std::function<void(Result<Attempt>)> done) {
  auto words = client::task_take_words(tasks, options.flows);
  auto terms = client::with_agent_of_its_own(client::to_acquire_options(std::move(options)));
  client::begin_run(engine_, client::make_run(std::move(words), std::move(terms), true),
                    std::move(done));
}

Result<Reply> Client::try_flows(std::string_view prefix, FlowsOptions options) {
  Words words = {"FLOW.LIST", "COUNT", std::to_string(options.count)};
  if (!prefix.empty()) words.insert(words.end(), {"PREFIX", std::string(prefix)});
  if (options.dead_only) words.insert(words.end(), {"STATE", "DEAD"});
  if (!options.after.empty()) words.insert(words.end(), {"AFTER", options.after});
  return client::to_result(engine_->perform(client::make_read(std::move(words))));
}

Reply Client::flows(std::string_view prefix, FlowsOptions options) {
  return try_flows(prefix, std::move(options)).value();
}

}  // namespace turnstile
