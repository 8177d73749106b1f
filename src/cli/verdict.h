// What `turnstile journal verify` found, and how it says it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "journal/inspect.h"

namespace cli {

struct Verdict {
  journal::VerifyReport report;
  std::uint64_t replayed_entries = 0;
  std::string state_error = {};  ///< empty: the replay agrees with every stored digest
  std::size_t sessions = 0;      ///< in the state at the end
  std::size_t grants = 0;
  std::size_t waiters = 0;

  bool is_good() const { return report.is_good() && state_error.empty(); }
};

/// One line a fact, ending in `good` or in what is wrong.
std::string verdict_text(const Verdict& verdict);
/// The same for programs, indented.
std::string verdict_json(const Verdict& verdict);

}  // namespace cli
