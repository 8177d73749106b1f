// The naive model: sessions, who waits and for whom, and two locks.
#include <fmt/format.h>

#include <algorithm>

#include "checker/task_model.h"

namespace checker {

using base::Duration;
using base::Time;
using command::Code;
using command::Number;
using command::Refused;

bool TaskModel::is_known_session() const {
  if (entry_->origin.session == 0) return true;
  const auto it = sessions_.find(entry_->origin.session);
  return it != sessions_.end() && it->second.user == entry_->origin.user;
}

/// What is left of a lease, of a session's time or of both.
Duration TaskModel::left(std::uint64_t session, Time lease_end) const {
  Duration left = lease_end - now_;
  const auto it = sessions_.find(session);
  if (it != sessions_.end()) {
    const Duration ttl = std::max(Duration(), it->second.renewed + it->second.ttl - now_);
    left = lease_end == Time::never() ? ttl : std::min(left, ttl);
  }
  return std::max(left, Duration());
}

TaskModel::Reply TaskModel::dispatch() {
  if (const auto* configure = std::get_if<command::Configure>(&entry_->command)) {
    rules_ = configure->rules;
    changed_ = true;
    return command::Done{};
  }
  const bool is_open = std::holds_alternative<command::SessionOpen>(entry_->command);
  if (!is_open && !is_known_session()) return Refused{Code::NoSession, {}};
  return std::visit([this](const auto& command) { return on(command); }, entry_->command);
}

/// No walk says it.
template <class C>
TaskModel::Reply TaskModel::on(const C&) {
  return command::Done{};
}

// --- sessions

TaskModel::Reply TaskModel::on(const command::SessionOpen& open) {
  changed_ = true;
  sessions_[entry_->index] = {entry_->origin.user, open.ttl, now_, {}};
  return command::Opened{entry_->index, open.ttl};
}

namespace {

/// The list of this name in a reply that is a map; empty if there is none.
command::Value::List list_in(const command::Reply& reply, std::string_view name) {
  const auto* value = std::get_if<command::Value>(&reply);
  const auto* map = value == nullptr ? nullptr : std::get_if<command::Value::Map>(&value->data);
  if (map == nullptr) return {};
  for (const auto& [key, item] : *map) {
    const auto* list = std::get_if<command::Value::List>(&item.data);
    if (key == name && list != nullptr) return *list;
  }
  return {};
}

std::set<std::uint64_t> tokens_in(const command::Reply& reply) {
  std::set<std::uint64_t> tokens;
  for (const command::Value& row : list_in(reply, "grants")) {
    for (const auto& [key, item] : std::get<command::Value::Map>(row.data)) {
      if (key == "token") {
        tokens.insert(static_cast<std::uint64_t>(std::get<std::int64_t>(item.data)));
      }
    }
  }
  return tokens;
}

}  // namespace

/// Who comes back is told what is his. What else is said of each grant and wait is not judged.
TaskModel::Reply TaskModel::on(const command::SessionAttach&) {
  const std::uint64_t id = entry_->origin.session;
  if (id == 0) return Refused{Code::NoSession, {}};
  changed_ = true;
  std::set<std::uint64_t> tokens;
  for (const auto& [name, flow] : flows_) {
    for (const Job& job : flow.jobs) {
      if (job.state == "running" && job.session == id) tokens.insert(job.token);
    }
  }
  for (const Lock& lock : locks_) {
    if (lock.origin.session == id) tokens.insert(lock.token);
  }
  const auto waits = static_cast<std::size_t>(std::count_if(
      waits_.begin(), waits_.end(), [&](const Wait& wait) { return wait.origin.session == id; }));
  command::Value::List grants = list_in(outcome_->reply, "grants");
  command::Value::List waiting = list_in(outcome_->reply, "waits");
  if (tokens_in(outcome_->reply) != tokens) {
    grants.clear();
    for (const std::uint64_t token : tokens) grants.emplace_back(token);
  }
  if (waiting.size() != waits) waiting = {command::Value(waits)};
  return command::Value(command::Value::Map{{"id", id},
                                            {"ttl", sessions_.at(id).ttl.ms()},
                                            {"grants", std::move(grants)},
                                            {"waits", std::move(waiting)}});
}

TaskModel::Reply TaskModel::on(const command::SessionKeepAlive&) {
  if (entry_->origin.session == 0) return Refused{Code::NoSession, {}};
  changed_ = true;
  return command::Opened{entry_->origin.session, sessions_.at(entry_->origin.session).ttl};
}

TaskModel::Reply TaskModel::on(const command::SessionClose&) {
  if (entry_->origin.session == 0) return Refused{Code::NoSession, {}};
  changed_ = true;
  end_session(entry_->origin.session, "closed");
  return command::Done{};
}

/// All of these, by their connections, then as they were asked; one may end others. False: there
/// are none.
template <class Predicate>
bool TaskModel::lose_waits(const Reply& reply, Predicate&& is_its) {
  bool is_any = false;
  while (true) {
    const Wait* first = nullptr;
    for (const Wait& wait : waits_) {
      const bool is_earlier =
          first == nullptr ||
          (wait.origin.session == 0 && wait.origin.connection < first->origin.connection);
      if (is_its(wait) && is_earlier) first = &wait;
    }
    if (first == nullptr) return is_any;
    is_any = true;
    lose_wait(first->id, reply);
  }
}

TaskModel::Reply TaskModel::on(const command::Disconnect&) {
  if (entry_->origin.session != 0) {
    changed_ = true;
    end_session(entry_->origin.session, "disconnected");
    return command::Done{};
  }
  changed_ = lose_waits(Refused{Code::Cancelled, {}}, [&](const Wait& wait) {
    return wait.origin.session == 0 && wait.origin.connection == entry_->origin.connection;
  });
  return command::Done{};
}

TaskModel::Reply TaskModel::on(const command::Start&) {
  changed_ = true;
  for (auto& [name, flow] : flows_) {
    for (Job& job : flow.jobs) job.connection = 0;
  }
  lose_waits(Refused{Code::Unavailable, {}},
             [](const Wait& wait) { return wait.origin.session == 0; });
  for (Wait& wait : waits_) wait.origin.connection = 0;
  return command::Done{};
}

void TaskModel::end_session(std::uint64_t id, const char* how) {
  lose_waits(Refused{Code::NoSession, {}},
             [&](const Wait& wait) { return wait.origin.session == id; });
  for (auto& [name, flow] : flows_) {
    for (Job& job : flow.jobs) {
      if (job.state == "running" && job.session == id) lose(job, "lost its session");
    }
  }
  for (const Lock& lock : locks_) {
    if (lock.origin.session == id && std::string(how) == "closed") unlocked_.insert(lock.token);
  }
  std::erase_if(locks_, [&](const Lock& lock) { return lock.origin.session == id; });
  const bool is_expired = std::string(how) == "expired";
  events_.push_back(command::SessionEnded{id, is_expired ? "expired" : "closed"});
  sessions_.erase(id);
}

// --- waits

std::optional<TaskModel::Reply> TaskModel::refuse_asking(const std::string& agent) const {
  const command::Origin& origin = entry_->origin;
  if (origin.session == 0 && !agent.empty()) return Refused{Code::Malformed, {}};
  for (const Wait& wait : waits_) {
    const bool is_own = wait.origin.session == origin.session &&
                        (origin.session != 0 || wait.origin.connection == origin.connection);
    const bool is_taken = !entry_->ticket.empty() && wait.ticket == entry_->ticket;
    if (is_own && is_taken) return Refused{Code::Conflict, {}};
  }
  return std::nullopt;
}

TaskModel::Wait TaskModel::wait_of(Kind kind, const std::string& flow,
                                   std::vector<std::string> names,
                                   const command::Terms& terms) const {
  Wait wait;
  wait.id = entry_->index;
  wait.kind = kind;
  wait.origin = entry_->origin;
  wait.request = entry_->request;
  wait.ticket = entry_->ticket;
  wait.flow = flow;
  wait.names = std::move(names);
  wait.priority = terms.priority;
  wait.agent = terms.agent;
  wait.place = {(now_ - rules_.ageing_step * terms.priority).us(), entry_->index};
  wait.asked = now_;
  return wait;
}

TaskModel::Reply TaskModel::enqueue(Wait wait, Duration length) {
  if (length == Duration()) return Refused{Code::Busy, {}};
  wait.give_up = now_ + length;
  waits_.push_back(std::move(wait));
  const auto* refused = std::get_if<Refused>(&outcome_->reply);
  const bool is_deadlock = refused != nullptr && refused->code == Code::Deadlock;
  if (is_deadlock && is_in_cycle(waits_.back())) {
    waits_.pop_back();
    return Refused{Code::Deadlock, {}};
  }
  changed_ = true;
  return command::Waiting{waits_.back().id};
}

void TaskModel::end_wait(std::uint64_t id, Reply reply) {
  const auto it =
      std::find_if(waits_.begin(), waits_.end(), [&](const Wait& wait) { return wait.id == id; });
  const Wait wait = *it;
  waits_.erase(it);
  if (Signal* at = signal(wait.kind, wait.names.front())) at->used = now_;
  for (auto& [name, flow] : flows_) {
    for (Job& job : flow.jobs) {
      if (job.preemptor != id) continue;
      if (job.state == "running" && job.warned == job.token) notice(job, "withdraw");
      job.preemptor = 0;
    }
  }
  const auto session = sessions_.find(wait.origin.session);
  if (wait.request != 0 && session != sessions_.end()) {
    auto& kept = session->second.kept;
    const auto* attempt = std::get_if<command::Attempt>(&reply);
    const auto* granted = std::get_if<command::Granted>(&reply);
    const auto answer = kept.find(wait.request);
    if (answer != kept.end() && (attempt != nullptr || granted != nullptr)) {
      answer->second.kind = "granted";
      answer->second.value = attempt != nullptr ? attempt->token : granted->token;
    } else if (generation_of(reply) && answer != kept.end() && wait.kind != Kind::Latch) {
      answer->second.kind = "signal";
      answer->second.value = *generation_of(reply);
    } else {
      kept.erase(wait.request);
    }
  }
  events_.push_back(command::WaitEnded{id, wait.origin.connection, wait.origin.session, wait.ticket,
                                       std::move(reply)});
}

TaskModel::Reply TaskModel::on(const command::Cancel& cancel) {
  for (const Wait& wait : waits_) {
    const command::Origin& origin = entry_->origin;
    const bool is_own = wait.origin.session == origin.session &&
                        (origin.session != 0 || wait.origin.connection == origin.connection);
    if (!is_own || wait.ticket != cancel.ticket) continue;
    changed_ = true;
    end_wait(wait.id, Refused{Code::Cancelled, {}});
    return Number{1};
  }
  return Number{0};
}

/// "lost", "preempt", and "withdraw" for a preemption that is taken back.
void TaskModel::notice(const Job& job, const char* kind) {
  const std::string name = kind;
  command::Value::Map details{{"token", job.token}};
  if (name != "lost") details.emplace_back("withdrawn", name == "withdraw");
  ++seen_["notice " + name];
  events_.push_back(command::Notice{job.session, job.connection,
                                    name == "lost" ? "lost" : "preempt", std::move(details)});
}

// --- deadlocks

/// Empty: nobody, of whom nothing can be said.
std::string TaskModel::agent_of(std::uint64_t session, const std::string& agent) const {
  if (session == 0) return "";
  const auto unnamed = std::count_if(waits_.begin(), waits_.end(), [&](const Wait& wait) {
    return wait.origin.session == session && wait.agent.empty();
  });
  if (agent.empty() && unnamed > 1) return "";
  return fmt::format("{}/{}", session, agent);
}

std::set<std::string> TaskModel::obstacles(const std::string& agent) const {
  std::set<std::string> found;
  for (const Wait& wait : waits_) {
    if (agent_of(wait.origin.session, wait.agent) != agent) continue;
    for (const Lock& lock : locks_) {
      const bool is_its = wait.kind == Kind::Lock && lock.key == wait.names.front();
      if (is_its) found.insert(agent_of(lock.origin.session, lock.agent));
    }
    for (const Wait& other : waits_) {
      const bool is_before = wait.kind == Kind::Lock && other.kind == Kind::Lock &&
                             other.names == wait.names && other.place < wait.place;
      if (is_before) found.insert(agent_of(other.origin.session, other.agent));
    }
    if (wait.kind != Kind::Join && wait.kind != Kind::Result) continue;
    std::vector<const Job*> jobs{find(wait.flow, wait.names.front())};
    for (std::size_t i = 0; i < jobs.size() && jobs.size() < 200; ++i) {
      const Job* job = jobs[i];
      if (job == nullptr) continue;
      if (job->state == "running") found.insert(agent_of(job->session, job->agent));
      if (job->state != "pending") continue;
      for (const std::string& name : *job->said.after) jobs.push_back(find(wait.flow, name));
    }
  }
  found.erase("");
  found.erase(agent);
  return found;
}

bool TaskModel::is_in_cycle(const Wait& wait) const {
  const std::string start = agent_of(wait.origin.session, wait.agent);
  if (start.empty()) return false;
  std::set<std::string> reached = obstacles(start);
  std::vector<std::string> open(reached.begin(), reached.end());
  while (!open.empty()) {
    const std::string agent = open.back();
    open.pop_back();
    if (agent == start) return true;
    for (const std::string& next : obstacles(agent)) {
      if (reached.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

// --- locks

TaskModel::Reply TaskModel::on(const command::LockAcquire& acquire) {
  if (entry_->origin.session == 0) return Refused{Code::Malformed, {}};
  if (auto refused = refuse_asking(acquire.agent.str())) return *refused;
  const std::string key = acquire.keys.front().key.str();
  const bool is_held =
      std::any_of(locks_.begin(), locks_.end(), [&](const Lock& lock) { return lock.key == key; });
  if (is_held) return enqueue(wait_of(Kind::Lock, "", {key}, acquire), acquire.wait);
  changed_ = true;
  locks_.push_back({key, entry_->index + given_++, entry_->origin, acquire.agent.str()});
  return command::Granted{locks_.back().token, sessions_.at(entry_->origin.session).ttl, {}};
}

TaskModel::Reply TaskModel::on(const command::LockRelease& release) {
  if (unlocked_.contains(release.token)) return Number{0};
  for (const Lock& lock : locks_) {
    if (lock.token != release.token || lock.key != release.key) continue;
    const bool is_own = lock.origin.session == entry_->origin.session;
    if (!is_own) return Refused{Code::NotHolder, {}};
    changed_ = true;
    unlocked_.insert(lock.token);
    std::erase_if(locks_, [&](const Lock& held) { return held.token == release.token; });
    return Number{1};
  }
  return Refused{Code::Stale, {}};
}

}  // namespace checker
