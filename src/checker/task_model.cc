// The naive model: one entry from end to end, who waits, and what falls due.
#include "checker/task_model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "command/reply_text.h"

namespace checker {

using base::Duration;
using base::Time;
using command::Code;
using command::Number;
using command::Refused;

namespace {

/// In words, without the sentences that are for people.
std::string said(command::Reply reply) {
  if (const auto* refused = std::get_if<Refused>(&reply)) {
    return std::string(command::error_info(refused->code).wire);
  }
  if (auto* attempt = std::get_if<command::Attempt>(&reply)) {
    for (auto& outcome : attempt->outcomes) {
      if (outcome.state != "completed") outcome.result.clear();
    }
  }
  if (auto* value = std::get_if<command::Value>(&reply)) {
    auto* map = std::get_if<command::Value::Map>(&value->data);
    if (map != nullptr)
      std::erase_if(*map, [](const auto& item) { return item.first == "reason"; });
  }
  return exact_text_of(reply);
}

}  // namespace

TaskModel::Answer TaskModel::answer_of(const command::Outcome& outcome) {
  Answer answer{said(outcome.reply), outcome.changed, {}, {}};
  for (const command::Event& event : outcome.events) {
    if (const auto* ended = std::get_if<command::WaitEnded>(&event)) {
      const bool is_grant = std::holds_alternative<command::Attempt>(ended->reply) ||
                            std::holds_alternative<command::Granted>(ended->reply);
      (is_grant ? answer.grants : answer.others)
          .push_back(fmt::format("{} of {}/{} '{}': {}", ended->waiter, ended->session,
                                 ended->connection, ended->ticket, said(ended->reply)));
    } else if (const auto* notice = std::get_if<command::Notice>(&event)) {
      std::string text =
          fmt::format("{} to {}/{}", notice->kind, notice->session, notice->connection);
      for (const auto& [name, item] : notice->details) {
        if (name == "token" || name == "withdrawn") text += " " + text_of(item);
      }
      answer.others.push_back(text);
    } else {
      answer.others.push_back(exact_text_of(event));
    }
  }
  std::sort(answer.others.begin(), answer.others.end());
  return answer;
}

TaskModel::Answer TaskModel::apply(const command::Entry& entry, const command::Outcome& outcome,
                                   const state::Machine& machine) {
  entry_ = &entry;
  outcome_ = &outcome;
  machine_ = &machine;
  now_ = entry.now;
  changed_ = false;
  given_ = 0;
  events_.clear();
  auto repeated = repeat();
  Reply reply = repeated ? *repeated : dispatch();
  const bool is_kept =
      !std::holds_alternative<Refused>(reply) && !std::holds_alternative<command::Value>(reply);
  if (!repeated && entry.request != 0 && is_kept) changed_ = true;
  if (!repeated && changed_) remember(reply);
  if (changed_) settle();
  if (const auto* waiting = std::get_if<command::Waiting>(&reply)) {
    const auto at_once = std::find_if(events_.begin(), events_.end(), [&](const auto& event) {
      const auto* ended = std::get_if<command::WaitEnded>(&event);
      return ended != nullptr && ended->waiter == waiting->waiter;
    });
    if (at_once != events_.end()) {
      reply = Reply(std::get<command::WaitEnded>(*at_once).reply);
      events_.erase(at_once);
    }
  }
  const auto session = sessions_.find(entry.origin.session);
  if (changed_ && session != sessions_.end()) session->second.renewed = now_;
  return answer_of({std::move(reply), changed_, events_});
}

// --- repeats

std::optional<TaskModel::Reply> TaskModel::repeat() {
  if (entry_->request == 0) return std::nullopt;
  if (!is_known_session()) return Refused{Code::NoSession, {}};
  if (entry_->origin.session == 0) return Refused{Code::Malformed, {}};
  auto& kept = sessions_.at(entry_->origin.session).kept;
  const auto it = kept.find(entry_->request);
  if (it == kept.end()) return std::nullopt;
  const Kept& answer = it->second;
  if (answer.fingerprint != command::fingerprint(entry_->command)) {
    return Refused{Code::Conflict, {}};
  }
  if (answer.kind == "done") return command::Done{};
  if (answer.kind == "number") return Number{static_cast<std::int64_t>(answer.value)};
  if (answer.kind == "alive") return std::nullopt;
  if (answer.kind == "signal") return repeated_signal(answer.value);
  if (answer.kind == "waiting") {
    for (Wait& wait : waits_) {
      if (wait.id != answer.value) continue;
      for (const Wait& other : waits_) {
        const bool is_taken = &other != &wait && !entry_->ticket.empty() &&
                              other.origin.session == wait.origin.session &&
                              other.ticket == entry_->ticket;
        if (is_taken) return Refused{Code::Conflict, {}};
      }
      changed_ = true;
      wait.ticket = entry_->ticket;
      wait.origin.connection = entry_->origin.connection;
      wait.asked = now_;
      return command::Waiting{wait.id};
    }
  }
  for (const auto& [name, flow] : flows_) {
    for (const Job& job : flow.jobs) {
      if (job.state != "running" || job.token != answer.value) continue;
      if (answer.kind == "granted") return attempt_of(job, Duration());
      return command::Renewed{job.token, left(job.session, job.lease_end)};
    }
  }
  for (const Lock& lock : locks_) {
    if (lock.token != answer.value) continue;
    return command::Granted{lock.token, left(lock.origin.session, Time::never()), {}};
  }
  return Refused{Code::Lost, {}};
}

void TaskModel::remember(const Reply& reply) {
  const auto session = sessions_.find(entry_->origin.session);
  if (entry_->request == 0 || session == sessions_.end()) return;
  Kept kept{"done", 0, command::fingerprint(entry_->command)};
  if (std::holds_alternative<Refused>(reply)) return;
  if (const auto* number = std::get_if<Number>(&reply)) {
    kept = {"number", static_cast<std::uint64_t>(number->value), kept.fingerprint};
  } else if (const auto* waiting = std::get_if<command::Waiting>(&reply)) {
    kept = {"waiting", waiting->waiter, kept.fingerprint};
  } else if (const auto* attempt = std::get_if<command::Attempt>(&reply)) {
    kept = {"granted", attempt->token, kept.fingerprint};
  } else if (const auto* granted = std::get_if<command::Granted>(&reply)) {
    kept = {"granted", granted->token, kept.fingerprint};
  } else if (const auto* renewed = std::get_if<command::Renewed>(&reply)) {
    kept = {"renewed", renewed->token, kept.fingerprint};
  } else if (std::holds_alternative<command::Opened>(reply)) {
    kept = {"alive", 0, kept.fingerprint};
  } else if (const auto generation = generation_of(reply)) {
    kept = {"signal", *generation, kept.fingerprint};
  }
  session->second.kept[entry_->request] = kept;
}

// --- what follows

void TaskModel::settle() {
  decide();
  start_ready();
  grant_locks();
  take_victims();
  review_preemption();
  review_flows();
  review_signals();
}

void TaskModel::grant_locks() {
  while (true) {
    Wait* first = nullptr;
    for (Wait& wait : waits_) {
      if (wait.kind != Kind::Lock) continue;
      const bool is_held = std::any_of(locks_.begin(), locks_.end(), [&](const Lock& lock) {
        return lock.key == wait.names.front();
      });
      if (!is_held && (first == nullptr || wait.place < first->place)) first = &wait;
    }
    if (first == nullptr) return;
    const std::uint64_t session = first->origin.session;
    locks_.push_back({first->names.front(), entry_->index + given_++, first->origin, first->agent});
    sessions_.at(session).renewed = now_;
    end_wait(first->id, command::Granted{locks_.back().token, left(session, Time::never()),
                                         now_ - first->asked});
  }
}

/// Those whom the machine refuses, if they do stand in a cycle.
void TaskModel::take_victims() {
  // The wait that began in this entry, if what else the entry did has closed the cycle.
  const auto* reply = std::get_if<Refused>(&outcome_->reply);
  const bool is_refused = reply != nullptr && reply->code == Code::Deadlock;
  const auto own = std::find_if(waits_.begin(), waits_.end(),
                                [&](const Wait& wait) { return wait.id == entry_->index; });
  if (is_refused && own != waits_.end() && is_in_cycle(*own)) {
    end_wait(own->id, Refused{Code::Deadlock, {}});
  }
  for (const command::Event& event : outcome_->events) {
    const auto* ended = std::get_if<command::WaitEnded>(&event);
    const auto* refused = ended == nullptr ? nullptr : std::get_if<Refused>(&ended->reply);
    if (refused == nullptr || refused->code != Code::Deadlock) continue;
    for (const Wait& wait : waits_) {
      if (wait.id != ended->waiter) continue;
      if (!is_in_cycle(wait)) break;
      end_wait(wait.id, Refused{Code::Deadlock, {}});
      break;
    }
  }
}

void TaskModel::review_flows() {
  for (auto it = flows_.begin(); it != flows_.end();) {
    Flow& flow = it->second;
    const bool has_ended = std::all_of(flow.jobs.begin(), flow.jobs.end(), [](const Job& job) {
      return job.state == "completed" || job.state == "failed" || job.state == "skipped" ||
             job.state == "cancelled";
    });
    if (!has_ended) flow.forget = Time::never();
    if (has_ended && flow.forget == Time::never()) {
      flow.forget = now_ + Duration::from_ms(rules_.limits.flow_retention_ms);
    }
    it = has_ended && flow.is_closed ? flows_.erase(it) : std::next(it);
  }
}

void TaskModel::review_preemption() {
  for (auto& [name, flow] : flows_) {
    for (Job& job : flow.jobs) {
      const Wait* first = nullptr;
      for (const Wait& wait : waits_) {
        const bool joined =
            wait.kind == Kind::Join && wait.flow == job.flow && wait.names.front() == job.name;
        if (joined && (first == nullptr || wait.place < first->place)) first = &wait;
      }
      const bool may = job.state == "running" && first != nullptr && first->grace &&
                       job.asked_priority < first->priority;
      const std::uint64_t preemptor = may ? first->id : 0;
      if (job.preemptor == preemptor && (!may || job.warned == job.token)) continue;
      if (job.preemptor != 0 && job.state == "running" && job.warned == job.token) {
        notice(job, "withdraw");
      }
      job.preemptor = preemptor;
      job.warned = job.token;
      if (!may) continue;
      job.cut_off = now_ + *first->grace;
      notice(job, "preempt");
    }
  }
}

// --- time

TaskModel::Reply TaskModel::on(const command::Tick&) {
  tick();
  return command::Done{};
}

/// Everything due, in the order of its time; of those due together leases, waits, sessions,
/// preemptions, starts, deadlines, and flows and signals that are forgotten.
void TaskModel::tick() {
  while (true) {
    std::tuple<Time, int, std::uint64_t, std::string> due{Time::never(), 0, 0, ""};
    Job* job = nullptr;
    const auto look = [&](Time time, int kind, std::uint64_t id, const std::string& name, Job* of) {
      if (time > now_ || std::tuple{time, kind, id, name} >= due) return;
      due = {time, kind, id, name};
      job = of;
    };
    for (auto& [name, flow] : flows_) {
      for (Job& at : flow.jobs) {
        if (at.state == "running") look(at.lease_end, 0, at.token, "", &at);
        if (at.state == "running" && at.preemptor != 0) look(at.cut_off, 3, at.preemptor, "", &at);
        if (at.state == "delayed") look(at.start_at, 6, at.id, "", &at);
        if (at.is_declared) look(at.deadline_at, 7, at.id, "", &at);
      }
      look(flow.forget, 8, 0, name, nullptr);
    }
    for (const Wait& wait : waits_) look(wait.give_up, 1, wait.id, "", nullptr);
    for (const auto& [id, session] : sessions_) {
      look(session.renewed + session.ttl + rules_.slack(session.ttl), 2, id, "", nullptr);
    }
    for (const Signal& known : signals_) look(known.forget, 9, known.id, "", nullptr);
    const auto& [time, kind, id, name] = due;
    if (time == Time::never()) return;
    changed_ = true;
    switch (kind) {
      case 0:
        notice(*job, "lost");
        lose(*job, "timed out");
        break;
      case 1: end_wait(id, Refused{Code::Busy, {}}); break;
      case 2: end_session(id, "expired"); break;
      case 3:
        notice(*job, "lost");
        job->preemptor = 0;
        lose(*job, "preempted");
        break;
      case 6: make_ready(*job); break;
      case 7:
        if (job->state == "running") {
          notice(*job, "lost");
          stop(*job, "deadline");
        }
        job->is_void = true;
        die(*job, "");
        break;
      case 8: flows_.erase(name); break;
      default: signals_.remove_if([&](const Signal& known) { return known.id == id; }); break;
    }
  }
}

}  // namespace checker
