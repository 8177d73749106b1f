// How Turnstile does as what it keeps grows: held locks, waiters on one key, sessions, the journal
// that a start has to replay, and the journal under load for minutes while it is compacted.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sheet.h"

namespace bench {

struct GrowthSheet {
  std::string title;
  std::vector<Line> lines;
};

/// How far it grows.
struct GrowthSize {
  std::vector<int> held = {1'000, 10'000, 100'000, 1'000'000};
  std::vector<int> waiters = {10, 100, 1'000, 10'000, 100'000};
  int sessions = 10'000;
  long entries = 10'000'000;  ///< in the journal that is replayed
  int slices = 6;             ///< of the load with compaction
  int slice_seconds = 20;

  /// A hundredth or so of all, for trying it out.
  static GrowthSize small();
};

/// Each part on servers of its own with the file journal. Throws if a server cannot be started or
/// refuses something.
std::vector<GrowthSheet> measure_growth(const std::filesystem::path& turnstile,
                                        const std::filesystem::path& folder,
                                        const GrowthSize& size);

}  // namespace bench
