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
  if (headers_.empty() && !final_) final_ = Found::End;
  return {};
}

/// False if the segment cannot belong to this log; then `damage_` says why.
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
  if (!SegmentReader::read_header(name, bytes_, *size, header, damage_)) {
    final_ = Found::Damaged;
    return false;
  }
  if (std::string what = misfit(header); !what.empty()) {
    final_ = damaged(name, 0, header.first_index, std::move(what));
    return false;
  }
  data_id_ = header.data_id;
  headers_.push_back(header);
  return true;
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
  if (found == Found::End) return step_over_end(reader_->end());
  const bool is_last = position_ + 1 == headers_.size();
  const std::string name = segment_name(segment().number);
  if (found == Found::Damaged) {
    damage_ = reader_->damage();
  } else if (needs_seal_) {
    return *(final_ = damaged(name, 0, segment().first_index, "the segment before it has no seal"));
  } else if (found == Found::Torn && (!is_last || last_ == LastSegment::Closed)) {
    return *(final_ = damaged(name, offset(), end().index, "the batch is not whole"));
  }
  if (found != Found::Batch) final_ = found;
  return found;
}

base::Result<Found> LogReader::step_over_end(const ChainEnd& end) {
  const std::string name = segment_name(segment().number);
  const bool is_last = position_ + 1 == headers_.size();
  if (is_last) {
    if (reader_->is_sealed() && last_ == LastSegment::Open) {
      return *(final_ = damaged(name, offset(), end.index,
                                segment_name(segment().number + 1) + " is missing"));
    }
    if (!reader_->is_sealed() && last_ == LastSegment::Closed) {
      return *(final_ = damaged(name, offset(), end.index, "the seal is missing"));
    }
    return *(final_ = Found::End);
  }
  const SegmentHeader& after = headers_[position_ + 1];
  if (after.first_sequence != end.sequence || after.chain != end.chain ||
      after.first_index != end.index) {
    return *(final_ =
                 damaged(name, offset(), end.index,
                         fmt::format("batches are missing: segment {} begins with batch {}, not {}",
                                     after.number, after.first_sequence, end.sequence)));
  }
  // A crash between making the next segment and sealing this one leaves the next one empty.
  needs_seal_ = !reader_->is_sealed();
  ++position_;
  reader_.reset();
  return next();
}

base::Result<bool> LogReader::load_segment() {
  const std::string name = segment_name(segment().number);
  const auto file = disk_.open(name, Access::Read);
  if (!file) return std::unexpected(file.error());
  bytes_.resize(segment().size_bytes);
  const auto got = (*file)->read(0, bytes_);
  if (!got) return std::unexpected(got.error());
  if (*got != bytes_.size()) {
    final_ = damaged(name, *got, segment().first_index, "the file became shorter");
    return false;
  }
  reader_.emplace(name, bytes_, segment());
  return true;
}

Found LogReader::damaged(std::string name, std::uint64_t offset, std::uint64_t index,
                         std::string what) {
  damage_ = {std::move(name), offset, index, std::move(what)};
  return Found::Damaged;
}

}  // namespace journal
