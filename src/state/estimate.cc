// How long a request should expect to wait: how long holds of the key last, times
// how many come first. Read off journalled times alone, so every replay agrees.
#include <algorithm>

#include "state/machine.h"
#include "state/sane.h"

namespace state {

using command::KeyMode;

namespace {

/// A queue is read so far; what lies behind counts as if it all came first.
constexpr int kQueueRead = 1'024;

/// How many times the key changes hands before the place: readers side by side count once.
std::int64_t turns_before(const Key::Queue& queue, const Place& place) {
  std::int64_t turns = 0;
  bool after_reader = false;
  int read = 0;
  for (const auto& [before, id] : queue.all) {
    if (before >= place) return turns;
    if (++read > kQueueRead) {
      return turns + static_cast<std::int64_t>(queue.all.size()) - kQueueRead;
    }
    const bool is_reader = !queue.exclusive.contains(before);
    if (!is_reader || !after_reader) ++turns;
    after_reader = is_reader;
  }
  return turns;
}

/// What is foreseen at most: nobody waits for centuries, and so no product overflows.
constexpr Duration kForeseenMax = Duration::from_us(kLengthMax);

Duration of_turns(Duration mean, std::int64_t turns) {
  const bool is_less = turns == 0 || mean < kForeseenMax / turns;
  return is_less ? mean * turns : kForeseenMax;
}

}  // namespace

/// Only if somebody waits: the times of uncontended keys are of no use to anybody.
void Machine::record_hold(const Grant& grant, const KeyMode& held, const Key& key) {
  if (!key.queue) return;
  hold_times_.record(held.key.str(), now_ - grant.granted, entry_->index,
                     static_cast<std::size_t>(rules_.limits.hold_times));
}

/// None if it cannot be told: nobody has waited for a release of the key yet, or it is shut.
std::optional<Duration> Machine::expected_wait(const Place& place, const Claim& claim) const {
  if (claim.space != Space::Lock) return std::nullopt;
  Duration longest;
  for (const KeyMode& wanted : claim.keys) {
    if (may_have(place, claim, wanted, 0)) continue;
    const auto expected = expected_wait(place, claim, wanted);
    if (!expected) return std::nullopt;
    longest = std::max(longest, *expected);
  }
  return longest;
}

/// What is left of the present hold, and a whole one for each turn before. A hold that has lasted
/// longer than usual is taken to be half way through another.
std::optional<Duration> Machine::expected_wait(const Place& place, const Claim& claim,
                                               const KeyMode& wanted) const {
  const auto mean = hold_times_.mean(wanted.key.str());
  const Key& key = keys_of(claim.space).at(wanted.key);
  if (!mean || key.marks) return std::nullopt;
  Duration left;
  if (!key.holders.empty()) {
    const Duration held = now_ - grants_.at(key.holders.front())->granted;
    left = held < *mean ? *mean - held : *mean / 2;
  }
  const Duration turns = key.queue ? of_turns(*mean, turns_before(*key.queue, place)) : Duration();
  return std::min(left + turns, kForeseenMax);
}

}  // namespace state
