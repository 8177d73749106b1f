// Appending, reopening, rotating: the journal as its users see it.
#include "journal/file_journal.h"

#include <gtest/gtest.h>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

class FileJournalTest : public ::testing::Test {
 protected:
  /// A restart of the process.
  void reopen() {
    opened_.journal.reset();
    replayed_ = {};
    auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files_), options_, replayed_);
    ASSERT_TRUE(opened) << opened.error().message;
    opened_ = std::move(*opened);
  }

  base::Error reopen_error() {
    opened_.journal.reset();
    const auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), options_, replayed_);
    EXPECT_FALSE(opened);
    return opened ? base::Error() : opened.error();
  }

  void append(const Batch& batch) {
    const auto appended = journal().append(batch);
    ASSERT_TRUE(appended) << appended.error().message;
    if (!batch.empty()) last_index_ = batch.last_index();
    record_lines(batch, last_index_, expected_);
  }

  void append_records(const std::vector<std::size_t>& payload_sizes) {
    append(batch_of(journal().next_index(), payload_sizes));
  }

  FileJournal& journal() { return *opened_.journal; }

  MemoryFiles files_;
  FileJournalOptions options_ = small_options();
  FileJournal::Opened opened_;
  RecordingConsumer replayed_;
  RecordingConsumer expected_;
  std::uint64_t last_index_ = 0;
};

TEST_F(FileJournalTest, a_new_journal_begins_with_index_one) {
  reopen();
  EXPECT_TRUE(opened_.report.created);
  EXPECT_EQ(journal().next_index(), 1U);
  reopen();
  EXPECT_FALSE(opened_.report.created);
  EXPECT_TRUE(replayed_.lines.empty());
  EXPECT_EQ(journal().next_index(), 1U);
}

TEST_F(FileJournalTest, records_come_back_with_index_times_and_payload) {
  reopen();
  Batch batch;
  batch.add(1, base::Time::from_us(-5), base::Time::from_us(7), "hello");
  batch.mark = base::Time::from_us(9);
  batch.digest = 11;
  append(batch);
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_EQ(opened_.report.replayed.mark, base::Time::from_us(9));
  EXPECT_EQ(opened_.report.replayed.digest, 11U);
  EXPECT_EQ(opened_.report.replayed.last_index, 1U);
}

TEST_F(FileJournalTest, batches_of_every_size_around_a_sector_come_back) {
  reopen();
  for (std::size_t size = 300; size < 1000; ++size) append_records({size});
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  append_records({5});
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
}

TEST_F(FileJournalTest, a_batch_larger_than_a_segment_gets_a_larger_segment) {
  reopen();
  append_records({1});
  append_records({256 << 10, 0, 100 << 10});
  append_records({1});
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
}

TEST_F(FileJournalTest, payloads_of_zeros_leave_no_sector_of_zeros_on_the_disk) {
  reopen();
  for (const char fill : {'\0', '\xff', 'a'}) {
    Batch batch;
    batch.add(journal().next_index(), {}, {}, std::string(100'000, fill));
    append(batch);
  }
  for (const auto& [name, bytes] : files_.contents()) {
    if (bytes.size() <= kSegmentBytesMin) continue;
    for (std::size_t at = 0; at + 2 * kSectorSize < bytes.size(); at += kSectorSize) {
      ASSERT_FALSE(is_all_zero(std::string_view(bytes).substr(at, kSectorSize))) << name << at;
    }
  }
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
}

TEST_F(FileJournalTest, an_empty_batch_carries_the_time_mark_on) {
  reopen();
  append_records({3});
  Batch mark;
  mark.mark = base::Time::from_us(1'000'000);
  mark.digest = 4;
  append(mark);
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_EQ(opened_.report.replayed.mark, base::Time::from_us(1'000'000));
  EXPECT_EQ(journal().next_index(), 2U);
}

TEST_F(FileJournalTest, a_jump_outlives_a_restart_and_keeps_mark_and_digest) {
  reopen();
  append_records({3});
  const std::uint64_t target = 1 + kIndexJump;
  ASSERT_TRUE(journal().jump(target));
  EXPECT_EQ(journal().next_index(), target);
  reopen();
  EXPECT_EQ(journal().next_index(), target);
  EXPECT_EQ(opened_.report.replayed.last_index, 1U);
  EXPECT_EQ(opened_.report.replayed.mark, batch_of(1, {3}).mark);
  EXPECT_EQ(opened_.report.replayed.digest, batch_of(1, {3}).digest);
}

TEST_F(FileJournalTest, indexes_may_have_gaps) {
  reopen();
  Batch batch;
  batch.add(5, {}, {}, "a");
  batch.add(9, {}, {}, "b");
  append(batch);
  EXPECT_EQ(journal().next_index(), 10U);
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_EQ(journal().next_index(), 10U);
}

TEST_F(FileJournalTest, a_journal_is_carried_on_after_every_batch) {
  for (int i = 0; i < 60; ++i) {
    reopen();
    ASSERT_EQ(replayed_.lines, expected_.lines) << i;
    append_records({static_cast<std::size_t>(i) * 20, 7});
  }
}

TEST_F(FileJournalTest, the_next_segment_is_made_ready_in_the_background) {
  options_.prepare_in_background = true;
  reopen();
  for (int i = 0; i < 100; ++i) append_records({400, 400});
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_GT(opened_.report.replayed.segments, 10U);
}

TEST_F(FileJournalTest, an_error_of_the_consumer_is_passed_on) {
  struct : RecordingConsumer {
    base::Result<void> replay(const Record& record) override {
      if (record.index < 3) return {};
      return base::failure(base::Fault::Broken, "digest differs at index 3");
    }
  } consumer;
  reopen();
  append_records({1, 1, 1, 1});
  opened_.journal.reset();
  const auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files_), options_, consumer);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, base::Fault::Broken);
  EXPECT_EQ(opened.error().message, "digest differs at index 3");
}

TEST_F(FileJournalTest, only_one_process_uses_a_directory) {
  reopen();
  const auto second = FileJournal::open(std::make_unique<MemoryDisk>(files_), options_, replayed_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, base::Fault::InUse);
}

TEST_F(FileJournalTest, after_a_failed_append_nothing_is_written_any_more) {
  reopen();
  append_records({1});
  files_.set_fault({DiskFault::Kind::Full, 1, false, {}});
  const auto failed = journal().append(batch_of(2, {1}));
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is_disk_full(failed.error())) << failed.error().message;
  const std::uint64_t calls = files_.calls();
  const auto again = journal().append(batch_of(2, {1}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, failed.error().message);
  EXPECT_FALSE(journal().jump(100));
  EXPECT_EQ(files_.calls(), calls);
}

TEST_F(FileJournalTest, a_torn_tail_is_cut_and_reported) {
  reopen();
  append_records({10});
  files_.set_fault({DiskFault::Kind::PowerLoss, 1, false, [](std::uint64_t i) { return i != 1; }});
  ASSERT_FALSE(journal().append(batch_of(2, {600, 600})));
  files_.restart();
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_EQ(opened_.report.cut_bytes, 3 * kSectorSize);
  EXPECT_EQ(opened_.report.cut_records_at_most, 2U);
  EXPECT_EQ(opened_.report.cut_file, segment_name(1));
  EXPECT_EQ(opened_.report.cut_offset, 2 * kSectorSize);
  EXPECT_NE(opened_.report.to_string().find("cut 1536 bytes, at most 2 records"),
            std::string::npos);
  append_records({20});
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_EQ(opened_.report.cut_bytes, 0U);
}

TEST_F(FileJournalTest, what_a_killed_process_left_in_the_page_cache_is_durable_before_it_counts) {
  const auto open = [this](MemoryFiles& files, Consumer& consumer) {
    return FileJournal::open(std::make_unique<MemoryDisk>(files), options_, consumer);
  };
  const auto all = [](std::uint64_t) { return true; };
  // It dies in each call of a rotation, the seal's write among them.
  for (std::uint64_t call = 1; call <= 12; ++call) {
    MemoryFiles files;
    HistoryConsumer nothing;
    auto first = open(files, nothing);
    ASSERT_TRUE(first);
    ASSERT_TRUE(first->journal->append(batch_of(1, {2'000})));
    files.set_fault({.kind = DiskFault::Kind::PowerLoss,
                     .at_call = call,
                     .keeps = all,
                     .is_process_only = true});
    (void)first->journal->append(batch_of(2, {2'000}));
    first->journal.reset();
    files.restart();

    HistoryConsumer history;
    auto second = open(files, history);
    ASSERT_TRUE(second) << call << ": " << second.error().message;
    const Batch batch = batch_of(second->journal->next_index(), {10});
    ASSERT_TRUE(second->journal->append(batch));
    history.apply(batch);
    second->journal.reset();
    // Of what is not synced the disk has nothing.
    files.set_fault({.kind = DiskFault::Kind::PowerLoss, .keeps = {}});
    files.restart();

    HistoryConsumer found;
    const auto third = open(files, found);
    ASSERT_TRUE(third) << call << ": " << third.error().message;
    EXPECT_EQ(found.state, history.state) << call;
  }
}

TEST_F(FileJournalTest, damage_is_refused_with_file_offset_and_index_and_changes_nothing) {
  reopen();
  append_records({10});
  append_records({10, 900});
  opened_.journal.reset();
  auto contents = files_.contents();
  contents[segment_name(1)][2 * kSectorSize + 300] ^= 1;
  files_.set_contents(contents);
  const base::Error error = reopen_error();
  EXPECT_EQ(error.fault, base::Fault::Corrupt);
  EXPECT_EQ(error.message, "the journal memory is damaged: " + segment_name(1) +
                               " at offset 1210, index 3: the record's checksum is wrong");
  EXPECT_EQ(files_.contents(), contents);
}

TEST_F(FileJournalTest, a_lost_last_segment_is_missed) {
  reopen();
  for (int i = 0; i < 20; ++i) append_records({400});
  opened_.journal.reset();
  auto contents = files_.contents();
  contents.erase(std::prev(contents.end()));
  files_.set_contents(contents);
  const base::Error error = reopen_error();
  EXPECT_EQ(error.fault, base::Fault::Corrupt);
  EXPECT_NE(error.message.find("is missing"), std::string::npos) << error.message;
}

TEST_F(FileJournalTest, a_missing_segment_is_named) {
  reopen();
  for (int i = 0; i < 20; ++i) append_records({400});
  opened_.journal.reset();
  auto contents = files_.contents();
  contents.erase(segment_name(2));
  files_.set_contents(contents);
  const base::Error error = reopen_error();
  EXPECT_EQ(error.fault, base::Fault::Corrupt);
  EXPECT_NE(error.message.find(segment_name(2) + " is missing"), std::string::npos)
      << error.message;
}

TEST_F(FileJournalTest, a_segment_of_another_directory_is_refused) {
  reopen();
  for (int i = 0; i < 20; ++i) append_records({400});
  opened_.journal.reset();
  auto contents = files_.contents();
  MemoryFiles others;
  {
    RecordingConsumer nothing;
    auto other = FileJournal::open(std::make_unique<MemoryDisk>(others), small_options(9), nothing);
    for (std::uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(other->journal->append(batch_of(i, {400})));
  }
  contents[segment_name(2)] = others.contents()[segment_name(2)];
  files_.set_contents(contents);
  const base::Error error = reopen_error();
  EXPECT_EQ(error.fault, base::Fault::Corrupt);
  EXPECT_NE(error.message.find("it is of another data directory"), std::string::npos);
}

TEST_F(FileJournalTest, a_segment_of_a_newer_format_is_refused) {
  reopen();
  opened_.journal.reset();
  auto contents = files_.contents();
  std::string& bytes = contents[segment_name(1)];
  auto header = value_at<SegmentHeader>(bytes);
  header.version = 2;
  header.checksum = checksum_of(header, 0);
  bytes.replace(0, sizeof(header), bytes_of(header));
  files_.set_contents(contents);
  EXPECT_NE(reopen_error().message.find("it has format 2"), std::string::npos);
}

TEST_F(FileJournalTest, other_files_in_the_directory_do_not_matter) {
  files_.set_contents({{"lost+found", ""},
                       {"segment-1.log", "x"},
                       {"segment.tmp", "junk"},
                       {"snapshot.tmp", "junk"},
                       {"notes.txt", ""}});
  reopen();
  append_records({1});
  reopen();
  EXPECT_EQ(replayed_.lines, expected_.lines);
  EXPECT_TRUE(files_.contents().contains("notes.txt"));
  EXPECT_FALSE(files_.contents().contains("snapshot.tmp"));
}

}  // namespace
}  // namespace journal::testing
