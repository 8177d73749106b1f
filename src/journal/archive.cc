// The lists change under the mutex; files are read and written without it, which
// is safe since a file in the lists never changes and only drop() removes one.
#include "journal/archive.h"

#include <algorithm>

#include "base/check.h"
#include "base/fault_point.h"
#include "journal/file/snapshot_file.h"

namespace journal {
namespace {

constexpr std::size_t kSnapshotsKept = 2;

}  // namespace

Archive::Sizes Archive::sizes() const {
  const std::lock_guard lock(mutex_);
  Sizes sizes;
  if (!snapshots_.empty()) {
    sizes.snapshot_index = snapshots_.back().index;
    sizes.snapshot_bytes = snapshots_.back().bytes;
  }
  for (const ClosedSegment& segment : segments_) {
    sizes.all_segment_bytes += segment.bytes;
    if (segment.last_index > sizes.snapshot_index) sizes.closed_bytes += segment.bytes;
    sizes.closed_index = segment.last_index;
  }
  return sizes;
}

base::Result<ReplaySummary> Archive::replay(Consumer& consumer) {
  const Inventory files = inventory();
  LogReader reader(disk_);
  if (auto opened = reader.open(files.segments, LastSegment::Closed, id_); !opened) {
    return std::unexpected(opened.error());
  }
  ReplaySummary summary;
  const auto found = journal::replay(disk_, files, Begin::AtNewest, reader, consumer, summary);
  if (!found) return std::unexpected(found.error());
  CHECK(*found == Found::End);
  return summary;
}

base::Result<void> Archive::save(const Snapshot& snapshot) {
  CHECK_GT(snapshot.index, 0U);
  if (auto saved = save_snapshot(disk_, id_, snapshot); !saved) return saved;
  add_snapshot({snapshot.index, sizeof(SnapshotHeader) + snapshot.payload.size()});
  return {};
}

base::Result<Archive::Dropped> Archive::drop(KeepSegments keep) {
  Dropped dropped;
  if (auto result = drop_snapshots(kSnapshotsKept, dropped); !result) {
    return std::unexpected(result.error());
  }
  if (keep == KeepSegments::Needed) {
    if (auto result = drop_segments(dropped); !result) return std::unexpected(result.error());
  }
  return dropped;
}

base::Result<void> Archive::drop_snapshots(std::size_t keep_count, Dropped& dropped) {
  for (;;) {
    SavedSnapshot oldest;
    {
      const std::lock_guard lock(mutex_);
      if (snapshots_.size() <= keep_count) return {};
      oldest = snapshots_.front();
    }
    FAULT_POINT("archive.before_snapshot_is_dropped");
    if (auto removed = remove_durably(snapshot_name(oldest.index)); !removed) return removed;
    const std::lock_guard lock(mutex_);
    snapshots_.erase(snapshots_.begin());
    ++dropped.snapshots;
    dropped.bytes += oldest.bytes;
  }
}

/// From the oldest on, each removal durable before the next: a crash leaves no gap.
base::Result<void> Archive::drop_segments(Dropped& dropped) {
  for (;;) {
    ClosedSegment oldest;
    {
      const std::lock_guard lock(mutex_);
      // With a single snapshot, the whole log is what recovery falls back to.
      if (snapshots_.size() < kSnapshotsKept || segments_.empty()) return {};
      oldest = segments_.front();
      const std::uint64_t needed_after = snapshots_[snapshots_.size() - kSnapshotsKept].index;
      if (oldest.last_index > needed_after) return {};
    }
    FAULT_POINT("archive.before_segment_is_dropped");
    if (auto removed = remove_durably(segment_name(oldest.number)); !removed) return removed;
    FAULT_POINT("archive.between_segments");
    const std::lock_guard lock(mutex_);
    segments_.erase(segments_.begin());
    ++dropped.segments;
    dropped.bytes += oldest.bytes;
  }
}

base::Result<void> Archive::remove_durably(const std::string& name) {
  if (auto removed = remove_leftover(disk_, name); !removed) return removed;
  FAULT_POINT("archive.after_removal");
  return disk_.sync_directory();
}

void Archive::add_segment(const ClosedSegment& segment) {
  const std::lock_guard lock(mutex_);
  CHECK(segments_.empty() || segments_.back().number + 1 == segment.number);
  segments_.push_back(segment);
}

void Archive::add_snapshot(const SavedSnapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::lower_bound(snapshots_, snapshot.index, {}, &SavedSnapshot::index);
  if (at != snapshots_.end() && at->index == snapshot.index) {
    *at = snapshot;
  } else {
    snapshots_.insert(at, snapshot);
  }
}

Inventory Archive::inventory() const {
  const std::lock_guard lock(mutex_);
  Inventory files;
  for (const ClosedSegment& segment : segments_) files.segments.push_back(segment.number);
  for (const SavedSnapshot& snapshot : snapshots_) files.snapshots.push_back(snapshot.index);
  return files;
}

}  // namespace journal
