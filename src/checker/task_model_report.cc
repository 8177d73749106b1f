// The naive model: what is reported of attempts, and what is decided from outside.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "checker/task_model.h"

namespace checker {

using base::Duration;
using base::Time;
using command::Code;
using command::Number;
using command::Refused;

namespace {

bool has_ended(const std::string& state) {
  return state == "completed" || state == "failed" || state == "skipped" || state == "cancelled";
}

/// What the executor has said himself.
bool is_said(const std::string& end) {
  return end == "completed" || end == "failed" || end == "retried" || end == "released";
}

}  // namespace

std::optional<TaskModel::Reply> TaskModel::refuse_report(const std::string& flow,
                                                         const std::string& task,
                                                         std::uint64_t token, Job*& job,
                                                         Attempt*& attempt) {
  job = find(flow, task);
  attempt = nullptr;
  if (job == nullptr) return Refused{Code::Stale, {}};
  for (Attempt& made : job->attempts) {
    if (made.token == token) attempt = &made;
  }
  if (attempt != nullptr && attempt->user != entry_->origin.user) {
    return Refused{Code::NotHolder, {}};
  }
  return std::nullopt;
}

/// Nobody took over, and nobody decided otherwise.
bool TaskModel::counts(const Job& job, std::uint64_t token) const {
  const bool is_open = job.state == "running" || job.state == "delayed" || job.state == "ready" ||
                       job.state == "dead";
  return is_open && job.token == token && !job.is_void;
}

/// That it came is recorded, once.
TaskModel::Reply TaskModel::late(Job&, Attempt* attempt, const char* said) {
  if (attempt != nullptr && !attempt->is_late) {
    changed_ = attempt->is_late = true;
    ++seen_[std::string("late ") + said];
  }
  return Refused{Code::Stale, {}};
}

TaskModel::Reply TaskModel::on(const command::TaskComplete& complete) {
  Job* job = nullptr;
  Attempt* attempt = nullptr;
  auto refused = refuse_report(complete.flow, complete.task, complete.token, job, attempt);
  if (refused) return *refused;
  if (attempt != nullptr && is_said(attempt->end)) {
    if (attempt->end == "completed" && job->result == complete.result) return Number{0};
    return Refused{attempt->end == "released" ? Code::Stale : Code::Conflict, {}};
  }
  if (attempt == nullptr || !counts(*job, complete.token)) return late(*job, attempt, "completed");
  for (const Job& behind : flows_.at(job->flow).jobs) {
    if (!behind.said.after) continue;
    std::size_t handed = 0;
    bool is_behind = false;
    for (const std::string& name : *behind.said.after) {
      handed += name == job->name ? complete.result.size() : find(job->flow, name)->result.size();
      is_behind = is_behind || name == job->name;
    }
    const auto most = static_cast<std::size_t>(rules_.limits.results_bytes);
    if (is_behind && handed > most) return Refused{Code::Limit, {}};
  }
  changed_ = true;
  stop(*job, "completed");
  job->result = complete.result;
  job->cause.clear();
  finish(*job, "completed");
  return Number{1};
}

TaskModel::Reply TaskModel::on(const command::TaskFail& fail) {
  Job* job = nullptr;
  Attempt* attempt = nullptr;
  if (auto refused = refuse_report(fail.flow, fail.task, fail.token, job, attempt)) return *refused;
  if (attempt != nullptr && is_said(attempt->end)) {
    const bool is_same = attempt->end == (fail.retry ? "retried" : "failed") ||
                         (fail.retry && attempt->end == "failed");
    if (is_same) return Number{0};
    return Refused{attempt->end == "released" ? Code::Stale : Code::Conflict, {}};
  }
  if (attempt == nullptr || !counts(*job, fail.token)) return late(*job, attempt, "failed");
  changed_ = true;
  const bool goes_on = fail.retry && job->used < *job->said.attempts;
  stop(*job, goes_on || (fail.retry && job->used < *job->said.attempts) ? "retried" : "failed");
  if (!goes_on) {
    finish(*job, "failed");
    return Number{1};
  }
  if (job->deadline_at == Time::never()) job->deadline_at = now_ + *job->said.deadline;
  retry(*job);
  return Number{1};
}

TaskModel::Reply TaskModel::on(const command::TaskRelease& release) {
  Job* job = nullptr;
  Attempt* attempt = nullptr;
  auto refused = refuse_report(release.flow, release.task, release.token, job, attempt);
  if (refused) return *refused;
  if (attempt != nullptr && attempt->end == "released") return Number{0};
  if (job->state != "running" || job->token != release.token) return Refused{Code::Stale, {}};
  changed_ = true;
  stop(*job, "released");
  --job->used;
  if (release.checkpoint) job->checkpoint = *release.checkpoint;
  if (release.delay == Duration()) {
    make_ready(*job);
  } else {
    job->state = "delayed";
    job->start_at = now_ + release.delay;
  }
  return Number{1};
}

TaskModel::Reply TaskModel::on(const command::TaskExtend& extend) {
  Job* job = nullptr;
  Attempt* attempt = nullptr;
  auto refused = refuse_report(extend.flow, extend.task, extend.token, job, attempt);
  if (refused) return *refused;
  if (job->state != "running" || job->token != extend.token) return Refused{Code::Stale, {}};
  changed_ = true;
  job->lease_end = now_ + extend.lease;
  const auto session = sessions_.find(entry_->origin.session);
  if (session != sessions_.end()) session->second.renewed = now_;
  return command::Renewed{job->token, left(job->session, job->lease_end)};
}

TaskModel::Reply TaskModel::on(const command::TaskResult& result) {
  const Job* job = find(result.flow, result.task);
  if (job != nullptr && has_ended(job->state)) {
    const bool is_completed = job->state == "completed";
    return command::Value(command::Value::Map{
        {"flow", job->flow},
        {"task", job->name},
        {"state", job->state},
        {"result", is_completed ? command::Value(job->result) : command::Value()}});
  }
  if (auto refused = refuse_asking(result.agent)) return *refused;
  command::Terms terms;
  terms.agent = result.agent;
  return enqueue(wait_of(Kind::Result, result.flow, {result.task}, terms), result.wait);
}

TaskModel::Reply TaskModel::on(const command::TaskCancel& asked) {
  Job* job = find(asked.flow, asked.task);
  if (job == nullptr || has_ended(job->state)) return Number{0};
  changed_ = true;
  cancel(*job, asked.reason);
  return Number{1};
}

TaskModel::Reply TaskModel::on(const command::TaskRedrive& redrive) {
  Job* job = find(redrive.flow, redrive.task);
  if (job == nullptr || job->state != "dead") return Number{0};
  changed_ = true;
  job->used = 0;
  job->state = "pending";
  job->deadline_at = now_ + *job->said.deadline;
  decide();
  return Number{1};
}

TaskModel::Reply TaskModel::on(const command::FlowCancel& asked) {
  const auto flow = flows_.find(asked.flow);
  if (flow == flows_.end()) return Number{0};
  std::int64_t count = 0;
  for (Job& job : flow->second.jobs) {
    if (has_ended(job.state)) continue;
    changed_ = true;
    cancel(job, asked.reason);
    ++count;
  }
  return Number{count};
}

TaskModel::Reply TaskModel::on(const command::FlowClose& asked) {
  const auto flow = flows_.find(asked.flow);
  if (flow == flows_.end() || flow->second.is_closed) return Number{0};
  changed_ = true;
  flow->second.is_closed = true;
  for (Job& job : flow->second.jobs) {
    if (job.state == "undeclared") skip(job, "", false);
  }
  return Number{1};
}

std::string TaskModel::difference(const state::Machine& machine) const {
  std::string here;
  std::string there;
  for (const auto& [name, flow] : flows_) {
    for (const Job& job : flow.jobs) {
      here += fmt::format(" {}/{} {} used {} token {} failure {} void {} after {}\n", name,
                          job.name, job.state, job.used, job.token, job.is_failure, job.is_void,
                          fmt::join(job.said.after.value_or(std::vector<std::string>()), ","));
    }
  }
  for (const auto& [name, flow] : machine.flows().all()) {
    std::map<std::uint64_t, const state::Task*> tasks;
    for (const auto& [task_name, task] : flow->tasks) tasks[task->id] = task.get();
    for (const auto& [id, task] : tasks) {
      std::vector<std::string> after;
      for (const state::Task* before : task->predecessors) after.push_back(before->name);
      there += fmt::format(" {}/{} {} used {} token {} failure {} void {} after {}\n", name,
                           task->name, state_name(task->state), task->attempts_used, task->token,
                           task->is_failure, task->is_token_void, fmt::join(after, ","));
    }
  }
  return here == there ? "" : "the rules:\n" + here + "the machine:\n" + there;
}

}  // namespace checker
