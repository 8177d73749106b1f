// One process of a ring; see rings.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "baton.h"

namespace bench {

struct RingPlace {
  std::string ring;  ///< its name, which every message bears
  int place = 0;     ///< 0 to kRingSize - 1; the first begins, and ends it all
  std::chrono::steady_clock::time_point begin;  ///< what is handed over from then on counts
  std::chrono::steady_clock::time_point end;
};

struct RingRecord {
  std::vector<std::chrono::nanoseconds> hand_offs;  ///< within the measured time
  std::uint64_t handed_count = 0;                   ///< all that came to it, the warm-up too
  std::uint64_t last_number = 0;                    ///< of the last hand-off that came to it
  std::uint64_t violations = 0;
};

/// Takes its turns until the first place has said that it is over. Throws if the service refuses
/// something.
RingRecord run_ring_process(const RingPlace& place, Baton& baton);

}  // namespace bench
