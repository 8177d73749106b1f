// Figures as people write them.
#pragma once

#include <cstdint>
#include <string>

namespace payments {

/// 1234567 is "1,234,567".
std::string with_commas(std::int64_t number);

/// Microseconds as "0.4 ms", "38 ms" or "1.63 s".
std::string duration(double us);

/// The part in the whole as "12.3 %"; "-" of nothing.
std::string percent(std::int64_t part, std::int64_t whole);

}  // namespace payments
