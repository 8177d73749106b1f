// Snapshots and the dropping of segments, while appends go on.
#include "journal/archive.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() { reopen(); }

  void reopen() {
    opened_.journal.reset();
    recovered_ = {};
    auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered_);
    ASSERT_TRUE(opened) << opened.error().message;
    opened_ = std::move(*opened);
  }

  FileJournal& journal() { return *opened_.journal; }
  Archive& archive() { return opened_.journal->archive(); }

  void append(int batches) {
    for (int i = 0; i < batches; ++i) {
      const Batch batch = batch_of(journal().next_index(), {100, 400});
      ASSERT_TRUE(journal().append(batch));
      live_.apply(batch);
    }
  }

  /// What the compactor does.
  void compact(KeepSegments keep = KeepSegments::Needed) {
    HistoryConsumer replica;
    const auto summary = archive().replay(replica);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->last_index, replica.last_index);
    ASSERT_TRUE(archive().save(replica.snapshot()));
    ASSERT_TRUE(archive().drop(keep));
  }

  std::size_t count_files(const std::string& prefix) const {
    std::size_t count = 0;
    for (const auto& [name, bytes] : files_.contents()) count += name.starts_with(prefix);
    return count;
  }

  void damage_newest_snapshot() {
    opened_.journal.reset();
    auto contents = files_.contents();
    std::string newest;
    for (auto& [name, bytes] : contents) {
      if (parse_snapshot_name(name)) newest = name;
    }
    contents[newest].back() ^= 1;
    files_.set_contents(contents);
  }

  MemoryFiles files_;
  FileJournal::Opened opened_;
  HistoryConsumer recovered_;
  HistoryConsumer live_;
};

TEST_F(ArchiveTest, recovery_begins_with_the_last_snapshot) {
  append(30);
  compact();
  append(7);
  reopen();
  EXPECT_EQ(recovered_, live_);
  EXPECT_GT(opened_.report.replayed.snapshot_index, 0U);
  EXPECT_LT(opened_.report.replayed.entries, 30U);
}

TEST_F(ArchiveTest, sizes_count_the_closed_segments_behind_the_snapshot) {
  EXPECT_EQ(archive().sizes().closed_bytes, 0U);
  append(30);
  const Archive::Sizes before = archive().sizes();
  EXPECT_EQ(before.closed_bytes, (count_files("segment-") - 1) * kSegmentBytesMin);
  EXPECT_EQ(before.snapshot_bytes, 0U);
  EXPECT_GT(before.closed_index, 40U);
  compact();
  const Archive::Sizes after = archive().sizes();
  EXPECT_EQ(after.closed_bytes, 0U);
  EXPECT_EQ(after.snapshot_index, before.closed_index);
  EXPECT_GT(after.snapshot_bytes, 100U);
  append(30);
  EXPECT_GT(archive().sizes().closed_bytes, 0U);
  const Archive::Sizes live = archive().sizes();
  reopen();
  EXPECT_EQ(archive().sizes().closed_bytes, live.closed_bytes);
  EXPECT_EQ(archive().sizes().snapshot_bytes, live.snapshot_bytes);
  EXPECT_EQ(archive().sizes().all_segment_bytes, live.all_segment_bytes);
}

TEST_F(ArchiveTest, two_snapshots_and_what_the_older_needs_are_kept) {
  for (int round = 0; round < 5; ++round) {
    append(20);
    compact();
    EXPECT_LE(count_files("snapshot-"), 2U);
    reopen();
    EXPECT_EQ(recovered_, live_);
  }
  EXPECT_LT(count_files("segment-"), 20U);
  damage_newest_snapshot();
  reopen();
  EXPECT_EQ(recovered_, live_);
  EXPECT_EQ(opened_.report.replayed.warnings.size(), 1U);
}

TEST_F(ArchiveTest, with_one_snapshot_the_whole_log_is_kept) {
  append(30);
  const std::size_t segments = count_files("segment-");
  compact();
  EXPECT_EQ(count_files("segment-"), segments);
  damage_newest_snapshot();
  reopen();
  EXPECT_EQ(recovered_, live_);
  EXPECT_EQ(opened_.report.replayed.snapshot_index, 0U);
}

TEST_F(ArchiveTest, a_bad_snapshot_is_set_aside_and_does_not_count_among_the_two) {
  for (int round = 0; round < 3; ++round) {
    append(20);
    compact();
  }
  damage_newest_snapshot();
  reopen();
  EXPECT_EQ(count_files("snapshot-"), 2U);  // one good, one with the suffix .bad
  append(20);
  compact();
  damage_newest_snapshot();
  reopen();
  EXPECT_EQ(recovered_, live_);
}

TEST_F(ArchiveTest, without_any_good_snapshot_the_log_must_reach_back) {
  for (int round = 0; round < 3; ++round) {
    append(20);
    compact();
  }
  damage_newest_snapshot();
  auto contents = files_.contents();
  for (auto& [name, bytes] : contents) {
    if (parse_snapshot_name(name)) bytes[200] ^= 1;
  }
  files_.set_contents(contents);
  const auto opened =
      FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, base::Fault::Corrupt);
  EXPECT_NE(opened.error().message.find("no good snapshot"), std::string::npos);
  EXPECT_EQ(files_.contents(), contents);
}

TEST_F(ArchiveTest, snapshots_without_any_segment_are_refused) {
  append(20);
  compact();
  opened_.journal.reset();
  auto contents = files_.contents();
  std::erase_if(contents, [](const auto& file) { return parse_segment_name(file.first); });
  files_.set_contents(contents);
  const auto opened =
      FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, base::Fault::Corrupt);
}

TEST_F(ArchiveTest, a_log_that_ends_before_its_snapshot_is_refused) {
  append(1);
  opened_.journal.reset();
  const auto before = files_.contents();
  reopen();
  append(1);
  ASSERT_TRUE(archive().save(live_.snapshot()));
  opened_.journal.reset();
  auto contents = files_.contents();
  contents[segment_name(1)] = before.at(segment_name(1));
  files_.set_contents(contents);
  const auto opened =
      FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("the log ends here"), std::string::npos)
      << opened.error().message;
}

TEST_F(ArchiveTest, all_segments_can_be_kept) {
  for (int round = 0; round < 4; ++round) {
    append(20);
    compact(KeepSegments::All);
  }
  EXPECT_TRUE(files_.contents().contains(segment_name(1)));
  EXPECT_EQ(count_files("snapshot-"), 2U);
}

TEST_F(ArchiveTest, a_snapshot_in_the_middle_of_a_batch_is_continued_from_there) {
  const Batch batch = batch_of(1, {10, 20, 30});
  ASSERT_TRUE(journal().append(batch));
  HistoryConsumer half;
  (void)half.replay(batch.record(0));
  (void)half.replay(batch.record(1));
  ASSERT_TRUE(archive().save(half.snapshot()));
  live_.apply(batch);
  reopen();
  EXPECT_EQ(recovered_, live_);
}

TEST_F(ArchiveTest, compaction_runs_beside_appends) {
  std::atomic<bool> done = false;
  std::thread compactor([&] {
    while (!done) {
      if (archive().sizes().closed_bytes > 0) compact();
    }
  });
  append(2000);
  done = true;
  compactor.join();
  reopen();
  EXPECT_EQ(recovered_, live_);
}

TEST_F(ArchiveTest, a_failed_snapshot_harms_nothing) {
  append(30);
  for (std::uint64_t call = 1; call < 30; ++call) {
    HistoryConsumer replica;
    ASSERT_TRUE(archive().replay(replica));
    files_.set_fault({DiskFault::Kind::Full, call, false, [](std::uint64_t i) { return i == 0; }});
    (void)archive().save(replica.snapshot());
    (void)archive().drop(KeepSegments::Needed);
    files_.set_fault({});
    append(3);
    reopen();
    EXPECT_EQ(recovered_, live_) << call;
  }
}

}  // namespace
}  // namespace journal::testing
