// A length is used only after its checksum was found right.
#include "journal/file/batch_decoder.h"

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"

namespace journal {

BatchDecoder::BatchDecoder(std::string_view bytes, const BatchHeader& header, std::uint64_t id_seed)
    : bytes_(bytes),
      header_(header),
      seed_(seed_of_batch(id_seed, header.sequence)),
      body_end_(sizeof(BatchHeader) + header.body_bytes),
      least_index_(header.first_index) {
  CHECK_EQ(bytes.size(), round_up_to_sector(body_end_));
}

BatchDecoder::Outcome BatchDecoder::decode(std::vector<Record>& records) {
  bool torn = false;
  for (std::uint32_t i = 0; i < header_.count; ++i) {
    switch (decode_record(i == 0, records)) {
      case Step::Good: break;
      case Step::Torn: torn = true; break;
      case Step::TornBeyondReading: return Outcome::Torn;
      case Step::Damaged: return Outcome::Damaged;
    }
  }
  if (torn) return Outcome::Torn;
  if (at_ == body_end_ && is_all_zero(bytes_.substr(at_))) return Outcome::Whole;
  damaged(at_, least_index_, "the space behind the last record is not empty");
  return Outcome::Damaged;
}

BatchDecoder::Step BatchDecoder::decode_record(bool is_first, std::vector<Record>& records) {
  const std::uint64_t begin = at_;
  if (body_end_ - begin < sizeof(RecordHeader)) {
    return damaged(begin, least_index_, "the record does not fit into its batch");
  }
  const auto record = value_at<RecordHeader>(bytes_.substr(begin));
  const std::uint64_t payload_at = begin + sizeof(record);
  const bool is_header_right = record.header_checksum == header_checksum_of(record, seed_);
  if (!is_header_right && !PLANTED(ChecksumSkipped)) {
    // Without this one's length, the records behind it cannot be told apart.
    if (touches_blank_sector(begin, payload_at)) return Step::TornBeyondReading;
    return damaged(begin, least_index_, "the checksum of the record's header is wrong");
  }
  if (record.payload_bytes > body_end_ - payload_at) {
    return damaged(begin, record.index, "the record is longer than its batch");
  }
  const bool is_in_order =
      is_first ? record.index == header_.first_index : record.index >= least_index_;
  if (!is_in_order || record.index > kIndexMax) {
    return damaged(begin, record.index, "the record's index is out of order");
  }
  const std::string_view payload = bytes_.substr(payload_at, record.payload_bytes);
  at_ = payload_at + payload.size();
  least_index_ = record.index + 1;
  const bool is_right = record.payload_checksum == payload_checksum_of(payload, seed_);
  if (!is_right && !PLANTED(ChecksumSkipped)) {
    if (touches_blank_sector(begin, at_)) return Step::Torn;
    return damaged(payload_at, record.index, "the record's checksum is wrong");
  }
  records.push_back({record.index, base::Time::from_us(record.cluster_us),
                     base::Time::from_us(record.wall_us), payload});
  return Step::Good;
}

BatchDecoder::Step BatchDecoder::damaged(std::uint64_t offset, std::uint64_t index,
                                         std::string_view what) {
  fault_offset_ = offset;
  fault_index_ = index;
  what_ = what;
  return Step::Damaged;
}

bool BatchDecoder::touches_blank_sector(std::uint64_t begin, std::uint64_t end) const {
  // The first sector holds the header, and is not masked.
  std::uint64_t sector = std::max(kSectorSize, begin / kSectorSize * kSectorSize);
  for (; sector < end; sector += kSectorSize) {
    if (is_filled_with(bytes_.substr(sector, kSectorSize), header_.mask)) return true;
  }
  return false;
}

}  // namespace journal
