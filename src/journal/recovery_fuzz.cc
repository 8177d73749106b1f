// Any bytes as damage to a data directory. Half of the inputs mend the checksums
// afterwards, as a clever enemy would, or else nothing would get beyond the first.
// As it is, damage is refused or costs whole batches at the end; mended, it may say
// anything, but what a recovery accepts can be gone on with and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal {
namespace {

using testing::HistoryConsumer;
using Contents = std::map<std::string, std::string>;

/// The input, byte by byte; zeros when it is used up.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  std::uint64_t next(std::uint64_t count) {
    if (size_ == 0) return 0;
    --size_;
    return *data_++ % count;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

base::Result<FileJournal::Opened> open(MemoryFiles& files, Consumer& consumer) {
  return FileJournal::open(std::make_unique<MemoryDisk>(files), testing::small_options(), consumer);
}

/// A directory, and the history after each of its batches.
struct Written {
  Contents contents;
  std::vector<std::string> histories;
};

Written write(Bytes& bytes) {
  constexpr std::size_t kSizes[] = {0, 1, 40, 376, 377, 512, 900, 1700};
  MemoryFiles files;
  HistoryConsumer history;
  auto opened = open(files, history);
  CHECK(opened.has_value());
  FileJournal& journal = *opened->journal;
  Written written{.contents = {}, .histories = {history.state}};
  for (std::uint64_t left = bytes.next(12); left > 0; --left) {
    std::vector<std::size_t> sizes(bytes.next(4));
    for (std::size_t& size : sizes) size = kSizes[bytes.next(std::size(kSizes))];
    const Batch batch = testing::batch_of(journal.next_index(), sizes);
    CHECK(journal.append(batch).has_value());
    history.apply(batch);
    written.histories.push_back(history.state);
    if (bytes.next(8) != 1) continue;
    HistoryConsumer replica;
    CHECK(journal.archive().replay(replica).has_value());
    if (replica.last_index == 0) continue;
    CHECK(journal.archive().save(replica.snapshot()).has_value());
    CHECK(journal.archive().drop(KeepSegments::Needed).has_value());
  }
  opened->journal.reset();
  written.contents = files.contents();
  return written;
}

void damage(Contents& contents, Bytes& bytes) {
  for (std::uint64_t wounds = 1 + bytes.next(4); wounds > 0; --wounds) {
    auto file = contents.begin();
    std::advance(file, static_cast<std::ptrdiff_t>(bytes.next(contents.size())));
    std::string& content = file->second;
    if (content.size() < kSectorSize) continue;
    const std::size_t sectors = content.size() / kSectorSize;
    const std::size_t sector = bytes.next(sectors) * kSectorSize;
    const std::size_t at = sector + 2 * bytes.next(256);
    switch (bytes.next(7)) {
      case 0: content[at % content.size()] ^= static_cast<char>(1 << bytes.next(8)); break;
      case 1: content[(at + 1) % content.size()] = static_cast<char>(bytes.next(256)); break;
      case 2: content.replace(sector, kSectorSize, kSectorSize, '\0'); break;
      case 3:
        content.replace(sector, kSectorSize, content, bytes.next(sectors) * kSectorSize,
                        kSectorSize);
        break;
      case 4: content.resize(sector); break;
      case 5: contents.erase(file); break;
      case 6: content.append(kSectorSize, '\0'); break;
    }
    if (contents.empty()) return;
  }
}

template <Stored T>
void put(std::string& bytes, std::size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

/// Gives the records of a batch, which are not masked now, the checksums that fit them.
void mend_records(std::string& bytes, std::size_t at, const BatchHeader& header,
                  std::uint64_t id_seed) {
  const std::size_t end =
      std::min<std::size_t>(bytes.size(), at + sizeof(header) + std::size_t{header.body_bytes});
  const std::uint64_t seed = seed_of_batch(id_seed, header.sequence);
  at += sizeof(header);
  for (std::uint32_t i = 0; i < header.count && at + sizeof(RecordHeader) <= end; ++i) {
    auto record = value_at<RecordHeader>(std::string_view(bytes).substr(at));
    const std::size_t payload_at = at + sizeof(record);
    const std::size_t size = std::min<std::size_t>(record.payload_bytes, end - payload_at);
    record.header_checksum = header_checksum_of(record, seed);
    record.payload_checksum =
        payload_checksum_of(std::string_view(bytes).substr(payload_at, size), seed);
    put(bytes, at, record);
    at = payload_at + size;
  }
}

/// Gives a segment the checksums and the chain that fit what it holds.
void mend_segment(std::string& bytes) {
  if (bytes.size() < 2 * kSectorSize) return;
  auto segment = value_at<SegmentHeader>(bytes);
  segment.checksum = checksum_of(segment, 0);
  put(bytes, 0, segment);
  const std::uint64_t id_seed = seed_of(segment.data_id);
  base::Sha256 chain = segment.chain;
  std::size_t at = kSectorSize;
  while (at + kSectorSize <= bytes.size()) {
    auto header = value_at<BatchHeader>(std::string_view(bytes).substr(at));
    if (header.magic != kBatchMagic) break;
    const std::size_t size =
        std::min<std::size_t>(bytes.size() - at,
                              round_up_to_sector(sizeof(header) + header.body_bytes)) /
        kSectorSize * kSectorSize;
    apply_mask(bytes.data() + at + kSectorSize, size - kSectorSize, header.mask);
    mend_records(bytes, at, header, id_seed);
    apply_mask(bytes.data() + at + kSectorSize, size - kSectorSize, header.mask);
    header.chain = chain;
    header.checksum = checksum_of(header, id_seed);
    put(bytes, at, header);
    chain = base::sha256(std::string_view(bytes).substr(at, size));
    at += size;
  }
  const std::size_t last = bytes.size() / kSectorSize * kSectorSize - kSectorSize;
  auto seal = value_at<Seal>(std::string_view(bytes).substr(last));
  if (seal.magic != kSealMagic) return;
  seal.checksum = checksum_of(seal, id_seed);
  put(bytes, last, seal);
}

void mend_snapshot(std::string& bytes) {
  if (bytes.size() < sizeof(SnapshotHeader)) return;
  auto header = value_at<SnapshotHeader>(bytes);
  header.payload_sha256 = base::sha256(std::string_view(bytes).substr(sizeof(header)));
  header.checksum = checksum_of(header, 0);
  put(bytes, 0, header);
}

void mend(Contents& contents) {
  for (auto& [name, bytes] : contents) {
    if (parse_segment_name(name)) mend_segment(bytes);
    if (parse_snapshot_name(name)) mend_snapshot(bytes);
  }
}

/// What was accepted takes another batch, and is read again with it.
void go_on(MemoryFiles& files, FileJournal::Opened opened, const HistoryConsumer& found) {
  if (opened.journal->next_index() > kIndexMax) return;
  HistoryConsumer expected = found;
  Batch batch = testing::batch_of(opened.journal->next_index(), {30});
  batch.mark = std::max(batch.mark, found.mark);
  CHECK(opened.journal->append(batch).has_value());
  expected.apply(batch);
  opened.journal.reset();
  HistoryConsumer again;
  CHECK(open(files, again).has_value());
  CHECK(again == expected);
}

}  // namespace
}  // namespace journal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace journal;  // NOLINT: the whole file is about it
  Bytes bytes(data, size);
  const bool mends = bytes.next(2) == 1;
  auto [contents, histories] = write(bytes);
  damage(contents, bytes);
  if (mends) mend(contents);
  MemoryFiles files(contents);
  HistoryConsumer found;
  auto opened = open(files, found);
  if (!opened) {
    CHECK(opened.error().fault == base::Fault::Corrupt);
    return 0;
  }
  if (!mends) CHECK(std::ranges::find(histories, found.state) != histories.end());
  go_on(files, std::move(*opened), found);
  return 0;
}
