// The registry of holds.
#include "client/session/holds.h"

#include <algorithm>

namespace turnstile::client {

using base::Time;

void Holds::add(HoldPtr hold, Time lease_until) {
  const std::uint64_t token = hold->token;
  // A server that grants one token twice has lost its way, unless it is entered again;
  // the newer word counts.
  if (!hold->is_owned) lose(token, {.cause = "replaced", .reason = {}});
  by_token_[token].push_back(std::move(hold));
  set_lease(token, lease_until);
}

Holds::HoldPtr Holds::find(std::uint64_t token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second.front();
}

bool Holds::contains(const HoldPtr& hold) const {
  return std::ranges::count(levels(hold->token), hold) != 0;
}

Holds::Levels Holds::levels(std::uint64_t token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? Levels() : found->second;
}

void Holds::set_lease(std::uint64_t token, Time until) {
  for (const auto& hold : levels(token)) {
    leases_.erase({hold->lease_until(), token});
    hold->lease_until_us.store(until.us(), std::memory_order_release);
    if (until != Time::never()) leases_.emplace(until, token);
  }
}

void Holds::change_token(std::uint64_t old_token, std::uint64_t new_token) {
  const auto found = by_token_.find(old_token);
  if (found == by_token_.end() || old_token == new_token) return;
  Levels levels = std::move(found->second);
  by_token_.erase(found);
  const Time until = levels.front()->lease_until();
  if (leases_.erase({until, old_token}) != 0) leases_.emplace(until, new_token);
  for (const auto& hold : levels) hold->token = new_token;
  by_token_[new_token] = std::move(levels);
}

void Holds::remove(const HoldPtr& hold) {
  const auto found = by_token_.find(hold->token);
  if (found == by_token_.end()) return;
  const auto gone = std::erase(found->second, hold);
  if (gone == 0 || !found->second.empty()) return;
  leases_.erase({hold->lease_until(), hold->token});
  by_token_.erase(found);
}

void Holds::lose(std::uint64_t token, const Loss& loss) {
  for (const auto& hold : levels(token)) {
    remove(hold);
    if (!hold->is_over.exchange(true)) hold->alarm.lose(loss);
  }
}

void Holds::lose_all(const Loss& loss) {
  for (const auto token : tokens()) lose(token, loss);
}

void Holds::lose_expired(Time now) {
  while (!leases_.empty() && leases_.begin()->first <= now) {
    lose(leases_.begin()->second, {.cause = "expired", .reason = {}});
  }
}

void Holds::ask(std::uint64_t token, const Revocation& revocation) {
  for (const auto& hold : levels(token)) {
    if (!hold->is_over) hold->alarm.ask(revocation);
  }
}

Time Holds::next_deadline() const {
  return leases_.empty() ? Time::never() : leases_.begin()->first;
}

std::vector<std::uint64_t> Holds::tokens() const {
  std::vector<std::uint64_t> tokens;
  tokens.reserve(by_token_.size());
  for (const auto& [token, hold] : by_token_) tokens.push_back(token);
  return tokens;
}

}  // namespace turnstile::client
