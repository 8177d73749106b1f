// From files to a Consumer: the newest good snapshot, then every batch after it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/disk.h"
#include "journal/file/log_reader.h"
#include "journal/journal.h"

namespace journal {

/// What a replay did.
struct ReplaySummary {
  std::uint64_t snapshot_index = 0;   ///< of the snapshot it began with; 0: none
  std::uint64_t segments = 0;         ///< that were read
  std::uint64_t batches = 0;          ///< after the snapshot
  std::uint64_t entries = 0;          ///< after the snapshot
  std::uint64_t last_index = 0;       ///< of the last entry; 0: there is none
  base::Time mark;                    ///< of the last batch
  std::uint64_t digest = 0;           ///< of the last batch
  std::vector<std::string> warnings;  ///< snapshots that could not be used, one sentence each
  std::vector<std::uint64_t> bad_snapshots;  ///< their indexes
};

/// Which snapshot to begin with.
enum class Begin {
  AtNewest,  ///< the newest good one, or an older one with a warning
  AtOldest,  ///< the oldest, or none where the log goes back to its beginning: all history
};

/// Replays into `consumer`. Returns the final Found of the reader, which stands there: End or Torn.
/// Fault::Corrupt with file, offset and index: the log is damaged, or does not reach from the
/// snapshot on; the consumer has then seen some of it. Fault::Io (a snapshot that cannot be read is
/// passed over like a damaged one if another will do). Any error of the consumer.
base::Result<Found> replay(Disk& disk, const Inventory& inventory, Begin begin, LogReader& reader,
                           Consumer& consumer, ReplaySummary& summary);

}  // namespace journal
