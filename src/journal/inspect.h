// What an operator does with a data directory while no server runs on it:
// verify it, read it, and as a last resort cut it short.
//
// Lock the disk first. A directory in use can be read without the lock, but then
// its newest batch may look torn or damaged, since it is being written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "journal/disk.h"
#include "journal/file/replay.h"
#include "journal/file/segment_reader.h"
#include "journal/file_journal.h"

namespace journal {

struct SnapshotCheck {
  std::uint64_t index = 0;
  std::uint64_t bytes = 0;  ///< of its payload; 0 if it is bad
  std::string error;        ///< empty: it is good
};

struct VerifyReport {
  std::optional<DataId> data_id;
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;
  std::uint64_t entries = 0;
  std::uint64_t first_index = 0;  ///< of the first entry in the segments; 0: there is none
  std::uint64_t last_index = 0;
  ChainEnd end;  ///< behind the last good batch; `chain` is the head of the hash chain
  base::Time mark;
  std::vector<SnapshotCheck> snapshots;
  std::optional<TornTail> torn;  ///< which recovery will cut
  std::string last_file;         ///< where the log ends, or is torn
  std::optional<Damage> damage;  ///< the first; nothing behind it was read

  /// No damage, and every snapshot is good. A torn tail is no fault.
  bool is_good() const;
};

/// Reads every byte of all segments and snapshots. Changes nothing. Fault::Io.
base::Result<VerifyReport> verify(Disk& disk);

struct BatchInfo {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;  ///< on the disk
  std::uint64_t sequence = 0;
  std::uint64_t first_index = 0;
  std::uint64_t count = 0;
  base::Time mark;
  std::uint64_t digest = 0;
};

/// Called once for each batch with no record, then for each of its records. False: stop.
using DumpSink = std::function<bool(const BatchInfo& batch, const Record* record)>;

/// Hands out everything in the segments with an index of at least `first_index`. Changes nothing.
/// Fault::Corrupt, after all that is good before the damage; Fault::Io.
base::Result<void> dump(Disk& disk, std::uint64_t first_index, const DumpSink& sink);

/// Replays as much history as there is: from the very first entry if the segments were kept, else
/// from the oldest good snapshot. Changes nothing; a torn tail is passed over. Errors as replay().
base::Result<ReplaySummary> replay_history(Disk& disk, Consumer& consumer);

struct TruncateRequest {
  std::uint64_t last_index = 0;  ///< the last one to keep
  bool confirmed = false;        ///< false: only report what would be lost
  base::Time wall_time;          ///< names the copies of what is cut
};

struct TruncateReport {
  bool done = false;
  std::uint64_t kept_index = 0;    ///< where the log ends then
  std::uint64_t lost_batches = 0;  ///< good ones behind it
  std::uint64_t lost_entries = 0;  ///< in these
  std::uint64_t lost_bytes = 0;    ///< good or not
  std::string damage;              ///< what else is lost cannot be read: why; empty: it can
  std::vector<std::string> lost_snapshots;
  std::uint64_t next_index = 0;  ///< far beyond every index that was ever seen
  std::vector<std::string>
      copies;  ///< files beside the data with what was cut, named cut-TIME-*.bak
};

/// Cuts everything after an index, and lets indexes go on so far ahead that no token repeats. A
/// batch is never cut in two: its digest would be lost with its end.
///
/// An index at or beyond the end cuts nothing and only jumps ahead; that is how a restored backup
/// is made safe to use. After an error of the disk the call can be repeated.
///
/// Fault::Usage: the index lies inside a batch (the sentence names the two that do not), before
/// what the log and its snapshots can rebuild, or behind the first damage. Fault::InUse: a server
/// runs. Fault::Corrupt: there is nothing to keep, or the rest would not recover. Fault::Io.
base::Result<TruncateReport> truncate(std::unique_ptr<Disk> disk, const TruncateRequest& request,
                                      const FileJournalOptions& options = {});

}  // namespace journal
