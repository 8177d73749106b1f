// Many worlds with several nodes, one after another, and what they add up to.
#pragma once

#include "sim/run.h"

namespace sim {

/// Runs the seeds. The exit status: 0 all is well, 1 something is wrong.
int run_clusters(const RunOptions& options);

}  // namespace sim
