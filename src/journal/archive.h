// The settled part of a data directory: the closed segments, which never change
// again, and the snapshots. The compactor works on it in the background: it
// replays the last snapshot and the closed segments, saves the result as the
// next snapshot, and drops what is no longer needed.
//
// All functions may be called while another thread appends to the journal. Of
// replay(), save() and drop(), one runs at a time; sizes() may be called by anyone.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "journal/disk.h"
#include "journal/file/format.h"
#include "journal/file/replay.h"
#include "journal/journal.h"

namespace journal {

/// Which segments to keep beyond those that a recovery may need.
enum class KeepSegments { Needed, All };

class Archive {
 public:
  struct Sizes {
    std::uint64_t snapshot_index = 0;     ///< of the last snapshot; 0: there is none
    std::uint64_t snapshot_bytes = 0;     ///< of the last snapshot
    std::uint64_t closed_bytes = 0;       ///< in closed segments that hold anything after it
    std::uint64_t closed_index = 0;       ///< the last index in closed segments
    std::uint64_t all_segment_bytes = 0;  ///< of all closed segments
  };

  struct Dropped {
    std::uint64_t segments = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t bytes = 0;
  };

  /// `disk` must outlive the archive.
  Archive(Disk& disk, const DataId& id) : disk_(disk), id_(id) {}

  Sizes sizes() const;

  /// Replays the newest good snapshot and the closed segments into `consumer`; what the state
  /// then holds is a snapshot of `last_index` with `mark` and `digest` of the summary.
  /// Fault::Corrupt with file, offset and index; Fault::Io; any error of the consumer.
  base::Result<ReplaySummary> replay(Consumer& consumer);

  /// Saves a snapshot; it is durable when this returns. Its index must be durable in the journal:
  /// that of a replay() is. An error (Fault::Io, see is_disk_full) leaves the journal as good as
  /// it was.
  base::Result<void> save(const Snapshot& snapshot);

  /// Removes the snapshots before the last two, and the segments that recovery does not need even
  /// if it must begin with the older of the two. Fault::Io; calling again goes on.
  base::Result<Dropped> drop(KeepSegments keep);

 private:
  friend class FileJournal;

  struct ClosedSegment {
    std::uint64_t number = 0;
    std::uint64_t last_index = 0;  ///< nothing in the segment is after it
    std::uint64_t bytes = 0;
  };
  struct SavedSnapshot {
    std::uint64_t index = 0;
    std::uint64_t bytes = 0;
  };

  void add_segment(const ClosedSegment& segment);
  void add_snapshot(const SavedSnapshot& snapshot);
  Inventory inventory() const;
  base::Result<void> drop_snapshots(std::size_t keep_count, Dropped& dropped);
  base::Result<void> drop_segments(Dropped& dropped);
  base::Result<void> remove_durably(const std::string& name);

  Disk& disk_;
  const DataId id_;
  mutable std::mutex mutex_;              ///< guards what follows
  std::vector<ClosedSegment> segments_;   ///< ascending
  std::vector<SavedSnapshot> snapshots_;  ///< ascending
};

}  // namespace journal
