// How long the patient wait beside the urgent, and what promise L6 allows.
//
// Urgent workers ask for one key with the highest priority again and again, more of them
// than the key has room for, so that they alone would fill it for ever. Patient ones ask for
// it without priority. A patient request is overtaken by those that come within (difference
// of priority x ageing step) after it, and by nobody later; what is then still before it is at
// most one turn of each other worker.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "sheet.h"

namespace bench {

/// A line for each ageing step, each measured on a server of its own for at least `length` and
/// long enough for several patient waits. Throws if a request fails.
std::vector<Line> measure_starvation(const std::filesystem::path& turnstile,
                                     const std::filesystem::path& folder,
                                     std::chrono::seconds length);

}  // namespace bench
