// Rings: eight processes hand on a result of 256 bytes, each to the next, for ever. One hand-off
// is from the moment before the predecessor hands it on to the moment at which the successor has
// it, by one clock, since the result carries the time.
//
// Every process checks what it is handed: the ring, the number of the hand-off and a digest over
// all of it; and at the end the hand-offs of a ring must be as many as its last number says.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "baton.h"
#include "sheet.h"
#include "workloads.h"

namespace bench {

struct RingPlan {
  int rings = 1;
  std::string name;  ///< of this run, in the names of its rings, so that no two runs share one
  std::filesystem::path folder;  ///< where the processes leave their records
  std::chrono::milliseconds length = std::chrono::seconds(10);  ///< after a warm-up
};

/// Called in the process that is to use the baton: of place `place` of ring number `ring`, whose
/// name is `name`.
using MakeBaton =
    std::function<std::unique_ptr<Baton>(int ring, int place, const std::string& name)>;

/// The violations of order, digest or count are in it. Throws if a process cannot be started or
/// fails. To be called while there is one thread.
Outcome run_rings(const RingPlan& plan, const MakeBaton& make_baton,
                  const ProcessorTime& processor_time);

struct RingFigures {
  std::vector<Line> lines;       ///< one for each number of rings and each journal
  std::uint64_t violations = 0;  ///< of order, digest or count, in all of them
};

/// Rings of tasks: 1, 8 and 64 with the file and the memory journal, each for `length` after a
/// warm-up. Throws if a process cannot be started or fails. To be called while there is one thread.
RingFigures measure_rings(const std::filesystem::path& turnstile,
                          const std::filesystem::path& folder, std::chrono::seconds length);

}  // namespace bench
