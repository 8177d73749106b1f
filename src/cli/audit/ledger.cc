// The keeping of the book, and what it is checked for.
#include "cli/audit/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

#include "cli/text.h"

namespace cli {

using state::EndCause;
using state::Space;

void Ledger::complain(std::string promise, std::string sentence) {
  handlers_.breach(
      {std::move(promise), entry_ == nullptr ? 0 : entry_->index, std::move(sentence)});
}

// --- what is written down

Asker Ledger::asker_of(const state::Claim& claim) const {
  Asker asker;
  asker.space = claim.space;
  asker.keys = claim.keys;
  asker.user = claim.user;
  asker.session = claim.session;
  if (const state::Session* session = machine_.find_session(claim.session)) {
    asker.name = session->name;
  }
  asker.connection = claim.connection;
  asker.permits = claim.details->permits;
  asker.priority = claim.priority;
  asker.owner = claim.details->owner;
  asker.note = claim.details->note;
  return asker;
}

Hold Ledger::hold_of(const state::Grant& grant) const {
  Hold hold;
  static_cast<Asker&>(hold) = asker_of(grant);
  hold.token = grant.token;
  hold.granted = {grant.token, grant.granted, grant.granted_wall};
  return hold;
}

void Ledger::open(Hold hold) {
  for (const command::KeyMode& key : hold.keys) {
    holders_[{hold.space, key.key}].push_back(hold.token);
  }
  newest_ = std::max(newest_, hold.token);
  open_.insert_or_assign(hold.token, std::move(hold));
}

void Ledger::restored() {
  for (const state::Grant* grant : machine_.grants()) open(hold_of(*grant));
  newest_ = std::max(newest_, machine_.last_index());
  for (const auto& [name, flow] : machine_.flows().all()) {
    for (const auto& [task_name, task] : flow->tasks) on_task(*task);
  }
}

void Ledger::close() {
  for (const auto& [token, hold] : open_) handlers_.hold(hold);
}

// --- one entry

void Ledger::before(const command::Entry& entry) {
  entry_ = &entry;
  // Any journalled command of a session is a sign of its life.
  if (entry.origin.session != 0) signs_[entry.origin.session] = entry.now;
}

void Ledger::after(const command::Entry& entry, const command::Outcome& outcome) {
  if (const auto* opened = std::get_if<command::Opened>(&outcome.reply)) {
    signs_[opened->session] = entry.now;
  }
  for (const command::Event& event : outcome.events) {
    if (const auto* notice = std::get_if<command::Notice>(&event)) see_notice(*notice);
    if (const auto* over = std::get_if<command::SessionEnded>(&event)) signs_.erase(over->session);
  }
  entry_ = nullptr;
}

namespace {

const command::Value* detail(const command::Notice& notice, std::string_view name) {
  const auto it = std::ranges::find(
      notice.details, name, [](const auto& item) -> std::string_view { return item.first; });
  return it == notice.details.end() ? nullptr : &it->second;
}

}  // namespace

void Ledger::see_notice(const command::Notice& notice) {
  if (notice.kind != "preempt") return;
  const command::Value* token = detail(notice, "token");
  const command::Value* by = detail(notice, "by");
  const command::Value* withdrawn = detail(notice, "withdrawn");
  if (token == nullptr || by == nullptr || withdrawn == nullptr) return;
  const auto held = open_.find(static_cast<std::uint64_t>(std::get<std::int64_t>(token->data)));
  if (held == open_.end()) return;
  if (std::get<bool>(withdrawn->data)) {
    held->second.warning.reset();
  } else {
    held->second.warning = Hold::Warning{now(), std::get<std::string>(by->data)};
  }
}

void Ledger::on_refusal(const state::Waiter& waiter, command::Code code,
                        const std::string& sentence) {
  Refusal refusal;
  static_cast<Asker&>(refusal) = asker_of(waiter);
  refusal.asked = {waiter.id, waiter.arrived, waiter.arrived_wall};
  refusal.refused = now();
  refusal.code = command::error_info(code).wire;
  refusal.sentence = sentence;
  handlers_.refusal(refusal);
}

void Ledger::on_grant(const state::Grant& grant, base::Time asked) {
  Hold hold = hold_of(grant);
  hold.waited = grant.granted - asked;
  check_token(grant.token);
  check_exclusion(hold);
  if (grant.space == Space::Task) check_predecessors(grant);
  open(std::move(hold));
}

/// An upgrade is the end of one hold and the beginning of another, in the same entry.
void Ledger::on_conversion(std::uint64_t token_before, const state::Grant& grant) {
  if (!open_.contains(token_before)) {
    return complain("L3", fmt::format("token {} was converted, and nobody held it", token_before));
  }
  Hold old = take(token_before);
  Hold hold = hold_of(grant);
  if (token_before == grant.token) {  // a downgrade
    old.keys = std::move(hold.keys);
    return open(std::move(old));
  }
  hold.granted = now();
  hold.granted.index = grant.token;
  hold.before = token_before;
  old.end = Hold::End{.moment = now(),
                      .cause = std::string(state::cause_name(EndCause::Upgraded)),
                      .reason = fmt::format("goes on with token {}", grant.token)};
  handlers_.hold(old);
  check_token(grant.token);
  check_exclusion(hold);
  open(std::move(hold));
}

Hold Ledger::take(std::uint64_t token) {
  const auto held = open_.find(token);
  Hold hold = std::move(held->second);
  open_.erase(held);
  for (const command::KeyMode& key : hold.keys) {
    const auto place = holders_.find({hold.space, key.key});
    std::erase(place->second, token);
    if (place->second.empty()) holders_.erase(place);
  }
  return hold;
}

void Ledger::on_end(const state::Grant& grant, EndCause cause) {
  if (!open_.contains(grant.token)) {
    return complain("L3", fmt::format("token {} ended, and nobody held it", grant.token));
  }
  check_end(grant, cause);
  Hold hold = take(grant.token);
  hold.end = end_of(hold, grant, cause);
  handlers_.hold(hold);
}

void Ledger::on_task(const state::Task& task) {
  if (handlers_.task && entry_ != nullptr) handlers_.task(task, now());
  const std::string key = state::task_key(task.flow->name, task.name);
  if (state::is_ended(task.state)) {
    ended_tasks_.insert(key);
  } else {
    ended_tasks_.erase(key);  // redriven, or the name is used again
  }
}

// --- why it ended

namespace {

/// What the executor said, or what became of the attempt.
std::string attempt_end(const state::Machine& machine, const state::Grant& grant) {
  const auto [flow, name] = state::split_task_key(grant.keys.front().key);
  const state::Task* task = machine.flows().find(flow, name);
  if (task == nullptr) return "ended";
  const auto record = std::ranges::find(task->history, grant.token, &state::AttemptRecord::token);
  return record == task->history.end() ? "ended" : std::string(state::end_name(record->end));
}

std::string exact_cause(EndCause cause) {
  switch (cause) {
    case EndCause::SessionClosed: return "its session was closed";
    case EndCause::LeaseExpired: return "its lease ran out";
    case EndCause::SessionExpired: return "its session expired";
    case EndCause::Disconnected: return "its session ended with its last connection";
    default: return "";
  }
}

}  // namespace

Hold::End Ledger::end_of(const Hold& hold, const state::Grant& grant, EndCause cause) const {
  Hold::End end;
  end.moment = now();
  end.cause = grant.space == Space::Task ? attempt_end(machine_, grant)
                                         : std::string(state::cause_name(cause));
  end.reason = exact_cause(cause);
  end.shuts = state::is_unclean(cause) && grant.may_shut();
  if (cause == EndCause::Preempted && hold.warning) end.by = hold.warning->by;
  if (const auto* revoke = std::get_if<command::LockRevoke>(&entry_->command)) {
    end.reason = revoke->reason;
    end.by = entry_->origin.user;
    if (const state::Session* session = machine_.find_session(entry_->origin.session)) {
      if (!session->name.empty()) end.by += fmt::format(", {}", session->name);
    }
  }
  return end;
}

// --- what it is checked for

void Ledger::check_token(std::uint64_t token) {
  if (token > newest_) return;
  complain("L2", fmt::format("token {} was given after token {}", token, newest_));
}

void Ledger::check_exclusion(const Hold& hold) {
  if (hold.space == Space::Semaphore) return;  // its limit is the machine's to say
  for (const command::KeyMode& key : hold.keys) {
    const auto place = holders_.find({hold.space, key.key});
    if (place == holders_.end()) continue;
    for (const std::uint64_t other : place->second) {
      const command::KeyModes& theirs = open_.at(other).keys;
      const auto mode = std::ranges::find(theirs, key.key, &command::KeyMode::key);
      if (key.shared && mode->shared) continue;
      complain("L1", fmt::format("token {} was granted on {}, which token {} held", hold.token,
                                 in_quotes(key.key), other));
    }
  }
}

/// T_i only after E: a task that starts has no predecessor that has not ended.
void Ledger::check_predecessors(const state::Grant& grant) {
  const auto [flow, name] = state::split_task_key(grant.keys.front().key);
  const state::Task* task = machine_.flows().find(flow, name);
  if (task == nullptr) {
    return complain("F1", fmt::format("an attempt of no task: {}", what_asked(asker_of(grant))));
  }
  for (const state::Task* predecessor : task->predecessors) {
    if (ended_tasks_.contains(state::task_key(flow, predecessor->name))) continue;
    complain("F1", fmt::format("{} started before {} ended", what_asked(asker_of(grant)),
                               in_quotes(predecessor->name)));
  }
}

/// No hold ends by time before its time is over.
void Ledger::check_end(const state::Grant& grant, EndCause cause) {
  if (cause == EndCause::LeaseExpired && entry_->now < grant.lease_end) {
    complain("T1", fmt::format("the lease of token {} ran out before its end", grant.token));
  }
  const state::Session* session = machine_.find_session(grant.session);
  const auto sign = signs_.find(grant.session);
  if (cause != EndCause::SessionExpired || session == nullptr || sign == signs_.end()) return;
  if (entry_->now < sign->second + session->ttl) {
    complain("T1",
             fmt::format("session {} expired {} ms after its last sign of life, before its "
                         "TTL of {} ms",
                         grant.session, (entry_->now - sign->second).ms(), session->ttl.ms()));
  }
}

}  // namespace cli
