// Lengths of time and moments as people write and read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace cli {

/// Reads `500ms`, `10s`, `2m`, `1h`, `1d`, or several after each other, as in `1m30s`, from the
/// largest unit to the smallest. A number without a unit is refused, except 0: it would be read as
/// seconds by half of all people and as milliseconds by the other half. Fault::Usage says what is
/// wrong; so it does above `max`; the service never waits for more than a day.
base::Result<std::chrono::milliseconds> parse_duration(
    std::string_view text, std::chrono::milliseconds max = std::chrono::hours(24));

/// With two digits that matter: `812ms`, `3.2s`, `42s`, `3m12s`, `2h05m`, `5d03h`. A negative one
/// is 0.
std::string duration_text(std::int64_t ms);

/// A moment in UTC: `2026-01-31 17:05:09Z`.
std::string moment_text(std::int64_t unix_ms);

/// The same to the millisecond, as RFC 3339 has it: `2026-01-31T17:05:09.042Z`.
std::string exact_moment_text(base::Time since_1970);

}  // namespace cli
