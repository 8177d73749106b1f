// Reads the batches of consecutive segments, as one log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/disk.h"
#include "journal/file/segment_reader.h"

namespace journal {

/// The journal's files in a directory, by their names alone.
struct Inventory {
  std::vector<std::uint64_t> segments;   ///< numbers, ascending
  std::vector<std::uint64_t> snapshots;  ///< indexes, ascending
  std::vector<std::string> leftovers;    ///< files that never got their names
};
base::Result<Inventory> take_inventory(Disk& disk);

/// What the last segment that is read may be.
enum class LastSegment {
  Open,    ///< being written: no seal, and it may end in a torn batch
  Closed,  ///< whole and sealed: the log goes on in a segment that is not read
};

class LogReader {
 public:
  explicit LogReader(Disk& disk) : disk_(disk) {}

  /// Reads and checks the headers of the segments `numbers`: consecutive, of one data directory
  /// (of `expected_id`, if given), sequences and indexes not going back. Fault::Io if a file cannot
  /// be read. A header at fault is no error here: is_damaged() says so at once, and next() when it
  /// gets there.
  base::Result<void> open(const std::vector<std::uint64_t>& numbers, LastSegment last,
                          const std::optional<DataId>& expected_id);

  const std::vector<SegmentHeader>& headers() const { return headers_; }
  /// Whether a header is at fault, or a step was Damaged; damage() says where.
  bool is_damaged() const { return bad_header_ || final_ == Found::Damaged; }
  /// The directory's, where it is known.
  const std::optional<DataId>& data_id() const { return data_id_; }

  /// Goes to the segment that holds index + 1, or what follows it; batches before it are not read.
  void start_after(std::uint64_t index);

  /// Steps to the next batch. End, Torn and Damaged are final. Fault::Io if a file cannot be read.
  base::Result<Found> next();

  const BatchView& batch() const { return reader_->batch(); }
  const Damage& damage() const { return damage_; }
  const TornTail& torn() const { return reader_->torn(); }
  /// The segment of the last step, and the place in it where the next batch belongs.
  const SegmentHeader& segment() const { return headers_[position_]; }
  std::uint64_t offset() const { return reader_->offset(); }
  const ChainEnd& end() const { return reader_->end(); }
  /// After the end of a log with an open segment: whether it has not reached `index`.
  bool ends_before(std::uint64_t index) const {
    return reader_ && last_ == LastSegment::Open && reader_->end().index <= index;
  }
  /// The segment before the last one, if a crash kept it from being sealed; else null.
  const SegmentHeader* unsealed_before() const {
    return needs_seal_ ? &headers_[position_ - 1] : nullptr;
  }

 private:
  base::Result<bool> read_header(std::uint64_t number);
  /// Empty if the segment may be the next one, as far as its header tells.
  std::string misfit(const SegmentHeader& next) const;
  base::Result<bool> load_segment();
  /// Goes to the next segment after the End of one, or says how the log ends.
  base::Result<Found> step_over_end(const ChainEnd& end);
  Found damaged(std::uint64_t offset, std::uint64_t index, std::string what);
  base::Result<Found> end_of_last(const ChainEnd& end);
  std::string segment_file() const { return segment_name(segment().number); }
  bool is_last() const { return position_ + 1 == headers_.size(); }

  Disk& disk_;
  LastSegment last_ = LastSegment::Open;
  std::optional<DataId> data_id_;
  std::vector<SegmentHeader> headers_;  ///< up to the first that is at fault
  std::optional<Damage> bad_header_;
  std::size_t position_ = 0;
  std::optional<SegmentReader> reader_;
  std::string bytes_;  ///< of the segment at position_
  std::optional<Found> final_;
  bool needs_seal_ = false;
  Damage damage_;
};

}  // namespace journal
