// A journal that keeps nothing: for tests, and for a service whose locks may be
// lost with its process.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "journal/journal.h"

namespace journal {

/// Its first index comes from the wall clock, so that tokens of an earlier life do not repeat:
/// milliseconds since the start of 2024, times 2^14. That holds as long as the clock does not
/// go back over a restart and fewer than 16,384 entries a millisecond are made; it reaches to 2041.
class MemoryJournal : public Journal {
 public:
  /// `wall_time` counts from 1970, and must be after 2024 began.
  explicit MemoryJournal(base::Time wall_time) : next_index_(first_index(wall_time)) {}

  /// Never fails. The indexes must be at least next_index() and grow; payloads are not read.
  base::Result<void> append(const Batch& batch) override;
  std::uint64_t next_index() const override { return next_index_; }

  static std::uint64_t first_index(base::Time wall_time);

 private:
  std::uint64_t next_index_;
};

}  // namespace journal
