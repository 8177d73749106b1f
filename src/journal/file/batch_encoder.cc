// Encoding of batches.
#include "journal/file/batch_encoder.h"

#include <cstring>

#include "base/check.h"

namespace journal {
namespace {

std::uint64_t body_size(const Batch& batch) {
  return batch.count() * sizeof(RecordHeader) + batch.payload_bytes();
}

}  // namespace

std::uint64_t encoded_size(const Batch& batch) {
  return round_up_to_sector(sizeof(BatchHeader) + body_size(batch));
}

std::string_view BatchEncoder::encode(const Batch& batch, const ChainEnd& end,
                                      std::uint64_t first_index) {
  CHECK_GE(first_index, end.index);
  CHECK_LE(first_index, kIndexMax);
  CHECK_LE(batch.last_index(), kIndexMax);
  const std::uint64_t size = encoded_size(batch);
  CHECK_LT(size, kSegmentBytesMax);
  buffer_.resize(size);

  BatchHeader header;
  header.sequence = end.sequence;
  header.first_index = first_index;
  header.count = static_cast<std::uint32_t>(batch.count());
  header.body_bytes = static_cast<std::uint32_t>(body_size(batch));
  header.mark_us = batch.mark.us();
  header.digest = batch.digest;
  header.chain = end.chain;

  char* at = buffer_.data() + sizeof(header);
  const std::uint64_t batch_seed = seed_of_batch(id_seed_, header.sequence);
  for (std::size_t i = 0; i < batch.count(); ++i) at = put_record(at, batch.record(i), batch_seed);
  char* const buffer_end = buffer_.data() + buffer_.size();
  CHECK_EQ(at, buffer_.data() + sizeof(header) + header.body_bytes);
  std::memset(at, 0, static_cast<std::size_t>(buffer_end - at));

  header.mask = choose_mask(header.sequence);
  apply_mask(buffer_.data() + kSectorSize, buffer_.size() - kSectorSize, header.mask);
  header.checksum = checksum_of(header, id_seed_);
  std::memcpy(buffer_.data(), &header, sizeof(header));
  return buffer_;
}

char* BatchEncoder::put_record(char* at, const Record& record, std::uint64_t batch_seed) {
  RecordHeader header;
  header.index = record.index;
  header.cluster_us = record.cluster_time.us();
  header.wall_us = record.wall_time.us();
  header.payload_bytes = static_cast<std::uint32_t>(record.payload.size());
  header.header_checksum = header_checksum_of(header, batch_seed);
  header.payload_checksum = payload_checksum_of(record.payload, batch_seed);
  std::memcpy(at, &header, sizeof(header));
  if (!record.payload.empty()) {
    std::memcpy(at + sizeof(header), record.payload.data(), record.payload.size());
  }
  return at + sizeof(header) + record.payload.size();
}

std::uint64_t BatchEncoder::choose_mask(std::uint64_t sequence) const {
  const std::string_view rest = std::string_view(buffer_).substr(kSectorSize);
  const auto leaves_a_blank_sector = [&](std::uint64_t mask) {
    for (std::size_t at = 0; at < rest.size(); at += kSectorSize) {
      if (is_filled_with(rest.substr(at, kSectorSize), mask)) return true;
    }
    return false;
  };
  // There are far more masks than sectors in a batch, so this ends.
  std::uint64_t mask = 0;
  for (std::uint64_t i = sequence; leaves_a_blank_sector(mask); ++i) mask = base::mix(id_seed_, i);
  return mask;
}

}  // namespace journal
