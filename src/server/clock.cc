// The system's clocks.
#include "server/clock.h"

#include <ctime>

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

}  // namespace server
