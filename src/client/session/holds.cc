// The registry of holds.
#include "client/session/holds.h"

namespace turnstile::client {

using base::Time;

void Holds::add(std::shared_ptr<Hold> hold, Time lease_until) {
  const auto token = hold->token;
  // A server that grants one token twice has lost its way; the newer word counts.
  lose(token);
  hold->lease_until_us.store(lease_until.us(), std::memory_order_release);
  if (lease_until != Time::never()) leases_.emplace(lease_until, token);
  by_token_.emplace(token, std::move(hold));
}

std::shared_ptr<Hold> Holds::find(std::uint64_t token) const {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : found->second;
}

void Holds::set_lease(const std::shared_ptr<Hold>& hold, Time until) {
  if (find(hold->token) != hold) return;
  leases_.erase({hold->lease_until(), hold->token});
  hold->lease_until_us.store(until.us(), std::memory_order_release);
  if (until != Time::never()) leases_.emplace(until, hold->token);
}

void Holds::remove(std::uint64_t token) {
  const auto found = by_token_.find(token);
  if (found == by_token_.end()) return;
  leases_.erase({found->second->lease_until(), token});
  by_token_.erase(found);
}

void Holds::lose(std::uint64_t token) {
  const auto hold = find(token);
  if (hold == nullptr) return;
  remove(token);
  if (!hold->is_over.exchange(true)) hold->lost.request_stop();
}

void Holds::lose_all() {
  for (const auto token : tokens()) lose(token);
}

void Holds::lose_expired(Time now) {
  while (!leases_.empty() && leases_.begin()->first <= now) lose(leases_.begin()->second);
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
