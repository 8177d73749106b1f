// Hand-offs through the tasks of a flow. A process asks for its next task in the same breath as it
// completes one, so that both are made durable together. A ring goes on in a new flow after some
// laps, and the old one is closed, so that none grows without end; see baton.h.
#include <fmt/format.h>

#include <stdexcept>
#include <string_view>
#include <utility>

#include "bare_connection.h"
#include "baton.h"
#include "resp/value.h"

namespace bench {
namespace {

constexpr std::uint64_t kTasksPerFlow = std::uint64_t{100} * kRingSize;

class TaskBaton final : public Baton {
 public:
  TaskBaton(std::uint16_t port, const std::string& ring) : ring_(ring), connection_(port) {}

  std::string take(std::uint64_t number) override {
    const std::uint64_t mine = number + 1;
    if (!asked_for(mine)) {
      ask_for(mine);
      connection_.flush();
    }
    read_completion();
    const resp::Value answer = checked(connection_.read());
    if (begins_flow(mine)) {
      connection_.call({"FLOW.CLOSE", flow_of(number)});
      return result_in(answer);
    }
    start(answer);
    return result_in(answer.find("results")->items.at(0));
  }

  void hand_on(std::uint64_t number, const std::string& result) override {
    const std::string flow = flow_of(number);
    const std::string task = task_of(number);
    if (begins_flow(number)) start(connection_.call({"TASK.JOIN", flow, task, "AFTER", "0"}));
    connection_.append({"TASK.COMPLETE", flow, task, token_, result});
    is_completing_ = true;
    ask_for(number + kRingSize);
    connection_.flush();
  }

  void finish() override { read_completion(); }

 private:
  std::string flow_of(std::uint64_t number) const {
    return fmt::format("{}/{}", ring_, number / kTasksPerFlow);
  }
  static std::string task_of(std::uint64_t number) {
    return std::to_string(number % kTasksPerFlow);
  }
  static bool begins_flow(std::uint64_t number) { return number % kTasksPerFlow == 0; }

  bool asked_for(std::uint64_t number) const { return asked_ == number; }

  /// Asks to run task `number` once the one before it has completed. No task of a flow can wait for
  /// one of another, so the process that begins a flow asks for the last result of the old one.
  void ask_for(std::uint64_t number) {
    asked_ = number;
    const std::string before = task_of(number - 1);
    if (begins_flow(number)) {
      connection_.append({"TASK.RESULT", flow_of(number - 1), before, "WAIT", wait_});
    } else {
      connection_.append(
          {"TASK.JOIN", flow_of(number), task_of(number), "AFTER", "1", before, "WAIT", wait_});
    }
  }

  void read_completion() {
    if (std::exchange(is_completing_, false)) checked(connection_.read());
  }

  static resp::Value checked(resp::Value reply) {
    if (reply.is_error()) throw std::runtime_error(reply.text);
    return reply;
  }

  void start(const resp::Value& attempt) {
    token_ = std::to_string(attempt.find("token")->as_integer().value());
  }

  static std::string result_in(const resp::Value& task) {
    return std::string(task.find("result")->as_string().value_or(std::string_view()));
  }

  const std::string ring_;
  const std::string wait_ = std::to_string(kRingPatience.count());
  BareConnection connection_;
  std::string token_;
  std::uint64_t asked_ = 0;  ///< the task that was asked for last
  bool is_completing_ = false;
};

}  // namespace

std::unique_ptr<Baton> make_task_baton(std::uint16_t port, const std::string& ring) {
  return std::make_unique<TaskBaton>(port, ring);
}

}  // namespace bench
