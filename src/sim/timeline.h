// The time of a world: what happens next happens at once, and nothing in between.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <functional>
#include <utility>

#include "base/time.h"

namespace sim {

/// True time, which no process of the world can see, and what is to happen in it.
class Timeline {
 public:
  base::Time now() const { return now_; }
  std::uint64_t steps() const { return steps_; }

  /// What is asked for at one moment happens in the order in which it was asked for.
  void at(base::Time when, std::function<void()> what) {
    events_.emplace(std::pair(std::max(when, now_), ++serial_), std::move(what));
  }
  void after(base::Duration delay, std::function<void()> what) {
    at(now_ + delay, std::move(what));
  }

  /// Does what comes next, if it comes no later than `end`. False if there is nothing.
  bool step(base::Time end) {
    if (events_.empty() || events_.begin()->first.first > end) return false;
    auto event = events_.extract(events_.begin());
    now_ = event.key().first;
    ++steps_;
    event.mapped()();
    return true;
  }

 private:
  base::Time now_ = base::Time::from_us(1);
  std::uint64_t serial_ = 0;
  std::uint64_t steps_ = 0;
  absl::btree_map<std::pair<base::Time, std::uint64_t>, std::function<void()>> events_;
};

}  // namespace sim
