// Many worlds, one after another, and what they add up to.
#pragma once

#include <cstdint>

namespace sim {

struct RunOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
  bool is_twice = false;
  bool is_json = false;
  bool is_quiet = false;
  bool prints_history = false;
  bool needs_every_fault = false;  ///< a kind of fault that never happened is a failure
};

/// Runs the seeds. The exit status: 0 all is well, 1 something is wrong.
int run(const RunOptions& options);

}  // namespace sim
