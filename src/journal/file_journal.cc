// Appending: one encode, one durable write.
#include "journal/file_journal.h"

#include <algorithm>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/planted.h"

namespace journal {

FileJournal::FileJournal(std::unique_ptr<Disk> disk, const FileJournalOptions& options,
                         const DataId& id)
    : disk_(std::move(disk)),
      options_(options),
      data_id_(id),
      archive_(*disk_, id),
      preparer_(*disk_, options.prepare_in_background),
      encoder_(id) {}

base::Result<void> FileJournal::append(const Batch& batch) {
  return append_at(batch.empty() ? end_.index : batch.record(0).index, batch);
}

base::Result<void> FileJournal::jump(std::uint64_t index) {
  Batch batch;
  batch.mark = mark_;
  batch.digest = digest_;
  return append_at(index, batch);
}

base::Result<void> FileJournal::append_at(std::uint64_t first_index, const Batch& batch) {
  if (failed_) return std::unexpected(*failed_);
  auto written = write(first_index, batch);
  if (!written) failed_ = written.error();
  return written;
}

base::Result<void> FileJournal::write(std::uint64_t first_index, const Batch& batch) {
  CHECK_GE(first_index, end_.index);
  FAULT_POINT("journal.before_append");
  const std::string_view bytes = encoder_.encode(batch, end_, first_index);
  CHECK_EQ(bytes.size() % kSectorSize, 0U);
  if (bytes.size() > segment_.size_bytes - kSectorSize - offset_) {
    if (auto rotated = rotate(bytes.size()); !rotated) return rotated;
  }
  FAULT_POINT_AFTER(
      "journal.torn_append",
      file_->write(offset_, bytes.substr(0, bytes.size() / 2 / kSectorSize * kSectorSize)));
  if (auto written = file_->write(offset_, bytes); !written) return written;
  FAULT_POINT("journal.after_append");
  offset_ += bytes.size();
  const std::uint64_t next = batch.empty() ? first_index : batch.last_index() + 1;
  end_ = {end_.sequence + 1, next, base::sha256(bytes)};
  mark_ = batch.mark;
  digest_ = batch.digest;
  return {};
}

/// The next segment stands durably under its name before the seal says so. A crash in between
/// leaves an unsealed segment before an empty one, which recovery seals.
base::Result<void> FileJournal::rotate(std::uint64_t batch_bytes) {
  FAULT_POINT("journal.before_rotation");
  const auto size = preparer_.take(segment_size_for(batch_bytes));
  if (!size) return std::unexpected(size.error());
  const SegmentHeader closed = segment_;
  const std::unique_ptr<File> closed_file = std::move(file_);
  if (auto made = make_segment(closed.number + 1, *size); !made) return made;
  FAULT_POINT("journal.before_seal");
  if (auto sealed = seal(*closed_file, closed, end_); !sealed) return sealed;
  FAULT_POINT("journal.after_seal");
  archive_.add_segment({closed.number, end_.index - 1, closed.size_bytes});
  preparer_.start(segment_size_for(0));
  return {};
}

/// Gives the prepared file its header and its name.
base::Result<void> FileJournal::make_segment(std::uint64_t number, std::uint64_t size_bytes) {
  SegmentHeader header;
  header.data_id = data_id_;
  header.number = number;
  header.first_sequence = end_.sequence;
  header.first_index = end_.index;
  header.chain = end_.chain;
  header.size_bytes = size_bytes;
  header.checksum = checksum_of(header, 0);
  const auto file = disk_->open(kNextSegmentName, Access::ReadWrite);
  if (!file) return std::unexpected(file.error());
  if (auto written = (*file)->write(0, bytes_of(header)); !written) return written;
  FAULT_POINT("segment.after_header");
  const std::string name = segment_name(number);
  if (auto named = disk_->rename(kNextSegmentName, name); !named) return named;
  FAULT_POINT("segment.after_name");
  if (auto synced = PLANTED(DirectoryNotSynced) ? base::Result<void>() : disk_->sync_directory();
      !synced) {
    return synced;
  }
  FAULT_POINT("segment.after_directory_sync");
  auto opened = disk_->open(name, Access::ReadWrite);
  if (!opened) return std::unexpected(opened.error());
  file_ = std::move(*opened);
  segment_ = header;
  offset_ = kSectorSize;
  return {};
}

base::Result<void> FileJournal::seal(File& file, const SegmentHeader& segment,
                                     const ChainEnd& end) {
  Seal seal;
  seal.number = segment.number;
  seal.next_sequence = end.sequence;
  seal.chain = end.chain;
  seal.checksum = checksum_of(seal, seed_of(data_id_));
  return file.write(segment.size_bytes - kSectorSize, bytes_of(seal));
}

std::uint64_t FileJournal::segment_size_for(std::uint64_t batch_bytes) const {
  constexpr std::uint64_t kOverhead = 2 * kSectorSize;  // the header and the seal
  const std::uint64_t size = std::max(options_.segment_bytes, batch_bytes + kOverhead);
  return std::clamp(round_up_to_sector(size), kSegmentBytesMin, kSegmentBytesMax);
}

}  // namespace journal
