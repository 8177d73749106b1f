// Reading CLOCK_BOOTTIME, which costs no system call on Linux.
#include "client/engine/clock.h"

#include <time.h>

#include "turnstile/options.h"

namespace turnstile {

base::Time client::boot_now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return base::Time::from_us(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000);
}

Clock::time_point Clock::now() noexcept { return time_point(duration(client::boot_now().us())); }

}  // namespace turnstile
