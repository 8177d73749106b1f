// Lengths of time of the standard library, as the lock service can wait them.
#pragma once

#include <chrono>

#include "turnstile/options.h"

namespace turnstile::client {

/// How long it is until a moment of any clock, rounded up and cut to what can be waited.
template <class Rep, class Period>
Milliseconds waitable(std::chrono::duration<Rep, Period> left) {
  if (left <= left.zero()) return Milliseconds(0);
  if (left >= kWaitMax) return kWaitMax;
  return std::chrono::ceil<Milliseconds>(left);
}

}  // namespace turnstile::client
