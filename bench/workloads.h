// What the workers do, and what is taken down of it.
//
// U, uncontended: every worker locks and unlocks a key of its own. C, contended: all
// workers lock and unlock the same key, without doing anything meanwhile. A worker goes on
// as soon as it is answered, so there are never more requests under way than workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "locker.h"
#include "server_process.h"

namespace bench {

enum class Keys { Own, One };

struct Workload {
  Keys keys = Keys::Own;
  Way way = Way::Bare;
  int workers = 1;
};

/// "U bare 64"
std::string to_string(const Workload& workload);

struct Figure {
  std::string name;
  double value = 0;
};

struct Outcome {
  std::vector<Figure> figures;   ///< the same names in the same order for the same Keys
  std::uint64_t violations = 0;  ///< two holders at a time, or a token not greater than the last
};

/// Runs the workload for a short time to warm up and then `length` to measure. What ends within
/// the measured time counts. Throws what a worker threw; all workers have ended by then.
Outcome run(const Workload& workload, const ServerProcess& server,
            std::chrono::milliseconds length);

}  // namespace bench
