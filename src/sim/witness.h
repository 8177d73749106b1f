// What the disk has said it keeps, remembered outside the world.
//
// Whatever an append reported durable must be found by every recovery after it,
// byte for byte and in its place; what no append reported may be there or not,
// but once it was found it must stay.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "command/entry.h"
#include "journal/journal.h"
#include "server/replayer.h"
#include "sim/judge.h"
#include "state/machine.h"

namespace sim {

class Witness {
 public:
  struct Record {
    std::uint64_t index = 0;
    base::Time cluster_time;
    base::Time wall_time;
    std::string payload;
    bool operator==(const Record&) const = default;
  };

  /// An append of the batch has returned without an error.
  void on_durable(const journal::Batch& batch);

  const std::vector<Record>& records() const { return records_; }
  std::uint64_t last_index() const { return records_.empty() ? 0 : records_.back().index; }
  base::Time mark() const { return mark_; }
  /// The records as entries.
  std::vector<command::Entry> entries() const;

 private:
  friend class WitnessedRecovery;
  std::vector<Record> records_;  ///< by rising index
  base::Time mark_;              ///< of the last batch
};

/// Stands between the journal and the replayer of one recovery.
class WitnessedRecovery final : public journal::Consumer {
 public:
  /// With `learns` what was found beyond the witness is added to it.
  WitnessedRecovery(Witness& witness, state::Machine& machine, bool learns)
      : witness_(witness), replayer_(machine), learns_(learns) {}

  base::Result<void> restore(const journal::Snapshot& snapshot) override;
  base::Result<void> replay(const journal::Record& record) override;
  base::Result<void> batch_end(std::uint64_t last_index, base::Time mark,
                               std::uint64_t digest) override;

  /// Call after a recovery that succeeded. Empty, or how it differs from what was witnessed.
  std::string difference() const;

 private:
  Witness& witness_;
  server::Replayer replayer_;
  const bool learns_;
  std::uint64_t last_index_ = 0;
  base::Time mark_;
  std::string difference_;
};

}  // namespace sim
