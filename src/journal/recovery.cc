// Opening a data directory: read all, then believe it, then mend what a crash
// left behind. A crash in the middle of mending leaves what can be mended again.
#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/planted.h"
#include "journal/file/snapshot_file.h"
#include "journal/file_journal.h"

namespace journal {
namespace {

DataId random_data_id() {
  DataId id{};
  CHECK_EQ(::getentropy(id.data(), id.size()), 0);
  return id;
}

/// A batch that a killed process left in the page cache, without a sync, reads like a durable one,
/// and so does the seal of the segment before. They become durable here, before anybody acts on
/// them. All that is older was durable before anything came after it.
base::Result<void> sync_what_is_there(Disk& disk, const Inventory& inventory) {
  const std::size_t count = inventory.segments.size();
  const std::size_t young = std::min<std::size_t>(count, PLANTED(SealNotSynced) ? 1 : 2);
  for (std::size_t i = count - young; i < count; ++i) {
    const auto file = disk.open(segment_name(inventory.segments[i]), Access::ReadWrite);
    if (!file) return std::unexpected(file.error());
    if (auto synced = (*file)->sync(); !synced) return synced;
  }
  return disk.sync_directory();
}

base::Result<void> refuse_lone_snapshots(const Disk& disk, const Inventory& inventory) {
  if (inventory.snapshots.empty()) return {};
  const Damage damage{snapshot_name(inventory.snapshots.back()), 0, inventory.snapshots.back(),
                      "there is a snapshot, but not a single segment"};
  return std::unexpected(to_error(damage, disk.path()));
}

base::Duration since(std::chrono::steady_clock::time_point start) {
  const auto passed = std::chrono::steady_clock::now() - start;
  return base::Duration::from_us(
      std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
}

}  // namespace

base::Result<FileJournal::Opened> FileJournal::open(std::unique_ptr<Disk> disk,
                                                    const FileJournalOptions& options,
                                                    Consumer& consumer) {
  const auto start = std::chrono::steady_clock::now();
  if (auto locked = disk->lock(); !locked) return std::unexpected(locked.error());
  FAULT_POINT("recovery.after_lock");
  const auto inventory = take_inventory(*disk);
  if (!inventory) return std::unexpected(inventory.error());
  FAULT_POINT("recovery.after_listing");
  if (auto synced = sync_what_is_there(*disk, *inventory); !synced) {
    return std::unexpected(synced.error());
  }
  FAULT_POINT("recovery.after_sync");
  LogReader reader(*disk);
  if (auto read = reader.open(inventory->segments, LastSegment::Open, {}); !read) {
    return std::unexpected(read.error());
  }
  if (reader.is_damaged()) return std::unexpected(to_error(reader.damage(), disk->path()));

  FAULT_POINT("recovery.after_headers");
  Opened opened;
  opened.report.created = inventory->segments.empty();
  if (opened.report.created) {
    if (auto alone = refuse_lone_snapshots(*disk, *inventory); !alone) {
      return std::unexpected(alone.error());
    }
  }
  const DataId id = reader.data_id()       ? *reader.data_id()
                    : options.make_data_id ? options.make_data_id()
                                           : random_data_id();
  opened.journal.reset(new FileJournal(std::move(disk), options, id));
  FileJournal& journal = *opened.journal;
  auto ready = opened.report.created ? journal.create()
                                     : journal.recover(reader, *inventory, consumer, opened.report);
  if (!ready) return std::unexpected(ready.error());
  FAULT_POINT("recovery.end");
  journal.preparer_.start(journal.segment_size_for(0));
  opened.report.duration = since(start);
  return opened;
}

base::Result<void> FileJournal::create() {
  FAULT_POINT("recovery.before_creation");
  const auto size = preparer_.take(segment_size_for(0));
  if (!size) return std::unexpected(size.error());
  auto made = make_segment(1, *size);
  FAULT_POINT("recovery.after_creation");
  return made;
}

base::Result<void> FileJournal::recover(LogReader& reader, const Inventory& inventory,
                                        Consumer& consumer, RecoveryReport& report) {
  const auto found = replay(*disk_, inventory, Begin::AtNewest, reader, consumer, report.replayed);
  if (!found) return std::unexpected(found.error());
  CHECK(*found == Found::End || *found == Found::Torn);
  FAULT_POINT("recovery.after_replay");

  segment_ = reader.segment();
  offset_ = reader.offset();
  end_ = reader.end();
  mark_ = report.replayed.mark;
  digest_ = report.replayed.digest;
  auto opened = disk_->open(segment_name(segment_.number), Access::ReadWrite);
  if (!opened) return std::unexpected(opened.error());
  file_ = std::move(*opened);

  if (*found == Found::Torn) {
    if (auto result = cut(reader.torn(), report); !result) return result;
  }
  if (const SegmentHeader* before = reader.unsealed_before()) {
    if (auto sealed = seal_interrupted_rotation(*before); !sealed) return sealed;
  }
  for (const std::string& name : inventory.leftovers) {
    if (auto removed = disk_->remove(name); !removed) return removed;
    FAULT_POINT("recovery.after_leftover");
  }
  if (auto moved = set_aside(report.replayed.bad_snapshots); !moved) return moved;
  return list_archive(reader, inventory, report.replayed.bad_snapshots);
}

/// Zeros, durably, so that a later and shorter batch in this place has zeros behind it.
base::Result<void> FileJournal::cut(const TornTail& torn, RecoveryReport& report) {
  CHECK_EQ(torn.offset, offset_);
  report.cut_bytes = torn.size_bytes;
  report.cut_records_at_most = torn.records_at_most;
  report.cut_file = segment_name(segment_.number);
  report.cut_offset = torn.offset;
  FAULT_POINT("recovery.before_cut");
  auto written = write_in_pieces(*file_, torn.offset, std::string(torn.size_bytes, '\0'));
  FAULT_POINT("recovery.after_cut");
  return written;
}

base::Result<void> FileJournal::seal_interrupted_rotation(const SegmentHeader& before) {
  const auto file = disk_->open(segment_name(before.number), Access::ReadWrite);
  if (!file) return std::unexpected(file.error());
  FAULT_POINT("recovery.before_seal");
  auto sealed =
      seal(**file, before, {segment_.first_sequence, segment_.first_index, segment_.chain});
  FAULT_POINT("recovery.after_seal");
  return sealed;
}

/// Out of the way of the compactor, which would count them among the two it keeps.
base::Result<void> FileJournal::set_aside(const std::vector<std::uint64_t>& bad_snapshots) {
  for (const std::uint64_t index : bad_snapshots) {
    const std::string name = snapshot_name(index);
    FAULT_POINT("recovery.before_snapshot_is_set_aside");
    if (auto renamed = disk_->rename(name, name + ".bad"); !renamed) return renamed;
    FAULT_POINT("recovery.after_snapshot_is_set_aside");
  }
  return bad_snapshots.empty() ? base::Result<void>() : disk_->sync_directory();
}

base::Result<void> FileJournal::list_archive(const LogReader& reader, const Inventory& inventory,
                                             const std::vector<std::uint64_t>& bad_snapshots) {
  const auto& headers = reader.headers();
  for (std::size_t i = 0; i + 1 < headers.size(); ++i) {
    archive_.add_segment(
        {headers[i].number, headers[i + 1].first_index - 1, headers[i].size_bytes});
  }
  for (const std::uint64_t index : inventory.snapshots) {
    if (std::ranges::find(bad_snapshots, index) != bad_snapshots.end()) continue;
    const auto size = snapshot_size(*disk_, index);
    if (!size) return std::unexpected(size.error());
    archive_.add_snapshot({index, *size});
  }
  return {};
}

std::string RecoveryReport::to_string() const {
  if (created) return "made a new journal";
  std::string text = fmt::format(
      "replayed {} entries in {} batches of {} segments onto {}, up to index {}, in {} ms",
      replayed.entries, replayed.batches, replayed.segments,
      replayed.snapshot_index == 0
          ? std::string("nothing")
          : fmt::format("the snapshot of index {}", replayed.snapshot_index),
      replayed.last_index, duration.ms());
  if (cut_bytes > 0) {
    text += fmt::format(
        "; cut {} bytes, at most {} records, of an unfinished and never acknowledged batch at "
        "offset {} of {}",
        cut_bytes, cut_records_at_most, cut_offset, cut_file);
  }
  for (const std::string& warning : replayed.warnings) text += "; " + warning;
  return text;
}

}  // namespace journal
