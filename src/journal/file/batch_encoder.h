// Turns a Batch into the bytes of one durable write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "journal/file/format.h"
#include "journal/journal.h"

namespace journal {

/// Where the next batch belongs: behind which batch, and in which directory.
struct ChainEnd {
  std::uint64_t sequence = 1;  ///< the next batch's
  std::uint64_t index = 1;     ///< smallest index the next record may have
  base::Sha256 chain{};        ///< SHA-256 of the last batch
};

/// The size of the batch on the disk, a multiple of a sector.
std::uint64_t encoded_size(const Batch& batch);

/// Keeps its buffer from batch to batch, so that encoding allocates nothing once it is warm.
class BatchEncoder {
 public:
  explicit BatchEncoder(const DataId& id) : id_seed_(seed_of(id)) {}

  /// The batch as it belongs at `end`. `first_index` is that of its first record, or for an empty
  /// batch where indexes shall go on. The bytes live until the next call.
  std::string_view encode(const Batch& batch, const ChainEnd& end, std::uint64_t first_index);

 private:
  char* put_record(char* at, const Record& record, std::uint64_t batch_seed);
  /// A mask under which no sector behind the first is all zero; almost always 0.
  std::uint64_t choose_mask(std::uint64_t sequence) const;

  std::uint64_t id_seed_;
  std::string buffer_;
};

}  // namespace journal
