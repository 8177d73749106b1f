// Everything that is due at some time, in the order in which it falls due:
// by time, then kind, then id, so that every replay ends things in one order.
#pragma once

#include <absl/container/btree_set.h>

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace state {

struct Deadline {
  enum class Kind : std::uint8_t {
    Lease,
    Wait,
    Session,
    CutOff,
    Mark,
    Semaphore,
    TaskStart,
    TaskDeadline,
    Flow,
    Signal,
  };
  base::Time time;
  Kind kind = Kind::Lease;
  std::uint64_t id = 0;  ///< of the token, waiter, session, task and so on

  auto operator<=>(const Deadline&) const = default;
};

class Deadlines {
 public:
  void add(const Deadline& deadline) {
    if (deadline.time != base::Time::never()) due_.insert(deadline);
  }
  void remove(const Deadline& deadline) { due_.erase(deadline); }

  bool empty() const { return due_.empty(); }
  const Deadline& first() const { return *due_.begin(); }
  base::Time next() const { return due_.empty() ? base::Time::never() : due_.begin()->time; }
  std::size_t size() const { return due_.size(); }
  bool contains(const Deadline& deadline) const { return due_.contains(deadline); }

 private:
  absl::btree_set<Deadline> due_;
};

}  // namespace state
