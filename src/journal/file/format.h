// What the journal's files look like, byte for byte; docs/journal_format.md has
// the same in prose and the reasons. All integers are little-endian.
//
//   segment-NNNNNNNNNNNN.log     a fixed size, written full of zeros beforehand
//     sector 0                   SegmentHeader, zeros
//     from sector 1              batches, each from the start of a sector on:
//                                BatchHeader, records, zeros up to a full sector
//     zeros                      not yet written
//     last sector                zeros, or Seal once the next segment exists
//
//   snapshot-NNNNNNNNNNNNNNNN.snap   SnapshotHeader, payload
//
// A record is a RecordHeader and its payload.
//
// No sector of a batch is all zero on the disk: where payloads would make one,
// everything behind the batch's first sector is XORed with a mask. So a sector
// of zeros inside a batch was never written, and a torn write can be told
// from rot.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/hash.h"

namespace journal {

/// What a disk writes whole or not at all.
inline constexpr std::uint64_t kSectorSize = 512;
/// Indexes stay below 2^53: JavaScript and JSON round beyond.
inline constexpr std::uint64_t kIndexMax = (std::uint64_t{1} << 53) - 1;
/// How far an index jumps so that no token can repeat (see FileJournal::jump).
inline constexpr std::uint64_t kIndexJump = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kSegmentBytesMin = 8 * kSectorSize;
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{1} << 30;
inline constexpr std::uint32_t kFormatVersion = 1;

/// Names one data directory for good; every checksum in it depends on it.
using DataId = std::array<std::uint8_t, 16>;

using Magic = std::array<char, 8>;
inline constexpr Magic kSegmentMagic{'T', 'S', 'S', 'E', 'G', 'M', 'N', 'T'};
inline constexpr Magic kBatchMagic{'T', 'S', 'B', 'A', 'T', 'C', 'H', '1'};
inline constexpr Magic kSealMagic{'T', 'S', 'S', 'E', 'A', 'L', '0', '1'};
inline constexpr Magic kSnapshotMagic{'T', 'S', 'S', 'N', 'A', 'P', 'S', 'H'};

struct SegmentHeader {
  Magic magic = kSegmentMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t reserved = 0;
  DataId data_id{};
  std::uint64_t number = 0;          ///< as in the file's name; the first is 1
  std::uint64_t first_sequence = 0;  ///< of the first batch in here
  std::uint64_t first_index = 0;     ///< smallest index a record in here may have
  base::Sha256 chain{};              ///< SHA-256 of the last batch before; zeros before the first
  std::uint64_t size_bytes = 0;      ///< of the whole file
  std::uint64_t checksum = 0;        ///< of all before it
};
static_assert(sizeof(SegmentHeader) == 104);

struct BatchHeader {
  Magic magic = kBatchMagic;
  std::uint64_t sequence = 0;     ///< grows by one from batch to batch, over all segments
  std::uint64_t first_index = 0;  ///< of the first record; of an empty batch, the next index
  std::uint32_t count = 0;        ///< records
  std::uint32_t body_bytes = 0;   ///< of all records, without the padding
  std::int64_t mark_us = 0;       ///< cluster time when the batch was closed
  std::uint64_t digest = 0;       ///< of the state after the last record
  base::Sha256 chain{};           ///< SHA-256 of the batch before, as it is on the disk
  std::uint64_t mask = 0;         ///< XORed onto each 8 bytes behind the first sector
  std::uint64_t checksum = 0;     ///< of all before it
};
static_assert(sizeof(BatchHeader) == 96);
static_assert(sizeof(BatchHeader) <= kSectorSize, "a header is written whole or not at all");

struct RecordHeader {
  std::uint64_t index = 0;
  std::int64_t cluster_us = 0;
  std::int64_t wall_us = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t header_checksum = 0;  ///< of the 28 bytes before it: only then is the length used
  std::uint64_t payload_checksum = 0;
};
static_assert(sizeof(RecordHeader) == 40);

/// Says at the end of a segment that the next one exists, so that a lost one is missed.
struct Seal {
  Magic magic = kSealMagic;
  std::uint64_t number = 0;         ///< of this segment
  std::uint64_t next_sequence = 0;  ///< of the first batch in the next segment
  base::Sha256 chain{};             ///< SHA-256 of the last batch
  std::uint64_t checksum = 0;       ///< of all before it
};
static_assert(sizeof(Seal) == 64);

struct SnapshotHeader {
  Magic magic = kSnapshotMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t reserved = 0;
  DataId data_id{};
  std::uint64_t index = 0;  ///< the last entry in it
  std::int64_t mark_us = 0;
  std::uint64_t digest = 0;
  std::uint64_t payload_bytes = 0;
  base::Sha256 payload_sha256{};
  std::uint64_t checksum = 0;  ///< of all before it
};
static_assert(sizeof(SnapshotHeader) == 104);

template <class T>
concept Stored = std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>;
static_assert(Stored<SegmentHeader> && Stored<BatchHeader> && Stored<RecordHeader> &&
              Stored<Seal> && Stored<SnapshotHeader>);
static_assert(std::endian::native == std::endian::little);

template <Stored T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

/// The value whose bytes stand at the start of `bytes`, which must hold that many.
template <Stored T>
T value_at(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.substr(0, sizeof(T)).data(), sizeof(T));
  return value;
}

/// Where checksums start from. Records of another directory or batch do not pass.
std::uint64_t seed_of(const DataId& id);
inline std::uint64_t seed_of_batch(std::uint64_t id_seed, std::uint64_t sequence) {
  return base::mix(id_seed, sequence);
}

/// The checksum of a header that ends in one, over all bytes before that one.
template <Stored T>
std::uint64_t checksum_of(const T& header, std::uint64_t seed) {
  return base::hash64(bytes_of(header).substr(0, sizeof(T) - sizeof(header.checksum)), seed);
}
std::uint32_t header_checksum_of(const RecordHeader& header, std::uint64_t batch_seed);
inline std::uint64_t payload_checksum_of(std::string_view payload, std::uint64_t batch_seed) {
  return base::hash64(payload, batch_seed);
}

constexpr std::uint64_t round_up_to_sector(std::uint64_t bytes) {
  return (bytes + kSectorSize - 1) / kSectorSize * kSectorSize;
}

/// Whether every 8 bytes of `bytes` equal `word`; the size is a multiple of 8.
bool is_filled_with(std::string_view bytes, std::uint64_t word);
bool is_all_zero(std::string_view bytes);

/// XORs `mask` onto every 8 bytes; the size is a multiple of 8. Twice is not at all.
void apply_mask(char* bytes, std::size_t size, std::uint64_t mask);

std::string segment_name(std::uint64_t number);
std::string snapshot_name(std::uint64_t index);
/// Nothing if it is not exactly the name of a segment, or of a snapshot.
std::optional<std::uint64_t> parse_segment_name(std::string_view name);
std::optional<std::uint64_t> parse_snapshot_name(std::string_view name);
/// Files on their way to their names; whoever finds them at a start removes them.
inline constexpr const char* kNextSegmentName = "segment.tmp";
inline constexpr const char* kNextSnapshotName = "snapshot.tmp";

}  // namespace journal
