// What the workers do, and what is taken down of it.
//
// U, uncontended: every worker locks and unlocks a key of its own. C, contended: the
// workers share one key or a few, and do nothing while they hold theirs. A worker goes on
// as soon as it is answered, so there are never more requests under way than workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "locker.h"

namespace bench {

struct Workload {
  std::string way;  ///< how the workers reach the server, for people
  int workers = 1;
  int keys = 0;  ///< that the workers share, as many workers on each; 0: each has its own
};

/// "U bare 64", "C bare 16", "C bare 64 on 8"
std::string to_string(const Workload& workload);

/// The name of the key that workers share.
std::string shared_key_name(int key);

struct Figure {
  std::string name;
  double value = 0;
};

struct Outcome {
  std::vector<Figure> figures;   ///< the same names in the same order for all U, and for all C
  std::uint64_t violations = 0;  ///< two holders at a time, or a token not greater than the last
};

/// The processor time that the server has used so far.
using ProcessorTime = std::function<std::chrono::nanoseconds()>;

/// Runs the workload for a short time to warm up and then `length` to measure, each worker with
/// its locker. What ends within the measured time counts. Throws what a worker threw; all workers
/// have ended by then.
Outcome run(const Workload& workload, std::span<const std::unique_ptr<Locker>> lockers,
            const ProcessorTime& processor_time, std::chrono::milliseconds length);

}  // namespace bench
