// The times of the world outside, and the one time of the cluster.
//
// Cluster time is what leases are counted in: it goes on from the last
// journalled value and advances with the monotonic clock only while this
// process serves. So neither a jump of the wall clock nor a downtime can expire
// a lease. The wall clock is recorded beside it, for people.
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
  /// Continues from `last`, the newest cluster time that is known to be journalled.
  ClusterClock(const Clock& clock, base::Time last);

  base::Time now() const { return last_ + (read() - started_); }
  base::Time wall() const { return clock_.wall(); }
  /// When the monotonic clock will show this cluster time.
  base::Time monotonic_at(base::Time cluster_time) const;

 private:
  base::Time read() const;

  const Clock& clock_;
  base::Time last_;
  base::Time started_;
};

}  // namespace server
