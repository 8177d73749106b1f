// What an operator sees of a journal, and how it is cut short.
#include "journal/inspect.h"

#include <gtest/gtest.h>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

class InspectTest : public ::testing::Test {
 protected:
  /// 40 batches of two records each, indexes 1 to 80.
  InspectTest() {
    open([](FileJournal& journal) {
      for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(journal.append(batch_of(journal.next_index(), {100, 700})));
      }
    });
  }

  template <class Use>
  void open(Use use) {
    recovered_ = {};
    auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered_);
    ASSERT_TRUE(opened) << opened.error().message;
    next_index_ = opened->journal->next_index();
    use(*opened->journal);
  }

  VerifyReport verified() {
    MemoryDisk disk(files_);
    auto report = verify(disk);
    EXPECT_TRUE(report) << report.error().message;
    return std::move(*report);
  }

  base::Result<TruncateReport> cut(std::uint64_t last_index, bool confirmed) {
    return truncate(std::make_unique<MemoryDisk>(files_),
                    {last_index, confirmed, base::Time::from_us(1'700'000'000'000'000)},
                    small_options());
  }

  void flip(const std::string& name, std::size_t offset) {
    auto contents = files_.contents();
    contents[name][offset] ^= 1;
    files_.set_contents(contents);
  }

  void save_snapshot_of_closed(FileJournal& journal) {
    HistoryConsumer replica;
    ASSERT_TRUE(journal.archive().replay(replica));
    ASSERT_TRUE(journal.archive().save(replica.snapshot()));
  }

  MemoryFiles files_;
  HistoryConsumer recovered_;
  std::uint64_t next_index_ = 0;
};

TEST_F(InspectTest, verify_counts_a_good_journal) {
  const VerifyReport report = verified();
  EXPECT_TRUE(report.is_good());
  EXPECT_EQ(report.segments, 14U);
  EXPECT_EQ(report.batches, 40U);
  EXPECT_EQ(report.entries, 80U);
  EXPECT_EQ(report.first_index, 1U);
  EXPECT_EQ(report.last_index, 80U);
  EXPECT_EQ(report.end.sequence, 41U);
  EXPECT_EQ(report.last_file, segment_name(14));
  EXPECT_EQ(report.mark, batch_of(79, {0, 0}).mark);
  EXPECT_FALSE(report.torn);
}

TEST_F(InspectTest, verify_of_an_empty_directory_finds_nothing) {
  files_.set_contents({});
  const VerifyReport report = verified();
  EXPECT_TRUE(report.is_good());
  EXPECT_EQ(report.segments, 0U);
  EXPECT_FALSE(report.data_id);
}

TEST_F(InspectTest, verify_says_where_the_first_damage_is) {
  flip(segment_name(3), kSectorSize + 200);
  const VerifyReport report = verified();
  EXPECT_FALSE(report.is_good());
  ASSERT_TRUE(report.damage);
  EXPECT_EQ(report.damage->file, segment_name(3));
  EXPECT_EQ(report.damage->offset, kSectorSize + sizeof(BatchHeader) + sizeof(RecordHeader));
  EXPECT_EQ(report.damage->index, 13U);
  EXPECT_EQ(report.entries, 12U);
}

TEST_F(InspectTest, verify_shows_a_torn_tail_and_changes_nothing) {
  open([&](FileJournal& journal) {
    files_.set_fault({DiskFault::Kind::PowerLoss, 1, false, [](auto i) { return i == 0; }});
    EXPECT_FALSE(journal.append(batch_of(journal.next_index(), {100, 700})));
  });
  files_.restart();
  const auto before = files_.contents();
  const VerifyReport report = verified();
  EXPECT_TRUE(report.is_good());
  ASSERT_TRUE(report.torn);
  EXPECT_EQ(report.torn->records_at_most, 2U);
  EXPECT_EQ(files_.contents(), before);
}

TEST_F(InspectTest, verify_checks_the_snapshots) {
  open([&](FileJournal& journal) { save_snapshot_of_closed(journal); });
  VerifyReport report = verified();
  ASSERT_EQ(report.snapshots.size(), 1U);
  EXPECT_TRUE(report.is_good());
  flip(snapshot_name(report.snapshots[0].index), 150);
  report = verified();
  EXPECT_FALSE(report.is_good());
  EXPECT_NE(report.snapshots[0].error.find("SHA-256"), std::string::npos);
}

TEST_F(InspectTest, dump_hands_out_batches_and_records) {
  MemoryDisk disk(files_);
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  const auto dumped = dump(disk, 31, [&](const BatchInfo& batch, const Record* record) {
    EXPECT_EQ(batch.count, 2U);
    record ? ++records : ++batches;
    if (!record) return true;
    EXPECT_EQ(record->payload, payload_of(record->index, record->payload.size()));
    return true;
  });
  ASSERT_TRUE(dumped);
  EXPECT_EQ(batches, 25U);
  EXPECT_EQ(records, 50U);
}

TEST_F(InspectTest, dump_stops_when_told) {
  MemoryDisk disk(files_);
  int calls = 0;
  ASSERT_TRUE(dump(disk, 0, [&](const BatchInfo&, const Record*) { return ++calls < 5; }));
  EXPECT_EQ(calls, 5);
}

TEST_F(InspectTest, dump_gives_what_is_good_and_then_the_damage) {
  flip(segment_name(3), kSectorSize + 200);
  MemoryDisk disk(files_);
  std::uint64_t last = 0;
  const auto dumped = dump(disk, 0, [&](const BatchInfo&, const Record* record) {
    if (record) last = record->index;
    return true;
  });
  ASSERT_FALSE(dumped);
  EXPECT_EQ(dumped.error().fault, base::Fault::Corrupt);
  EXPECT_EQ(last, 12U);
}

TEST_F(InspectTest, history_is_replayed_from_the_very_beginning_if_it_is_there) {
  open([&](FileJournal& journal) { save_snapshot_of_closed(journal); });
  MemoryDisk disk(files_);
  HistoryConsumer history;
  const auto summary = replay_history(disk, history);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->snapshot_index, 0U);
  EXPECT_EQ(summary->entries, 80U);
  open([&](FileJournal&) { EXPECT_EQ(history, recovered_); });
}

TEST_F(InspectTest, truncate_told_once_only_reports) {
  const auto before = files_.contents();
  const auto report = cut(60, false);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->done);
  EXPECT_EQ(report->kept_index, 60U);
  EXPECT_EQ(report->lost_batches, 10U);
  EXPECT_EQ(report->lost_entries, 20U);
  EXPECT_GT(report->lost_bytes, 10 * 1024U);
  EXPECT_GT(report->next_index, 80 + (std::uint64_t{1} << 40) - 1);
  EXPECT_EQ(files_.contents(), before);
}

TEST_F(InspectTest, truncate_told_twice_cuts_jumps_ahead_and_keeps_copies) {
  const auto before = files_.contents();
  for (const std::uint64_t last_index : {78, 60, 58, 2, 0}) {
    files_.set_contents(before);
    const auto report = cut(last_index, true);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->done);
    for (const std::string& copy : report->copies) {
      ASSERT_TRUE(copy.starts_with("cut-20231114T221320Z-") && copy.ends_with(".bak")) << copy;
      const std::string original = copy.substr(21, copy.size() - 25);
      EXPECT_EQ(files_.contents()[copy], before.at(original));
    }
    EXPECT_TRUE(verified().is_good());
    open([&](FileJournal& journal) {
      EXPECT_EQ(recovered_.last_index, last_index);
      EXPECT_EQ(next_index_, report->next_index);
      ASSERT_TRUE(journal.append(batch_of(journal.next_index(), {5})));
    });
    open([&](FileJournal&) { EXPECT_EQ(recovered_.last_index, report->next_index); });
  }
}

TEST_F(InspectTest, truncate_never_cuts_a_batch_in_two) {
  const auto report = cut(61, true);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().fault, base::Fault::Usage);
  EXPECT_EQ(report.error().message,
            "index 61 is inside a batch, which is kept or cut whole: truncate to 60 or to 62");
}

TEST_F(InspectTest, truncate_beyond_the_end_only_jumps_ahead) {
  const auto report = cut(1'000'000, true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lost_entries, 0U);
  EXPECT_TRUE(report->copies.empty());
  open([&](FileJournal&) {
    EXPECT_EQ(recovered_.last_index, 80U);
    EXPECT_EQ(next_index_, 80 + kIndexJump);
  });
}

TEST_F(InspectTest, truncate_makes_a_damaged_journal_usable_again) {
  const auto before = files_.contents();
  for (const auto& [name, offset] : {std::pair(segment_name(11), kSectorSize + 200),
                                     std::pair(segment_name(11), kSectorSize * 3 + 5),
                                     std::pair(segment_name(12), std::uint64_t{30}),
                                     std::pair(segment_name(11), kSegmentBytesMin - 500)}) {
    files_.set_contents(before);
    flip(name, offset);
    const VerifyReport damaged = verified();
    ASSERT_TRUE(damaged.damage);
    EXPECT_FALSE(cut(70, false));
    const auto report = cut(damaged.last_index, true);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->damage.empty());
    EXPECT_TRUE(verified().is_good());
    // Nothing behind the damage could be read, but no index of it may come again.
    EXPECT_GT(report->next_index, 80 + kIndexJump - 3);
    open([&](FileJournal&) { EXPECT_EQ(recovered_.last_index, damaged.last_index); });
  }
}

TEST_F(InspectTest, truncate_removes_snapshots_of_what_is_cut_and_needs_one_of_what_stays) {
  for (int i = 0; i < 3; ++i) {
    open([&](FileJournal& journal) {
      for (int n = 0; n < 10; ++n) {
        ASSERT_TRUE(journal.append(batch_of(journal.next_index(), {100, 700})));
      }
      save_snapshot_of_closed(journal);
      ASSERT_TRUE(journal.archive().drop(KeepSegments::Needed));
    });
  }
  const VerifyReport before = verified();
  ASSERT_EQ(before.snapshots.size(), 2U);
  ASSERT_GT(before.first_index, 1U);
  EXPECT_EQ(cut(4, true).error().fault, base::Fault::Usage);
  EXPECT_EQ(cut(before.snapshots[0].index - 2, true).error().fault, base::Fault::Usage);
  const auto report = cut(before.snapshots[0].index, true);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->lost_snapshots,
            std::vector<std::string>{snapshot_name(before.snapshots[1].index)});
  open([&](FileJournal&) { EXPECT_EQ(recovered_.last_index, before.snapshots[0].index); });
}

TEST_F(InspectTest, a_truncation_that_the_disk_broke_off_can_be_repeated) {
  const auto before = files_.contents();
  bool finished = false;
  for (std::uint64_t call = 1; !finished; ++call) {
    files_.set_contents(before);
    files_.set_fault({DiskFault::Kind::PowerLoss, call, false, [](auto i) { return i % 3 == 1; }});
    finished = cut(60, true).has_value();
    files_.restart();
    const auto report = cut(60, true);
    ASSERT_TRUE(report) << call << ": " << report.error().message;
    open([&](FileJournal&) {
      EXPECT_EQ(recovered_.last_index, 60U) << call;
      EXPECT_GE(next_index_, 80 + kIndexJump) << call;
    });
  }
}

TEST_F(InspectTest, truncate_waits_for_no_server) {
  open([&](FileJournal&) {
    const auto report = cut(60, true);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().fault, base::Fault::InUse);
  });
}

}  // namespace
}  // namespace journal::testing
