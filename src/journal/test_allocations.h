// How much memory a piece of a test has in use at most.
#pragma once

#include <cstdint>

namespace journal::testing {

/// Counts from its construction on, on this thread.
class AllocationWatch {
 public:
  AllocationWatch();
  /// The most bytes that were in use at once beyond those at the construction.
  std::uint64_t peak_bytes() const;

 private:
  std::int64_t before_;
};

}  // namespace journal::testing
