// Reads one segment defensively: every byte of the file is explained, or the
// reader says where it could not go on. It only looks at bytes in memory, and
// never beyond the sizes it has checked.
//
// What follows the last whole batch is one of three things:
//   - zeros: the log ends here;
//   - a batch that was being written when the power went, which shows by its
//     sectors of zeros (a written batch has none, see format.h), with zeros after it;
//   - anything else: damage.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "journal/file/batch_encoder.h"
#include "journal/file/format.h"
#include "journal/journal.h"

namespace journal {

/// The first place where a file is not what was written.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;  ///< of the sector or record at fault
  std::uint64_t index = 0;   ///< of the record, or the next one expected there
  std::string what;
};

/// Fault::Corrupt with directory, file, offset and index in one sentence.
base::Error to_error(const Damage& damage, const std::string& directory);

enum class Found { Batch, End, Torn, Damaged };

/// A whole batch. Everything lives in the reader until its next step.
struct BatchView {
  BatchHeader header;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  std::vector<Record> records;

  /// The index the log has reached after this batch: that of the last entry, or for an
  /// empty batch the one before its first index.
  std::uint64_t end_index() const {
    return records.empty() ? header.first_index - 1 : records.back().index;
  }
};

/// A batch that was being written when the power went, and was never acknowledged.
struct TornTail {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;       ///< up to the last byte that is not zero
  std::uint64_t records_at_most = 0;  ///< that were lost with it
};

class SegmentReader {
 public:
  /// Reads the header of the file `name`, whose bytes are given (at least its first sector), and
  /// checks what it says about itself. On damage `header` is left as it was.
  static bool read_header(std::string_view name, std::string_view bytes, std::uint64_t file_size,
                          SegmentHeader& header, Damage& damage);

  /// `bytes` is the whole file, whose header has been checked. The reader unmasks in place.
  SegmentReader(std::string name, std::span<char> bytes, const SegmentHeader& header);

  /// Steps to the next batch. After anything but Batch it says the same again.
  Found next();

  const BatchView& batch() const { return batch_; }
  const Damage& damage() const { return damage_; }
  const TornTail& torn() const { return torn_; }
  /// Where the next batch belongs.
  const ChainEnd& end() const { return end_; }
  std::uint64_t offset() const { return offset_; }
  /// At the End: whether a seal says that there is a next segment.
  bool is_sealed() const { return sealed_; }

 private:
  Found read_end();
  Found read_lost_header();
  Found read_batch(const BatchHeader& header);
  Found accept_torn(std::uint64_t size_bytes, std::uint64_t records_at_most);
  Found damaged(std::uint64_t offset, std::uint64_t index, std::string what);
  /// Nothing if the header belongs here, else what is wrong with it.
  std::string_view misfit(const BatchHeader& header) const;
  std::string_view sector(std::uint64_t offset) const { return view(offset, kSectorSize); }
  std::string_view view(std::uint64_t offset, std::uint64_t size) const {
    return std::string_view(bytes_.data(), bytes_.size()).substr(offset, size);
  }

  std::string name_;
  std::span<char> bytes_;
  std::uint64_t number_;
  std::uint64_t id_seed_;
  ChainEnd end_;
  std::uint64_t offset_ = kSectorSize;
  std::uint64_t area_end_;  ///< where the seal's sector begins
  Found found_ = Found::Batch;
  bool sealed_ = false;
  BatchView batch_;
  Damage damage_;
  TornTail torn_;
};

}  // namespace journal
