// The registry of observers.
#include "client/engine/observers.h"

#include <utility>

namespace turnstile::client {
namespace {

/// What an observer is told of; the number of candidates and the like is no news.
bool is_same_rule(const Leader& a, const Leader& b) {
  return a.is_led == b.is_led && a.term == b.term && a.value == b.value;
}

}  // namespace

Leader to_leader(const Reply& map) {
  Leader leader;
  leader.is_led = map.text_of("state") == "led";
  leader.value = map.text_of("value");
  leader.term = static_cast<std::uint64_t>(map.integer_of("term"));
  leader.session = static_cast<std::uint64_t>(map.integer_of("session"));
  leader.name = map.text_of("name");
  leader.since = std::chrono::sys_time<Milliseconds>(Milliseconds(map.integer_of("since")));
  leader.candidates = static_cast<int>(map.integer_of("candidates"));
  return leader;
}

void Observers::add(const std::string& election, LeaderListener listener) {
  const std::lock_guard lock(mutex_);
  by_election_[election].push_back({std::move(listener), std::nullopt});
}

bool Observers::remove(const std::string& election, const LeaderListener& listener) {
  const std::lock_guard lock(mutex_);
  const auto found = by_election_.find(election);
  if (found == by_election_.end()) return false;
  std::erase_if(found->second, [&](const Observer& o) { return o.listener == listener; });
  if (!found->second.empty()) return false;
  by_election_.erase(found);
  return true;
}

void Observers::tell(std::string_view election, const Leader& leader) {
  // Under the lock, so that all are told in the order in which it happened.
  const std::lock_guard lock(mutex_);
  const auto found = by_election_.find(election);
  if (found == by_election_.end()) return;
  for (Observer& observer : found->second) {
    if (observer.told && is_same_rule(*observer.told, leader)) continue;
    observer.told = leader;
    observer.listener->tell(leader);
  }
}

bool Observers::has(const std::string& election) const {
  const std::lock_guard lock(mutex_);
  return by_election_.contains(election);
}

std::vector<std::string> Observers::elections() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> elections;
  for (const auto& [election, observers] : by_election_) elections.push_back(election);
  return elections;
}

}  // namespace turnstile::client
