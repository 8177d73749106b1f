// The system's clocks.
#include "server/clock.h"

#include <algorithm>
#include <ctime>

#include "base/planted.h"

namespace server {
namespace {

base::Time read(clockid_t id) {
  timespec now{};
  const int failed = clock_gettime(id, &now);
  CHECK_EQ(failed, 0);
  return base::Time::from_us(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

base::Time SystemClock::monotonic() const { return read(CLOCK_MONOTONIC); }
base::Time SystemClock::wall() const { return read(CLOCK_REALTIME); }

ClusterClock::ClusterClock(const Clock& clock, base::Time last)
    : clock_(clock), seen_(last), looked_at_(read()) {}

base::Time ClusterClock::look() {
  const base::Time at = read();
  seen_ = seen_ + passed(at);
  looked_at_ = at;
  return seen_;
}

base::Duration ClusterClock::passed(base::Time at) const {
  const base::Duration all = at - looked_at_;
  return PLANTED(WallClockExpires) ? all : std::min(all, kMostUnheard);
}

base::Time ClusterClock::read() const {
  return PLANTED(WallClockExpires) ? clock_.wall() : clock_.monotonic();
}

base::Time ClusterClock::monotonic_at(base::Time cluster_time) const {
  if (cluster_time == base::Time::never()) return cluster_time;
  if (PLANTED(WallClockExpires)) return clock_.monotonic() + (cluster_time - now());
  return looked_at_ + (cluster_time - seen_);
}

}  // namespace server
