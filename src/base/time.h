// Lengths of time and moments, as plain integers of microseconds.
//
// The state machine may not know a clock, so these types come without one: a
// Time is whatever the entry says it is. Moments of cluster time and of the
// monotonic clock are both Times; they are never mixed in one expression.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace base {

/// A length of time. Negative lengths are allowed in arithmetic.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration from_us(std::int64_t us) { return Duration(us); }
  static constexpr Duration from_ms(std::int64_t ms) { return Duration(ms * 1000); }
  static constexpr Duration from_seconds(std::int64_t s) { return Duration(s * 1'000'000); }

  constexpr std::int64_t us() const { return us_; }
  /// Whole milliseconds, rounded down towards zero.
  constexpr std::int64_t ms() const { return us_ / 1000; }

  constexpr auto operator<=>(const Duration&) const = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return from_us(a.us_ + b.us_); }
  friend constexpr Duration operator-(Duration a, Duration b) { return from_us(a.us_ - b.us_); }
  friend constexpr Duration operator*(Duration a, std::int64_t n) { return from_us(a.us_ * n); }
  friend constexpr Duration operator/(Duration a, std::int64_t n) { return from_us(a.us_ / n); }

 private:
  constexpr explicit Duration(std::int64_t us) : us_(us) {}
  std::int64_t us_ = 0;
};

/// A moment, counted from an origin that only its clock knows.
class Time {
 public:
  constexpr Time() = default;
  static constexpr Time from_us(std::int64_t us) { return Time(us); }
  /// Later than every other moment: a deadline that never comes.
  static constexpr Time never() { return Time(std::numeric_limits<std::int64_t>::max()); }

  constexpr std::int64_t us() const { return us_; }

  constexpr auto operator<=>(const Time&) const = default;
  friend constexpr Time operator+(Time t, Duration d) { return Time(t.us_ + d.us()); }
  friend constexpr Time operator-(Time t, Duration d) { return Time(t.us_ - d.us()); }
  friend constexpr Duration operator-(Time a, Time b) { return Duration::from_us(a.us_ - b.us_); }

 private:
  constexpr explicit Time(std::int64_t us) : us_(us) {}
  std::int64_t us_ = 0;
};

}  // namespace base
