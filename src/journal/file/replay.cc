// Replay.
#include "journal/file/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/fault_point.h"
#include "base/planted.h"
#include "journal/file/snapshot_file.h"

namespace journal {
namespace {

bool reaches_from_the_beginning(const LogReader& reader) {
  return reader.headers().empty() || reader.headers().front().first_sequence == 1;
}

/// Whether the log holds everything after `index`, as far as the first header tells.
bool reaches_from(const LogReader& reader, std::uint64_t index) {
  return reader.headers().empty() || reader.headers().front().first_index <= index + 1;
}

base::Error out_of_reach(const Disk& disk, const LogReader& reader,
                         const std::vector<std::string>& warnings, bool disk_failed) {
  const SegmentHeader& first = reader.headers().front();
  const Damage damage{segment_name(first.number), 0, first.first_index,
                      "no good snapshot holds what was before this segment"};
  base::Error error = to_error(damage, disk.path());
  for (const std::string& warning : warnings) error.message += "; " + warning;
  // What cannot be read now may still be whole.
  if (disk_failed) error.fault = base::Fault::Io;
  return error;
}

/// The snapshot to begin with; none to begin with the first batch there ever was.
base::Result<std::optional<Snapshot>> choose_snapshot(Disk& disk,
                                                      std::vector<std::uint64_t> indexes,
                                                      Begin begin, const LogReader& reader,
                                                      ReplaySummary& summary) {
  bool disk_failed = false;
  if (begin == Begin::AtNewest) std::ranges::reverse(indexes);
  if (begin == Begin::AtOldest && reaches_from_the_beginning(reader)) indexes.clear();
  for (const std::uint64_t index : indexes) {
    auto snapshot = load_snapshot(disk, reader.data_id(), index);
    if (snapshot && reaches_from(reader, index)) return std::move(*snapshot);
    if (snapshot) break;
    disk_failed |= snapshot.error().fault == base::Fault::Io;
    summary.warnings.push_back(snapshot.error().message);
    summary.bad_snapshots.push_back(index);
  }
  if (!reaches_from_the_beginning(reader)) {
    return std::unexpected(out_of_reach(disk, reader, summary.warnings, disk_failed));
  }
  return std::optional<Snapshot>();
}

base::Result<void> replay_batch(const BatchView& batch, std::uint64_t after, Consumer& consumer,
                                ReplaySummary& summary) {
  if (batch.end_index() < after) return {};
  for (const Record& record : batch.records) {
    if (PLANTED(RecordSkippedAfterSnapshot) && record.index == after + 1 && after > 0) continue;
    if (record.index <= after) continue;
    if (auto replayed = consumer.replay(record); !replayed) return replayed;
    summary.last_index = record.index;
    ++summary.entries;
  }
  ++summary.batches;
  summary.mark = base::Time::from_us(batch.header.mark_us);
  summary.digest = batch.header.digest;
  return consumer.batch_end(summary.last_index, summary.mark, summary.digest);
}

base::Result<void> restore(const Snapshot& snapshot, Consumer& consumer, ReplaySummary& summary) {
  summary.snapshot_index = summary.last_index = snapshot.index;
  summary.mark = snapshot.mark;
  summary.digest = snapshot.digest;
  return consumer.restore(snapshot);
}

/// Everything after the snapshot, up to what ends the log.
base::Result<Found> replay_batches(LogReader& reader, Consumer& consumer, ReplaySummary& summary) {
  const std::uint64_t after = summary.snapshot_index;
  reader.start_after(after);
  std::uint64_t segment = 0;
  for (;;) {
    const auto found = reader.next();
    if (!found || *found != Found::Batch) return found;
    if (std::exchange(segment, reader.segment().number) != segment) ++summary.segments;
    if (auto replayed = replay_batch(reader.batch(), after, consumer, summary); !replayed) {
      return std::unexpected(replayed.error());
    }
    FAULT_POINT("replay.between_batches");
  }
}

}  // namespace

base::Result<Found> replay(Disk& disk, const Inventory& inventory, Begin begin, LogReader& reader,
                           Consumer& consumer, ReplaySummary& summary) {
  if (reader.is_damaged()) return std::unexpected(to_error(reader.damage(), disk.path()));
  const auto snapshot = choose_snapshot(disk, inventory.snapshots, begin, reader, summary);
  if (!snapshot) return std::unexpected(snapshot.error());
  if (*snapshot) {
    auto restored = restore(**snapshot, consumer, summary);
    if (!restored) return std::unexpected(restored.error());
    FAULT_POINT("replay.after_snapshot");
  }
  const auto found = replay_batches(reader, consumer, summary);
  if (!found) return found;
  if (*found == Found::Damaged) return std::unexpected(to_error(reader.damage(), disk.path()));
  if (reader.ends_before(summary.snapshot_index)) {
    const Damage damage{
        segment_name(reader.segment().number), reader.offset(), reader.end().index,
        fmt::format("the log ends here, but the snapshot is of index {}", summary.snapshot_index)};
    return std::unexpected(to_error(damage, disk.path()));
  }
  return found;
}

}  // namespace journal
