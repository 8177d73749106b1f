// What `turnstile work` prints of each attempt when it is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/flow/attempt_run.h"

namespace cli {

/// An attempt that is over.
struct AttemptSummary {
  std::string flow;
  std::string task;
  std::int64_t number = 0;
  std::uint64_t token = 0;
  std::chrono::milliseconds took = {};  ///< from when it was got until the server knew
  AttemptReport report = {};
};

/// `pay/7 capture, attempt 2: failed after 812ms: no money`
std::string attempt_text(const AttemptSummary& attempt);

/// The same as one line of JSON.
std::string attempt_json(const AttemptSummary& attempt);

}  // namespace cli
