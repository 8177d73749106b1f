// What a wait was expected to take when it was asked for, and what it took.
//
// Workers come to one key at random times and hold it for a while, always the same or not.
// Each asks LOCK.INFO what to expect and in the same breath for the key, half of them with
// IFWITHIN; who is refused for that asks again without, and so learns whether it was right.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "sheet.h"

namespace bench {

/// A line for each kind of hold, each measured for `length`. Throws if a request fails.
std::vector<Line> measure_expected(const std::filesystem::path& turnstile,
                                   const std::filesystem::path& folder,
                                   std::chrono::seconds length);

}  // namespace bench
