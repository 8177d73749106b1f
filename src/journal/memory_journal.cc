// Only the indexes are kept, and checked as the file journal does.
#include "journal/memory_journal.h"

#include "base/check.h"
#include "journal/file/format.h"

namespace journal {
namespace {

constexpr std::int64_t kStartOf2024Ms = 1'704'067'200'000;
constexpr int kIndexesPerMsBits = 14;

}  // namespace

std::uint64_t MemoryJournal::first_index(base::Time wall_time) {
  const std::int64_t ms = wall_time.us() / 1000 - kStartOf2024Ms;
  CHECK_GT(ms, 0);
  CHECK_LT(ms, std::int64_t{1} << (53 - kIndexesPerMsBits));
  return static_cast<std::uint64_t>(ms) << kIndexesPerMsBits;
}

base::Result<void> MemoryJournal::append(const Batch& batch) {
  if (batch.empty()) return {};
  CHECK_GE(batch.record(0).index, next_index_);
  CHECK_LE(batch.last_index(), kIndexMax);
  next_index_ = batch.last_index() + 1;
  return {};
}

}  // namespace journal
