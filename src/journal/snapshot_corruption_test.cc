// The same for snapshots: a spoiled one is passed over for an older one, or
// recovery is refused where the log does not reach back.
#include <gtest/gtest.h>

#include <functional>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

using Contents = std::map<std::string, std::string>;

class SnapshotCorruptionTest : public ::testing::Test {
 protected:
  /// Two snapshots, and a log that begins behind the older one.
  SnapshotCorruptionTest() {
    MemoryFiles files;
    HistoryConsumer nothing;
    auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files), small_options(), nothing);
    FileJournal& journal = *opened->journal;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 8; ++i) {
        const Batch batch = batch_of(journal.next_index(), {100, 500});
        EXPECT_TRUE(journal.append(batch));
        live_.apply(batch);
      }
      HistoryConsumer replica;
      EXPECT_TRUE(journal.archive().replay(replica));
      EXPECT_TRUE(journal.archive().save(replica.snapshot()));
      EXPECT_TRUE(journal.archive().drop(KeepSegments::Needed));
    }
    opened->journal.reset();
    two_ = files.contents();
    for (const auto& [name, bytes] : two_) {
      if (!parse_snapshot_name(name)) continue;
      (older_.empty() ? older_ : newer_) = name;
    }
    one_ = two_;
    one_.erase(older_);
    // Now the log reaches back to the newer snapshot only.
    const std::uint64_t newer_index = *parse_snapshot_name(newer_);
    std::erase_if(one_, [&](const auto& file) {
      return parse_segment_name(file.first) &&
             value_at<SegmentHeader>(file.second).first_index <= newer_index;
    });
  }

  /// Whether the journal recovers; then it does so exactly.
  bool recovers(const Contents& contents) {
    files_.set_contents(contents);
    HistoryConsumer recovered;
    const auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered);
    if (!opened) {
      EXPECT_EQ(opened.error().fault, base::Fault::Corrupt) << opened.error().message;
      EXPECT_EQ(files_.contents(), contents);
      return false;
    }
    EXPECT_EQ(recovered, live_);
    EXPECT_EQ(opened->report.replayed.warnings.size(), 1U);
    return true;
  }

  /// Spoils the newer snapshot in every way there is.
  void spoil_everywhere(const std::function<void(const std::string&)>& with) {
    const std::string good = two_.at(newer_);
    for (std::size_t size = 0; size < good.size(); ++size) with(good.substr(0, size));
    with(good + '\0');
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string bytes = good;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      with(bytes);
    }
    for (std::size_t at = 0; at < good.size(); at += kSectorSize) {
      for (const char fill : {'\0', '\xff'}) {
        std::string bytes = good;
        bytes.replace(at, std::min(kSectorSize, good.size() - at), kSectorSize, fill);
        bytes.resize(good.size());
        with(bytes);
      }
    }
    with(two_.at(older_));
  }

  Contents two_;  ///< two snapshots, and the log behind the older
  Contents one_;  ///< one snapshot, and the log behind it
  std::string older_;
  std::string newer_;
  HistoryConsumer live_;
  MemoryFiles files_;
};

TEST_F(SnapshotCorruptionTest, a_spoiled_snapshot_is_passed_over_for_the_older_one) {
  spoil_everywhere([&](const std::string& bytes) {
    Contents contents = two_;
    contents[newer_] = bytes;
    ASSERT_TRUE(recovers(contents));
  });
}

TEST_F(SnapshotCorruptionTest, without_an_older_one_a_spoiled_snapshot_is_refused) {
  spoil_everywhere([&](const std::string& bytes) {
    Contents contents = one_;
    contents[newer_] = bytes;
    ASSERT_FALSE(recovers(contents));
  });
}

TEST_F(SnapshotCorruptionTest, a_snapshot_of_another_directory_is_not_taken) {
  Contents contents = two_;
  auto header = value_at<SnapshotHeader>(contents[newer_]);
  header.data_id.fill(9);
  header.checksum = checksum_of(header, 0);
  contents[newer_].replace(0, sizeof(header), bytes_of(header));
  EXPECT_TRUE(recovers(contents));
}

TEST_F(SnapshotCorruptionTest, a_length_beyond_the_file_allocates_nothing) {
  Contents contents = one_;
  auto header = value_at<SnapshotHeader>(contents[newer_]);
  header.payload_bytes = std::uint64_t{1} << 60;
  header.checksum = checksum_of(header, 0);
  contents[newer_].replace(0, sizeof(header), bytes_of(header));
  EXPECT_FALSE(recovers(contents));
}

TEST_F(SnapshotCorruptionTest, a_lost_segment_behind_the_snapshot_is_refused) {
  for (const Contents* all : {&one_, &two_}) {
    for (const auto& [name, bytes] : *all) {
      if (!parse_segment_name(name)) continue;
      Contents contents = *all;
      contents.erase(name);
      files_.set_contents(contents);
      HistoryConsumer recovered;
      const auto opened =
          FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), recovered);
      // The first one only matters to a recovery from the older snapshot.
      if (opened) {
        EXPECT_EQ(recovered, live_) << name;
      } else {
        EXPECT_EQ(opened.error().fault, base::Fault::Corrupt);
      }
    }
  }
}

}  // namespace
}  // namespace journal::testing
