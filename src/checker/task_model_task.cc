// The naive model: what tasks do.
#include <algorithm>

#include "checker/task_model.h"

namespace checker {

using base::Duration;
using base::Time;
using command::Code;
using command::Number;
using command::Refused;
using command::When;

namespace {

bool has_ended(const std::string& state) {
  return state == "completed" || state == "failed" || state == "skipped" || state == "cancelled";
}

std::set<std::string> set_of(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

}  // namespace

TaskModel::Job* TaskModel::find(const std::string& flow, const std::string& task) {
  return const_cast<Job*>(std::as_const(*this).find(flow, task));
}

const TaskModel::Job* TaskModel::find(const std::string& flow, const std::string& task) const {
  const auto it = flows_.find(flow);
  if (it == flows_.end()) return nullptr;
  for (const Job& job : it->second.jobs) {
    if (job.name == task) return &job;
  }
  return nullptr;
}

// --- declaring

std::optional<TaskModel::Reply> TaskModel::refuse_words(const command::Declaration& asked,
                                                        std::optional<std::uint8_t> priority) {
  const auto flow = flows_.find(asked.flow);
  const Job* job = find(asked.flow, asked.task);
  const Refused conflict{Code::Conflict, {}};
  if (job != nullptr && job->is_declared) {
    const command::Declaration& said = job->said;
    const bool is_other = (asked.after && set_of(*asked.after) != set_of(*said.after)) ||
                          (asked.when && asked.when != said.when) ||
                          (asked.on_dead && asked.on_dead != said.on_dead) ||
                          (asked.timeout && asked.timeout != said.timeout) ||
                          (asked.attempts && asked.attempts != said.attempts) ||
                          (asked.backoff && asked.backoff != said.backoff) ||
                          (asked.delay && asked.delay != said.delay) ||
                          (asked.deadline && asked.deadline != said.deadline) ||
                          (asked.input && asked.input != said.input) ||
                          (priority && *priority != job->priority);
    return is_other ? std::optional<Reply>(conflict) : std::nullopt;
  }
  if (job != nullptr && has_ended(job->state)) return Refused{Code::Ended, {}};
  if (flow == flows_.end()) return std::nullopt;
  if (flow->second.is_closed) return conflict;
  std::vector<std::string> after = asked.after.value_or(std::vector<std::string>());
  if (!asked.after && job == nullptr && !flow->second.last.empty()) after = {flow->second.last};
  std::size_t handed = 0;
  for (const std::string& name : after) {
    const Job* before = find(asked.flow, name);
    if (before != nullptr) handed += before->result.size();
  }
  if (handed > static_cast<std::size_t>(rules_.limits.results_bytes)) {
    return Refused{Code::Limit, {}};
  }
  std::vector<std::string> reached = after;  // all that it would come after
  for (std::size_t i = 0; i < reached.size(); ++i) {
    if (reached[i] == asked.task) return conflict;
    const Job* before = find(asked.flow, reached[i]);
    if (before == nullptr || !before->said.after || reached.size() > 200) continue;
    for (const std::string& name : *before->said.after) {
      if (std::find(reached.begin(), reached.end(), name) == reached.end()) reached.push_back(name);
    }
  }
  return std::nullopt;
}

TaskModel::Job& TaskModel::declare(const command::Declaration& asked, std::uint8_t priority) {
  Job* known = find(asked.flow, asked.task);
  if (known != nullptr && known->is_declared) return *known;
  changed_ = true;
  Flow& flow = flows_[asked.flow];
  std::vector<std::string> after = asked.after.value_or(std::vector<std::string>());
  if (!asked.after && known == nullptr && !flow.last.empty()) after = {flow.last};
  for (const std::string& name : after) {
    if (find(asked.flow, name) != nullptr) continue;
    Job& job = flow.jobs.emplace_back();
    job.id = ++last_id_;
    job.flow = asked.flow;
    job.name = name;
    job.deadline_at = Time::never();
  }
  if (known == nullptr) {
    known = &flow.jobs.emplace_back();
    known->id = ++last_id_;
    known->flow = asked.flow;
    known->name = asked.task;
  }
  known->said = asked;
  command::Declaration& said = known->said;
  said.after = after;
  said.when = asked.when.value_or(When::Completed);
  said.on_dead = asked.on_dead.value_or(command::OnDead::Hold);
  said.timeout = asked.timeout.value_or(Duration::from_seconds(60));
  said.attempts = asked.attempts.value_or(5);
  said.backoff =
      asked.backoff.value_or(command::Backoff{Duration::from_ms(100), Duration::from_seconds(30)});
  said.delay = asked.delay.value_or(Duration());
  said.deadline = asked.deadline.value_or(Duration::from_seconds(86'400));
  said.input = asked.input.value_or("");
  known->is_declared = true;
  known->priority = priority;
  known->declared = now_;
  known->deadline_at = now_ + *said.deadline;
  known->state = "pending";
  flow.last = known->name;
  decide();
  return *known;
}

// --- from state to state

void TaskModel::decide() {
  bool again = true;
  while (again) {
    again = false;
    for (auto& [name, flow] : flows_) {
      for (Job& job : flow.jobs) again = decide(job) || again;
    }
  }
}

/// Whether anything has come of it.
bool TaskModel::decide(Job& job) {
  if (job.state != "pending") return false;
  bool all_ended = true;
  bool any_failed = false;
  for (const std::string& name : *job.said.after) {
    const Job& before = *find(job.flow, name);
    all_ended = all_ended && has_ended(before.state);
    any_failed = any_failed || before.is_failure;
    const bool is_missing = has_ended(before.state) && before.state != "completed";
    if (*job.said.when == When::Completed && is_missing) {
      skip(job, before.cause, before.is_failure);
      return true;
    }
  }
  if (!all_ended) return false;
  if (*job.said.when == When::Failed && !any_failed) {
    skip(job, "", false);
  } else if (job.declared + *job.said.delay > now_) {
    job.state = "delayed";
    job.start_at = job.declared + *job.said.delay;
  } else {
    make_ready(job);
  }
  return true;
}

void TaskModel::make_ready(Job& job) {
  if (!job.ready) job.ready = Place{(now_ - rules_.ageing_step * job.priority).us(), job.id};
  job.state = "ready";
}

void TaskModel::stop(Job& job, const char* end) {
  job.attempts.back().end = end;
  ++seen_[std::string("end ") + end];
}

/// The draw is the machine's; here it is only judged.
void TaskModel::retry(Job& job) {
  Duration most = job.said.backoff->first;
  for (std::int64_t i = 1; i < job.used; ++i) most = std::min(most * 2, job.said.backoff->max);
  most = std::min(most, job.said.backoff->max);
  const state::Task* there = machine_->flows().find(job.flow, job.name);
  if (there == nullptr || there->state != state::TaskState::Delayed) return make_ready(job);
  job.state = "delayed";
  job.start_at = there->start_at;
  if (job.start_at < now_ || job.start_at > now_ + most) job.state = "delayed too long";
}

void TaskModel::finish(Job& job, const char* state) {
  job.is_failure = job.is_failure || std::string(state) == "failed";
  job.state = state;
  job.deadline_at = Time::never();
  std::vector<std::pair<std::uint64_t, Reply>> told;
  for (const Wait& wait : waits_) {
    if (wait.flow != job.flow || wait.names.front() != job.name) continue;
    if (wait.kind == Kind::Join) told.emplace_back(wait.id, Refused{Code::Ended, {}});
    if (wait.kind == Kind::Result)
      told.emplace_back(wait.id, on(command::TaskResult{job.flow, job.name, {}, {}}));
  }
  for (auto& [id, reply] : told) end_wait(id, std::move(reply));
}

void TaskModel::skip(Job& job, std::string cause, bool is_failure) {
  job.cause = std::move(cause);
  job.is_failure = is_failure;
  job.is_void = true;
  finish(job, "skipped");
}

void TaskModel::die(Job& job, std::string cause) {
  if (*job.said.on_dead == command::OnDead::Skip) return skip(job, std::move(cause), false);
  job.state = "dead";
  job.deadline_at = Time::never();
}

/// The attempt ends without a report.
void TaskModel::lose(Job& job, const char* end) {
  stop(job, end);
  job.state = "pending";
  if (std::string(end) == "preempted") {
    --job.used;
    return make_ready(job);
  }
  if (job.used < *job.said.attempts) return retry(job);
  die(job, "");
}

void TaskModel::cancel(Job& job, const std::string& reason) {
  if (job.state == "running") {
    notice(job, "lost");
    stop(job, "cancelled");
  }
  job.cause = reason;
  job.is_void = true;
  finish(job, "cancelled");
}

// --- who runs it

/// Joined, or in a pool: who came first.
TaskModel::Wait* TaskModel::candidate(const Job& job) {
  Wait* first = nullptr;
  for (Wait& wait : waits_) {
    const bool knows =
        std::find(wait.names.begin(), wait.names.end(), job.name) != wait.names.end();
    const bool joined = wait.kind == Kind::Join && wait.flow == job.flow;
    const bool takes = wait.kind == Kind::Take && job.flow.starts_with(wait.flow);
    if (knows && (joined || takes) && (first == nullptr || wait.place < first->place)) {
      first = &wait;
    }
  }
  return first;
}

void TaskModel::start_ready() {
  std::vector<Job*> ready;
  for (auto& [name, flow] : flows_) {
    for (Job& job : flow.jobs) {
      if (job.state == "ready") ready.push_back(&job);
    }
  }
  std::sort(ready.begin(), ready.end(), [](Job* a, Job* b) { return *a->ready < *b->ready; });
  for (Job* job : ready) {
    Wait* wait = candidate(*job);
    if (wait != nullptr) end_wait(wait->id, start(*job, *wait));
  }
}

command::Attempt TaskModel::start(Job& job, const Wait& wait) {
  job.token = entry_->index + given_++;
  job.lease_end = now_ + *job.said.timeout;
  job.is_void = false;
  job.state = "running";
  job.session = wait.origin.session;
  job.connection = wait.origin.connection;
  job.agent = wait.agent;
  job.asked_priority = wait.priority;
  job.attempts.push_back({job.token, ++job.used, wait.origin.user, "", false});
  if (job.attempts.size() > 16) job.attempts.erase(job.attempts.begin());
  const auto session = sessions_.find(job.session);
  if (session != sessions_.end()) session->second.renewed = now_;
  return attempt_of(job, now_ - wait.asked);
}

command::Attempt TaskModel::attempt_of(const Job& job, Duration waited) const {
  command::Attempt attempt{
      job.flow, job.name,        job.used,       job.token, left(job.session, job.lease_end),
      waited,   *job.said.input, job.checkpoint, {}};
  for (const std::string& name : *job.said.after) {
    const Job& before = *find(job.flow, name);
    attempt.outcomes.push_back({name, before.state, before.result});
  }
  return attempt;
}

TaskModel::Reply TaskModel::on(const command::TaskAdd& add) {
  if (auto refused = refuse_words(add, add.priority)) return *refused;
  declare(add, add.priority.value_or(0));
  return command::Done{};
}

TaskModel::Reply TaskModel::on(const command::TaskJoin& join) {
  if (auto refused = refuse_words(join, std::nullopt)) return *refused;
  if (auto refused = refuse_asking(join.agent.str())) return *refused;
  Job& job = declare(join, join.priority);
  if (has_ended(job.state)) return Refused{Code::Ended, {}};
  Wait wait = wait_of(Kind::Join, join.flow, {join.task}, join);
  wait.grace = join.preemption;
  const Wait* other = candidate(job);
  if (job.state == "ready" && (other == nullptr || wait.place < other->place)) {
    changed_ = true;
    return start(job, wait);
  }
  return enqueue(std::move(wait), join.wait);
}

TaskModel::Reply TaskModel::on(const command::TaskTake& take) {
  if (auto refused = refuse_asking(take.agent.str())) return *refused;
  Wait wait = wait_of(Kind::Take, take.flows, take.tasks, take);
  Job* first = nullptr;
  for (auto& [name, flow] : flows_) {
    if (!name.starts_with(take.flows)) continue;
    for (Job& job : flow.jobs) {
      if (job.state != "ready" || !set_of(take.tasks).contains(job.name)) continue;
      if (first == nullptr || *job.ready < *first->ready) first = &job;
    }
  }
  if (first == nullptr) return enqueue(std::move(wait), take.wait);
  changed_ = true;
  return start(*first, wait);
}

}  // namespace checker
