// For tests: the tasks of the toy server. One flow after another, no time: a task that is tried
// again is ready at once, and attempts end only when they are told to.
#pragma once

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/testing/task_answers.h"

namespace turnstile::client {

class ToyTasks {
 public:
  using Words = std::vector<std::string>;

  /// Replies to TASK.* and FLOW.*; what others are told of it gathers in take_pushes().
  std::string serve(const Words& words) {
    const std::string& name = words[0];
    if (name == "TASK.ADD") return declare(words), update(), "+OK\r\n";
    if (name == "TASK.JOIN") return declare(words), update(), ask(words, {words[2]}, words[1]);
    if (name == "TASK.TAKE") return ask(words, names_of(words, 1), {});
    if (name == "TASK.RESULT") return ask(words, {words[2]}, words[1]);
    if (name == "FLOW.INFO") return "%1\r\n" + bulk("flow") + bulk(words[1]);
    if (name == "FLOW.LIST") return "*1\r\n%1\r\n" + bulk("flow") + bulk("payment/1");
    if (name == "FLOW.CLOSE") return integer(1);
    if (name == "FLOW.CANCEL") return cancel_all(words[1]);
    Task* task = find(words[1], words[2]);
    if (task == nullptr) return "-STALE gone\r\n";
    if (name == "TASK.WHY") return "%1\r\n" + bulk("why") + "*1\r\n" + bulk("it is " + task->state);
    if (name == "TASK.CANCEL") return cancel(*task);
    if (name == "TASK.REDRIVE") return integer(0);
    const std::string reply = on_attempt(*task, words);
    update();
    return reply;
  }

  std::string take_pushes() { return std::exchange(pushes_, {}); }

  /// Withdraws a wait; empty if there is none.
  std::string withdraw(const std::string& ticket) {
    const auto gone = std::erase_if(asks_, [&](const Ask& ask) { return ask.ticket == ticket; });
    return gone == 0 ? std::string() : push(ticket, "-CANCELLED withdrawn\r\n") + integer(1);
  }

  void list(std::vector<std::string>& grants, std::vector<std::string>& waits) const {
    for (const Task& task : tasks_) {
      if (task.state != "running") continue;
      grants.push_back(listed_task(task.token, task.flow, task.name, task.request));
    }
    for (const Ask& ask : asks_) waits.push_back(listed_wait(ask.ticket, ask.flow, ask.request));
  }

  /// All attempts are over, as if their time-out had passed; whoever waits is forgotten.
  void end_attempts() {
    asks_.clear();
    for (Task& task : tasks_) {
      if (task.state == "running") task.state = "ready", ++task.number;
    }
  }
  /// Somebody else runs it now.
  void take_over(const std::string& flow, const std::string& name) {
    find(flow, name)->token = ++last_token_;
  }
  std::int64_t token_of(const std::string& flow, const std::string& name) {
    const Task* task = find(flow, name);
    return task == nullptr ? 0 : task->token;
  }
  std::string state_of(const std::string& flow, const std::string& name) {
    const Task* task = find(flow, name);
    return task == nullptr ? "" : task->state;
  }
  std::string said_of(const std::string& flow, const std::string& name) {
    return find(flow, name)->said;
  }
  int extensions() const { return extensions_; }
  /// How many wait in a pool or for a task.
  std::size_t waiting() const { return asks_.size(); }
  /// The names of all tasks in the order in which they completed.
  const Words& completed() const { return completed_; }

 private:
  struct Task {
    std::string flow;
    std::string name;
    std::string state = "placeholder";
    std::string when = "COMPLETED";
    std::string input;
    std::string checkpoint;
    std::string said;  ///< the result or the reason
    Words after;
    std::int64_t number = 1;
    std::int64_t attempts = 5;
    std::int64_t timeout = 60'000;
    std::int64_t token = 0;
    std::int64_t request = 0;
    bool is_by_failure = false;
    std::string last_end;  ///< the command that ended the newest attempt
  };
  struct Ask {
    std::string command;
    Words names;
    std::string flow;
    std::string prefix;
    std::string ticket;
    std::int64_t request = 0;
  };

  static std::string option(const Words& words, std::string_view name) {
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
      if (words[i] == name) return words[i + 1];
    }
    return {};
  }
  static Words names_of(const Words& words, std::size_t at) {
    const auto count = std::stol(words[at]);
    const auto first = words.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    return {first, first + count};
  }
  static bool has_ended(const Task& task) {
    return task.state == "completed" || task.state == "failed" || task.state == "skipped" ||
           task.state == "cancelled";
  }
  static bool has_failed(const Task& task) { return task.state == "failed" || task.is_by_failure; }

  Task* find(const std::string& flow, const std::string& name) {
    for (Task& task : tasks_) {
      if (task.flow == flow && task.name == name) return &task;
    }
    return nullptr;
  }
  Task& make(const std::string& flow, const std::string& name) {
    if (Task* task = find(flow, name)) return *task;
    tasks_.emplace_back();
    tasks_.back().flow = flow;
    tasks_.back().name = name;
    return tasks_.back();
  }

  void declare(const Words& words) {
    Task& task = make(words[1], words[2]);
    if (task.state != "placeholder") return;
    task.state = "pending";
    const auto after = std::ranges::find(words, "AFTER");
    if (after != words.end()) {
      task.after = names_of(words, static_cast<std::size_t>(after - words.begin()) + 1);
    } else if (!last_declared_[words[1]].empty()) {
      task.after = {last_declared_[words[1]]};
    }
    last_declared_[words[1]] = words[2];
    task.input = option(words, "INPUT");
    if (const auto when = option(words, "WHEN"); !when.empty()) task.when = when;
    if (const auto n = option(words, "ATTEMPTS"); !n.empty()) task.attempts = std::stol(n);
    if (const auto n = option(words, "TIMEOUT"); !n.empty()) task.timeout = std::stol(n);
    for (const std::string& name : Words(task.after)) make(words[1], name);
  }

  /// Lets one thing lead to the next, until nothing does any more.
  void update() {
    while (std::ranges::any_of(tasks_, [this](Task& task) { return decide(task); })) {
    }
    for (auto ask = asks_.begin(); ask != asks_.end();) {
      const std::string outcome = answer(*ask);
      if (!outcome.empty()) pushes_ += push(ask->ticket, outcome);
      ask = outcome.empty() ? ask + 1 : asks_.erase(ask);
    }
  }
  bool decide(Task& task) {
    if (task.state != "pending") return false;
    bool all_ended = true;
    bool one_failed = false;
    bool one_did_not = false;
    for (const std::string& name : task.after) {
      const Task& before = *find(task.flow, name);
      all_ended &= has_ended(before);
      one_failed |= has_failed(before);
      one_did_not |= has_ended(before) && before.state != "completed";
    }
    const bool is_hopeless = (task.when == "COMPLETED" && one_did_not) ||
                             (task.when == "FAILED" && all_ended && !one_failed);
    if (is_hopeless) {
      task.is_by_failure = one_failed;
      task.state = "skipped";
    } else if (all_ended) {
      task.state = "ready";
    }
    return task.state != "pending";
  }

  std::string ask(const Words& words, Words names, std::string flow) {
    Ask ask{.command = words[0],
            .names = std::move(names),
            .flow = std::move(flow),
            .prefix = option(words, "FLOWS"),
            .ticket = option(words, "ASYNC"),
            .request = std::stol("0" + option(words, "REQUEST"))};
    for (const Task& task : tasks_) {
      const bool is_repeat = ask.request != 0 && task.request == ask.request;
      if (is_repeat && task.state == "running") return hand_out(task);
    }
    std::string outcome = answer(ask);
    if (!outcome.empty()) return outcome;
    if (ask.ticket.empty()) return "-BUSY not yet\r\n";
    std::erase_if(asks_, [&](const Ask& other) { return other.request == ask.request; });
    asks_.push_back(std::move(ask));
    return std::string(kQueued);
  }
  /// Empty if it has to wait.
  std::string answer(const Ask& ask) {
    for (Task& task : tasks_) {
      const bool is_it =
          ask.flow.empty() ? task.flow.starts_with(ask.prefix) : task.flow == ask.flow;
      if (!is_it || std::ranges::count(ask.names, task.name) == 0) continue;
      if (ask.command == "TASK.RESULT" && has_ended(task))
        return ended(task.name, task.state, task.said);
      if (ask.command == "TASK.JOIN" && has_ended(task)) return "-ENDED it " + task.state + "\r\n";
      if (ask.command == "TASK.RESULT" || task.state != "ready") continue;
      task.state = "running";
      task.token = ++last_token_;
      task.request = ask.request;
      task.last_end.clear();
      return hand_out(task);
    }
    return {};
  }
  std::string hand_out(const Task& task) {
    Words results;
    for (const std::string& name : task.after) {
      const Task& before = *find(task.flow, name);
      results.push_back(ended(name, before.state, before.said));
    }
    return assigned(task.token, task.flow, task.name, task.timeout, results, task.input,
                    task.checkpoint, task.number);
  }

  std::string on_attempt(Task& task, const Words& words) {
    const bool is_newest = task.token == std::stol(words[3]);
    const bool is_running = task.state == "running" && is_newest;
    if (words[0] == "TASK.EXTEND") {
      if (!is_running) return "-STALE it is not yours\r\n";
      ++extensions_;
      return extended(task.token, std::stol(words[4]));
    }
    if (is_newest && task.last_end == words[0]) {
      const bool is_same = words[0] == "TASK.RELEASE" || task.said == words[4];
      return is_same ? integer(0) : "-CONFLICT it ended otherwise\r\n";
    }
    const bool may_end = is_running || (task.state == "ready" && words[0] != "TASK.RELEASE");
    if (!is_newest || !may_end) return "-STALE somebody else runs it, or it has ended\r\n";
    end(task, words);
    return integer(1);
  }
  void end(Task& task, const Words& words) {
    task.last_end = words[0];
    if (words[0] == "TASK.RELEASE") {
      task.state = "ready";
      if (const auto checkpoint = option(words, "CHECKPOINT"); !checkpoint.empty()) {
        task.checkpoint = checkpoint;
      }
      return;
    }
    task.said = words[4];
    if (words[0] == "TASK.COMPLETE") completed_.push_back(task.name);
    const bool is_retry = words.size() > 5 && words[5] == "RETRY" && task.number < task.attempts;
    if (is_retry) ++task.number;
    task.state = is_retry ? "ready" : words[0] == "TASK.COMPLETE" ? "completed" : "failed";
  }

  std::string cancel(Task& task) {
    if (has_ended(task)) return integer(0);
    if (task.state == "running") {
      pushes_ += ">3\r\n" + bulk("turnstile-notice") + bulk("lost") + "%2\r\n" + bulk("token") +
                 integer(task.token) + bulk("cause") + bulk("cancelled");
    }
    task.state = "cancelled";
    update();
    return integer(1);
  }
  std::string cancel_all(const std::string& flow) {
    std::int64_t count = 0;
    for (Task& task : tasks_) {
      if (task.flow == flow && cancel(task) == integer(1)) ++count;
    }
    return integer(count);
  }

  std::list<Task> tasks_;
  std::deque<Ask> asks_;
  std::map<std::string, std::string> last_declared_;
  Words completed_;
  std::string pushes_;
  std::int64_t last_token_ = 100;
  int extensions_ = 0;
};

}  // namespace turnstile::client
