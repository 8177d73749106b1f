// Reads the records of one batch whose header has been found good.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "journal/file/format.h"
#include "journal/journal.h"

namespace journal {

class BatchDecoder {
 public:
  enum class Outcome {
    Whole,
    Torn,     ///< every damaged record touches a sector that was never written
    Damaged,  ///< something is wrong and `offset()`, `index()`, `what()` say what
  };

  /// `bytes` is the batch, unmasked, up to a full sector; the header's sizes fit it.
  BatchDecoder(std::string_view bytes, const BatchHeader& header, std::uint64_t id_seed);

  /// Appends the records to `records`; their payloads point into the bytes. Unless the outcome is
  /// Whole, they are worth nothing.
  Outcome decode(std::vector<Record>& records);

  std::uint64_t offset() const { return fault_offset_; }  ///< from the start of the batch
  std::uint64_t index() const { return fault_index_; }
  std::string_view what() const { return what_; }

 private:
  enum class Step { Good, Torn, TornBeyondReading, Damaged };

  Step decode_record(bool is_first, std::vector<Record>& records);
  Step damaged(std::uint64_t offset, std::uint64_t index, std::string_view what);
  /// Whether [begin, end) touches a sector that is all zero on the disk.
  bool touches_blank_sector(std::uint64_t begin, std::uint64_t end) const;

  const std::string_view bytes_;
  const BatchHeader& header_;
  const std::uint64_t seed_;
  const std::uint64_t body_end_;
  std::uint64_t at_ = sizeof(BatchHeader);
  std::uint64_t least_index_;  ///< that the next record may have
  std::uint64_t fault_offset_ = 0;
  std::uint64_t fault_index_ = 0;
  std::string_view what_;
};

}  // namespace journal
