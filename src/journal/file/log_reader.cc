// From segment to segment.
#include "journal/file/log_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace journal {

base::Result<Inventory> take_inventory(Disk& disk) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error());
  Inventory inventory;
  for (const std::string& name : *names) {
    if (const auto number = parse_segment_name(name)) inventory.segments.push_back(*number);
    if (const auto index = parse_snapshot_name(name)) inventory.snapshots.push_back(*index);
    if (name == kNextSegmentName || name == kNextSnapshotName) inventory.leftovers.push_back(name);
  }
  std::ranges::sort(inventory.segments);
  std::ranges::sort(inventory.snapshots);
  return inventory;
}

base::Result<void> LogReader::open(const std::vector<std::uint64_t>& numbers, LastSegment last,
                                   const std::optional<DataId>& expected_id) {
  last_ = last;
  data_id_ = expected_id;
  for (const std::uint64_t number : numbers) {
    const auto good = read_header(number);
    if (!good) return std::unexpected(good.error());
    if (!*good) break;
  }
  if (headers_.empty()) final_ = bad_header_ ? Found::Damaged : Found::End;
  return {};
}

/// False if the segment cannot belong to this log; then `bad_header_` says why.
base::Result<bool> LogReader::read_header(std::uint64_t number) {
  const std::string name = segment_name(number);
  const auto file = disk_.open(name, Access::Read);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  bytes_.resize(kSectorSize);
  const auto got = (*file)->read(0, bytes_);
  if (!got) return std::unexpected(got.error());
  bytes_.resize(*got);

  SegmentHeader header;
  if (SegmentReader::read_header(name, bytes_, *size, header, damage_)) {
    if (std::string what = misfit(header); what.empty()) {
      data_id_ = header.data_id;
      headers_.push_back(header);
      return true;
    } else {
      damage_ = {name, 0, header.first_index, std::move(what)};
    }
  }
  bad_header_ = damage_;
  return false;
}

std::string LogReader::misfit(const SegmentHeader& next) const {
  if (data_id_ && next.data_id != *data_id_) return "it is of another data directory";
  if (headers_.empty()) return {};
  const SegmentHeader& last = headers_.back();
  if (next.number != last.number + 1) return segment_name(last.number + 1) + " is missing";
  if (next.first_sequence < last.first_sequence || next.first_index < last.first_index) {
    return "it does not follow the segment before it";
  }
  return {};
}

void LogReader::start_after(std::uint64_t index) {
  CHECK(!reader_);
  while (position_ + 1 < headers_.size() && headers_[position_ + 1].first_index <= index) {
    ++position_;
  }
}

base::Result<Found> LogReader::next() {
  if (final_) return *final_;
  if (!reader_) {
    const auto good = load_segment();
    if (!good) return std::unexpected(good.error());
    if (!*good) return *final_;
  }
  const Found found = reader_->next();
  switch (found) {
    case Found::End: return step_over_end(reader_->end());
    case Found::Damaged: damage_ = reader_->damage(); return *(final_ = found);
    case Found::Torn:
      if (!is_last() || bad_header_ || last_ == LastSegment::Closed) {
        return damaged(offset(), end().index, "the batch is not whole");
      }
      final_ = found;
      break;
    case Found::Batch: break;
  }
  // A crash between making a segment and sealing the one before it leaves the new one empty.
  if (needs_seal_) return damaged(0, segment().first_index, "the segment before it has no seal");
  return found;
}

/// Goes on in the next segment, which must begin where this one ends.
base::Result<Found> LogReader::step_over_end(const ChainEnd& end) {
  if (is_last()) return end_of_last(end);
  const SegmentHeader& after = headers_[position_ + 1];
  if (after.first_sequence != end.sequence || after.chain != end.chain ||
      after.first_index != end.index) {
    return damaged(offset(), end.index,
                   fmt::format("batches are missing: segment {} begins with batch {}, not {}",
                               after.number, after.first_sequence, end.sequence));
  }
  if (needs_seal_) return damaged(0, segment().first_index, "the segment before it has no seal");
  needs_seal_ = !reader_->is_sealed();
  ++position_;
  reader_.reset();
  return next();
}

base::Result<Found> LogReader::end_of_last(const ChainEnd& end) {
  if (bad_header_) {
    damage_ = *bad_header_;
    return *(final_ = Found::Damaged);
  }
  if (reader_->is_sealed() && last_ == LastSegment::Open) {
    return damaged(offset(), end.index, segment_name(segment().number + 1) + " is missing");
  }
  if (!reader_->is_sealed() && last_ == LastSegment::Closed) {
    return damaged(offset(), end.index, "the seal is missing");
  }
  return *(final_ = Found::End);
}

base::Result<bool> LogReader::load_segment() {
  const auto file = disk_.open(segment_file(), Access::Read);
  if (!file) return std::unexpected(file.error());
  bytes_.resize(segment().size_bytes);
  const auto got = (*file)->read(0, bytes_);
  if (!got) return std::unexpected(got.error());
  if (*got != bytes_.size()) {
    damaged(*got, segment().first_index, "the file became shorter");
    return false;
  }
  reader_.emplace(segment_file(), bytes_, segment());
  return true;
}

Found LogReader::damaged(std::uint64_t offset, std::uint64_t index, std::string what) {
  damage_ = {segment_file(), offset, index, std::move(what)};
  final_ = Found::Damaged;
  return *final_;
}

}  // namespace journal
