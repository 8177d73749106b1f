// The times of the world outside, and the one time of the cluster.
//
// Cluster time is what leases are counted in: it goes on from the last
// journalled value and advances with the monotonic clock only while this
// process serves. So neither a jump of the wall clock nor a downtime can expire
// a lease; nor can a process that stood still and heard no renewal meanwhile.
// The wall clock is recorded beside it, for people.
#pragma once

#include "base/check.h"
#include "base/time.h"

namespace server {

/// Where time comes from; a simulator has its own.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back; its origin means nothing.
  virtual base::Time monotonic() const = 0;
  /// Since 1970; may jump.
  virtual base::Time wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  base::Time monotonic() const override;
  base::Time wall() const override;
};

class ClusterClock {
 public:
  /// Half of the shortest TTL: a session that renews in time has more than this left.
  static constexpr base::Duration kMostUnheard = base::Duration::from_ms(500);

  /// Continues from `last`, the newest cluster time that is known to be journalled.
  ClusterClock(const Clock& clock, base::Time last);

  /// Who hears what clients ask for looks at the time at least every half of kMostUnheard. Time
  /// that passes without a look counts up to that: nobody could be heard in it.
  base::Time look();
  base::Time now() const { return seen_ + passed(read()); }
  base::Time monotonic() const { return clock_.monotonic(); }
  base::Time wall() const { return clock_.wall(); }
  /// When the monotonic clock will show this cluster time, if looks do not fail to come.
  base::Time monotonic_at(base::Time cluster_time) const;

 private:
  base::Time read() const;
  /// What counts of the time since the last look.
  base::Duration passed(base::Time at) const;

  const Clock& clock_;
  base::Time seen_;  ///< at the last look
  base::Time looked_at_;
};

}  // namespace server
