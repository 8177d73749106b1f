// Reading a data directory without changing it.
#include "journal/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "journal/file/snapshot_file.h"

namespace journal {
namespace {

base::Result<void> check_snapshots(Disk& disk, const Inventory& inventory,
                                   const std::optional<DataId>& id, VerifyReport& report) {
  for (const std::uint64_t index : inventory.snapshots) {
    const auto snapshot = load_snapshot(disk, id, index);
    if (!snapshot && snapshot.error().fault == base::Fault::Io) {
      return std::unexpected(snapshot.error());
    }
    report.snapshots.push_back({index, snapshot ? snapshot->payload.size() : 0,
                                snapshot ? std::string() : snapshot.error().message});
  }
  return {};
}

void add_batch(const BatchView& batch, VerifyReport& report) {
  ++report.batches;
  report.entries += batch.records.size();
  report.mark = base::Time::from_us(batch.header.mark_us);
  if (batch.records.empty()) return;
  if (report.first_index == 0) report.first_index = batch.records.front().index;
  report.last_index = batch.records.back().index;
}

/// The log must begin with the first batch there was, or where a good snapshot ends.
std::optional<Damage> check_reach(const LogReader& reader, const VerifyReport& report) {
  if (reader.headers().empty()) {
    if (report.snapshots.empty()) return {};
    return Damage{snapshot_name(report.snapshots.back().index), 0, report.snapshots.back().index,
                  "there is a snapshot, but not a single segment"};
  }
  const SegmentHeader& first = reader.headers().front();
  if (first.first_sequence == 1) return {};
  for (const SnapshotCheck& snapshot : report.snapshots) {
    if (snapshot.error.empty() && first.first_index <= snapshot.index + 1) return {};
  }
  return Damage{segment_name(first.number), 0, first.first_index,
                "no good snapshot holds what was before this segment"};
}

std::optional<Damage> check_end(const LogReader& reader, const VerifyReport& report) {
  for (const SnapshotCheck& snapshot : report.snapshots) {
    if (!snapshot.error.empty() || !reader.ends_before(snapshot.index)) continue;
    return Damage{
        report.last_file, reader.offset(), report.end.index,
        fmt::format("the log ends here, but there is a snapshot of index {}", snapshot.index)};
  }
  return {};
}

/// Reads all batches, up to what ends the log.
base::Result<Found> check_batches(LogReader& reader, VerifyReport& report) {
  for (;;) {
    const auto found = reader.next();
    if (!found || *found != Found::Batch) return found;
    report.last_file = segment_name(reader.segment().number);
    report.end = reader.end();
    add_batch(reader.batch(), report);
  }
}

BatchInfo info_of(const SegmentHeader& segment, const BatchView& batch) {
  return {segment_name(segment.number),
          batch.offset,
          batch.size_bytes,
          batch.header.sequence,
          batch.header.first_index,
          batch.header.count,
          base::Time::from_us(batch.header.mark_us),
          batch.header.digest};
}

/// False if the sink has had enough.
bool dump_batch(const BatchInfo& info, const BatchView& batch, std::uint64_t first_index,
                const DumpSink& sink) {
  if (batch.end_index() < first_index) return true;
  if (!sink(info, nullptr)) return false;
  return std::ranges::all_of(batch.records, [&](const Record& record) {
    return record.index < first_index || sink(info, &record);
  });
}

}  // namespace

bool VerifyReport::is_good() const {
  return !damage && std::ranges::all_of(snapshots, [](const SnapshotCheck& snapshot) {
    return snapshot.error.empty();
  });
}

base::Result<VerifyReport> verify(Disk& disk) {
  const auto inventory = take_inventory(disk);
  if (!inventory) return std::unexpected(inventory.error());
  LogReader reader(disk);
  if (auto opened = reader.open(inventory->segments, LastSegment::Open, {}); !opened) {
    return std::unexpected(opened.error());
  }
  VerifyReport report;
  report.data_id = reader.data_id();
  report.segments = inventory->segments.size();
  if (auto checked = check_snapshots(disk, *inventory, reader.data_id(), report); !checked) {
    return std::unexpected(checked.error());
  }
  const auto found = check_batches(reader, report);
  if (!found) return std::unexpected(found.error());
  if (*found == Found::Damaged) {
    report.damage = reader.damage();
    return report;
  }
  if (*found == Found::Torn) {
    report.torn = reader.torn();
    report.last_file = segment_name(reader.segment().number);
  }
  report.damage = check_reach(reader, report);
  if (!report.damage) report.damage = check_end(reader, report);
  return report;
}

base::Result<void> dump(Disk& disk, std::uint64_t first_index, const DumpSink& sink) {
  const auto inventory = take_inventory(disk);
  if (!inventory) return std::unexpected(inventory.error());
  LogReader reader(disk);
  if (auto opened = reader.open(inventory->segments, LastSegment::Open, {}); !opened) return opened;
  reader.start_after(first_index == 0 ? 0 : first_index - 1);
  for (;;) {
    const auto found = reader.next();
    if (!found) return std::unexpected(found.error());
    if (*found == Found::Damaged) return std::unexpected(to_error(reader.damage(), disk.path()));
    if (*found != Found::Batch) return {};
    const BatchView& batch = reader.batch();
    if (!dump_batch(info_of(reader.segment(), batch), batch, first_index, sink)) return {};
  }
}

base::Result<ReplaySummary> replay_history(Disk& disk, Consumer& consumer) {
  const auto inventory = take_inventory(disk);
  if (!inventory) return std::unexpected(inventory.error());
  LogReader reader(disk);
  if (auto opened = reader.open(inventory->segments, LastSegment::Open, {}); !opened) {
    return std::unexpected(opened.error());
  }
  ReplaySummary summary;
  const auto found = replay(disk, *inventory, Begin::AtOldest, reader, consumer, summary);
  if (!found) return std::unexpected(found.error());
  return summary;
}

}  // namespace journal
