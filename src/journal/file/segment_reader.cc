// The rules by which a segment's bytes are believed.
#include "journal/file/segment_reader.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/planted.h"
#include "journal/file/batch_decoder.h"

namespace journal {
namespace {

std::uint64_t size_without_zeros(std::string_view bytes) {
  const std::size_t last = bytes.find_last_not_of('\0');
  return last == std::string_view::npos ? 0 : last + 1;
}

}  // namespace

base::Error to_error(const Damage& damage, const std::string& directory) {
  return {base::Fault::Corrupt,
          fmt::format("the journal {} is damaged: {} at offset {}, index {}: {}", directory,
                      damage.file, damage.offset, damage.index, damage.what)};
}

bool SegmentReader::read_header(std::string_view name, std::string_view bytes,
                                std::uint64_t file_size, SegmentHeader& header, Damage& damage) {
  const auto fail = [&](std::string what) {
    damage = {std::string(name), 0, 0, std::move(what)};
    return false;
  };
  if (bytes.size() < kSectorSize) return fail("the file is shorter than its header");
  const auto read = value_at<SegmentHeader>(bytes);
  if (read.magic != kSegmentMagic) return fail("this is not a segment of a journal");
  if (read.checksum != checksum_of(read, 0)) return fail("the header's checksum is wrong");
  if (read.version != kFormatVersion) {
    return fail(fmt::format("it has format {}, and this program knows format {}", read.version,
                            kFormatVersion));
  }
  if (!is_all_zero(bytes.substr(sizeof(read), kSectorSize - sizeof(read)))) {
    return fail("the space behind the header is not empty");
  }
  if (parse_segment_name(name) != read.number) {
    return fail(fmt::format("the header is that of segment {}", read.number));
  }
  if (read.size_bytes != file_size || file_size % kSectorSize != 0 ||
      file_size < kSegmentBytesMin || file_size > kSegmentBytesMax) {
    return fail(
        fmt::format("the file has {} bytes, its header says {}", file_size, read.size_bytes));
  }
  if (read.first_index == 0 || read.first_index > kIndexMax + 1 || read.first_sequence == 0) {
    return fail("the header makes no sense");
  }
  header = read;
  return true;
}

SegmentReader::SegmentReader(std::string name, std::span<char> bytes, const SegmentHeader& header)
    : name_(std::move(name)),
      bytes_(bytes),
      number_(header.number),
      id_seed_(seed_of(header.data_id)),
      end_{header.first_sequence, header.first_index, header.chain},
      area_end_(bytes.size() - kSectorSize) {
  CHECK_EQ(bytes.size(), header.size_bytes);
}

Found SegmentReader::next() {
  if (found_ != Found::Batch) return found_;
  if (offset_ == area_end_) return found_ = read_end();
  CHECK_LT(offset_, area_end_);
  if (is_all_zero(sector(offset_))) {
    const bool rest_is_empty = is_all_zero(view(offset_, area_end_ - offset_));
    return found_ = rest_is_empty ? read_end() : read_lost_header();
  }
  const auto header = value_at<BatchHeader>(sector(offset_));
  if (header.magic != kBatchMagic || header.checksum != checksum_of(header, id_seed_)) {
    return found_ = damaged(offset_, end_.index, "this is not the header of a batch");
  }
  if (const std::string_view what = misfit(header); !what.empty()) {
    return found_ = damaged(offset_, end_.index, std::string(what));
  }
  return found_ = read_batch(header);
}

Found SegmentReader::read_end() {
  const std::string_view last = sector(area_end_);
  if (is_all_zero(last)) return Found::End;
  const auto seal = value_at<Seal>(last);
  if (seal.magic != kSealMagic || seal.checksum != checksum_of(seal, id_seed_) ||
      !is_all_zero(last.substr(sizeof(seal)))) {
    return damaged(area_end_, end_.index, "the last sector is no seal");
  }
  if (seal.number != number_ || seal.next_sequence != end_.sequence || seal.chain != end_.chain) {
    return damaged(offset_, end_.index,
                   fmt::format("batches are missing: the seal says {} is the next, not {}",
                               seal.next_sequence, end_.sequence));
  }
  sealed_ = true;
  return Found::End;
}

/// The first sector is blank, so how long the batch was is unknown. Any valid header further on
/// proves that this place had been written durably.
Found SegmentReader::read_lost_header() {
  for (std::uint64_t at = offset_; at < area_end_; at += kSectorSize) {
    const auto header = value_at<BatchHeader>(sector(at));
    if (header.magic == kBatchMagic && header.checksum == checksum_of(header, id_seed_)) {
      return damaged(offset_, end_.index,
                     fmt::format("batch {} is missing here, but batch {} stands at offset {}",
                                 end_.sequence, header.sequence, at));
    }
  }
  const std::uint64_t size = size_without_zeros(view(offset_, area_end_ - offset_));
  return accept_torn(round_up_to_sector(size), size / sizeof(RecordHeader));
}

std::string_view SegmentReader::misfit(const BatchHeader& header) const {
  if (header.sequence != end_.sequence) return "the batch has the wrong sequence number";
  if (header.chain != end_.chain) return "the batch does not follow the one before it (hash chain)";
  if (header.first_index < end_.index) return "the batch's indexes go back";
  if (header.first_index > kIndexMax) return "the batch's index is too large";
  const std::uint64_t size = sizeof(header) + std::uint64_t{header.body_bytes};
  if (round_up_to_sector(size) > area_end_ - offset_) return "the batch is longer than the file";
  if (header.count > header.body_bytes / sizeof(RecordHeader)) {
    return "the batch has more records than it can hold";
  }
  return {};
}

Found SegmentReader::read_batch(const BatchHeader& header) {
  const std::uint64_t size = round_up_to_sector(sizeof(header) + header.body_bytes);
  const base::Sha256 chain = base::sha256(view(offset_, size));
  apply_mask(bytes_.data() + offset_ + kSectorSize, size - kSectorSize, header.mask);
  batch_.records.clear();
  BatchDecoder decoder(view(offset_, size), header, id_seed_);
  switch (decoder.decode(batch_.records)) {
    case BatchDecoder::Outcome::Torn: return accept_torn(size, header.count);
    case BatchDecoder::Outcome::Damaged:
      if (PLANTED(DamageCutOff)) return accept_torn(size, header.count);
      return damaged(offset_ + decoder.offset(), decoder.index(), std::string(decoder.what()));
    case BatchDecoder::Outcome::Whole: break;
  }
  batch_.header = header;
  batch_.offset = offset_;
  batch_.size_bytes = size;
  end_ = {header.sequence + 1, batch_.end_index() + 1, chain};
  offset_ += size;
  return Found::Batch;
}

Found SegmentReader::accept_torn(std::uint64_t size_bytes, std::uint64_t records_at_most) {
  const std::uint64_t end = offset_ + size_bytes;
  const std::string_view rest = view(end, bytes_.size() - end);
  const std::size_t at = PLANTED(DamageCutOff) ? rest.npos : rest.find_first_not_of('\0');
  if (at != std::string_view::npos) {
    return damaged(
        offset_, end_.index,
        fmt::format("the batch is not whole, and offset {} behind it is not empty", end + at));
  }
  torn_ = {offset_, size_bytes, records_at_most};
  return Found::Torn;
}

Found SegmentReader::damaged(std::uint64_t offset, std::uint64_t index, std::string what) {
  damage_ = {name_, offset, index, std::move(what)};
  return Found::Damaged;
}

}  // namespace journal
