// The registry of calls.
#include "client/conversation/calls.h"

#include <algorithm>

namespace turnstile::client {

using base::Time;

void Calls::add(Time now, const OperationPtr& operation) {
  operation->id = ++last_id_;
  operation->started = now;
  operation->give_up_at =
      operation->is_endless ? Time::never() : now + operation->wait_asked + patience_;
  if (operation->done == nullptr) return;
  if (operation->is_owed) {
    operation->give_up_at = Time::never();
    owed_.emplace(operation->id, operation);
    return;
  }
  by_id_.emplace(operation->id, operation);
  by_deadline_.emplace(operation->give_up_at, operation->id);
}

void Calls::finish(const OperationPtr& operation, Outcome outcome) {
  if (operation->done == nullptr) return;
  by_deadline_.erase({operation->give_up_at, operation->id});
  by_id_.erase(operation->id);
  owed_.erase(operation->id);
  const auto done = std::exchange(operation->done, nullptr);
  done(std::move(outcome));
}

void Calls::fail(const OperationPtr& operation, Error error) {
  finish(operation, {.error = std::move(error), .hold = nullptr, .value = {}});
}

Time Calls::bears_until(const Operation& operation, Time away_since) const {
  if (away_since == Time::never()) return Time::never();
  return std::max(operation.started, away_since) + patience_;
}

std::vector<OperationPtr> Calls::overdue(Time now, Time away_since) const {
  std::vector<OperationPtr> overdue;
  for (const auto& [deadline, id] : by_deadline_) {
    if (deadline > now) break;
    overdue.push_back(by_id_.at(id));
  }
  for (const auto& [id, operation] : by_id_) {
    if (bears_until(*operation, away_since) > now) break;
    if (operation->give_up_at > now) overdue.push_back(operation);
  }
  return overdue;
}

Time Calls::next_deadline(Time away_since) const {
  if (by_id_.empty()) return Time::never();
  return std::min(by_deadline_.begin()->first, bears_until(*by_id_.begin()->second, away_since));
}

std::vector<OperationPtr> Calls::all() const {
  std::vector<OperationPtr> all;
  for (const auto& [id, operation] : by_id_) all.push_back(operation);
  for (const auto& [id, operation] : owed_) all.push_back(operation);
  return all;
}

}  // namespace turnstile::client
