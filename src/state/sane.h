// What the numbers of a snapshot that are reckoned with must keep to, so that nothing overflows.
//
// A state that grew from commands keeps to it by the limits of the commands; a snapshot is bytes
// from a disk.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace state {

/// Where indexes, tokens and ids end; see the numbers of the wire.
inline constexpr std::uint64_t kIndexMax = std::uint64_t{1} << 53;
/// What is counted one by one, or said in a command.
inline constexpr std::int64_t kCountMax = std::int64_t{1} << 53;
/// Of one claim; those of all claims on a semaphore are added.
inline constexpr std::int64_t kPermitsMax = std::int64_t{1} << 32;
/// 142 years.
inline constexpr std::int64_t kLengthMax = std::int64_t{1} << 52;
/// 2,000 years before or after the origin.
inline constexpr std::int64_t kTimeMax = std::int64_t{1} << 56;

constexpr bool is_sane(base::Duration length) {
  return length.us() >= 0 && length.us() < kLengthMax;
}
constexpr bool is_sane(base::Time time) { return time.us() > -kTimeMax && time.us() < kTimeMax; }
constexpr bool is_sane_or_never(base::Time time) {
  return time == base::Time::never() || is_sane(time);
}
constexpr bool is_sane_count(std::int64_t count) { return count >= 0 && count < kCountMax; }

}  // namespace state
