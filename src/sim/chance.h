// Chance that is the same on every machine: all that is drawn in a world comes
// from its seed through here. (The distributions of <random> may differ between
// standard libraries; the generator itself may not.)
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "base/check.h"
#include "base/time.h"

namespace sim {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : generator_(seed) {}

  std::uint64_t next() { return generator_(); }
  /// 0 to `count` - 1.
  std::uint64_t below(std::uint64_t count) {
    CHECK_NE(count, 0U);
    return generator_() % count;
  }
  /// Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    CHECK_LE(low, high);
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  base::Duration between(base::Duration low, base::Duration high) {
    return base::Duration::from_us(between(low.us(), high.us()));
  }
  /// True once in `count` times, on the average; never if it is 0.
  bool one_in(std::uint64_t count) { return count != 0 && below(count) == 0; }
  bool percent(std::uint64_t percentage) { return below(100) < percentage; }
  template <class T>
  const T& pick(std::span<const T> items) {
    return items[below(items.size())];
  }
  template <class T, std::size_t kSize>
  const T& pick(const T (&items)[kSize]) {
    return items[below(kSize)];
  }
  /// Another source, so that what one part draws does not depend on what another does.
  Chance fork() { return Chance(generator_()); }

 private:
  std::mt19937_64 generator_;
};

}  // namespace sim
