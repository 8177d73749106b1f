// Every way to spoil a journal's bytes ends in an exact history or in a refusal.
//
// What may be lost is the last batch alone, and only where sectors of zeros make
// it look as if it had never been written: that, no single copy can tell apart.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

using Contents = std::map<std::string, std::string>;

/// A journal as it should be, and the history after each number of batches.
struct Sample {
  std::string name;
  Contents contents;
  std::vector<std::string> histories;  ///< [n]: of the first n batches
};

/// What else than the whole history or a refusal is right.
enum class LastBatch { Stays, MayBeCut };

Sample make_sample(const std::string& name, std::uint8_t id,
                   const std::vector<std::vector<std::size_t>>& batches) {
  Sample sample{name, {}, {""}};
  MemoryFiles files;
  RecordingConsumer nothing;
  HistoryConsumer history;
  auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files), small_options(id), nothing);
  EXPECT_TRUE(opened);
  for (const auto& sizes : batches) {
    const Batch batch = batch_of(opened->journal->next_index(), sizes);
    EXPECT_TRUE(opened->journal->append(batch));
    history.apply(batch);
    sample.histories.push_back(history.state);
  }
  opened->journal.reset();
  sample.contents = files.contents();
  return sample;
}

Sample empty_sample(std::uint8_t id) { return make_sample("empty", id, {}); }
Sample one_record(std::uint8_t id) { return make_sample("one record", id, {{50}}); }
Sample many_segments(std::uint8_t id) {
  return make_sample("many segments", id,
                     {{50}, {700, 10}, {}, {300}, {1200}, {5, 5, 5}, {900, 900}, {40}});
}
/// Records end at, just before and just after the ends of sectors.
Sample straddling(std::uint8_t id) {
  return make_sample("straddling", id,
                     {{376}, {375}, {377}, {336, 1}, {326, 500, 472}, {1000, 0, 0, 900}});
}
Sample large_batch(std::uint8_t id) {
  return make_sample("large batch", id, {{5}, {1800, 0, 300, 200}});
}
Sample largest_record(std::uint8_t id) {
  return make_sample("largest record", id, {{20}, {256 << 10}});
}

using MakeSample = Sample (*)(std::uint8_t id);

struct Param {
  const char* name;
  MakeSample make;
};

class CorruptionTest : public ::testing::TestWithParam<Param> {
 protected:
  const Sample sample_ = GetParam().make(1);
};

INSTANTIATE_TEST_SUITE_P(Samples, CorruptionTest,
                         ::testing::Values(Param{"empty", empty_sample},
                                           Param{"one_record", one_record},
                                           Param{"many_segments", many_segments},
                                           Param{"straddling", straddling},
                                           Param{"large_batch", large_batch}),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

/// Recovers from the contents of `files_` and judges what comes out.
class Judge {
 public:
  explicit Judge(const Sample& sample) : sample_(sample), files_(sample.contents) {}

  /// Changes one file, recovers, and puts it back.
  void spoil(const std::string& name, const std::function<void(std::string&)>& change,
             LastBatch last, const std::string& what) {
    std::string bytes = sample_.contents.at(name);
    change(bytes);
    ++cases_;
    Contents contents = sample_.contents;
    contents[name] = std::move(bytes);
    recover(contents, last, name + ": " + what);
  }

  void recover(const Contents& contents, LastBatch last, const std::string& what) {
    files_.set_contents(contents);
    HistoryConsumer history;
    const auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), history);
    if (opened) {
      ++recovered_;
      const auto& histories = sample_.histories;
      const bool is_whole = history.state == histories.back();
      const bool is_cut = histories.size() > 1 && history.state == histories[histories.size() - 2];
      EXPECT_TRUE(is_whole || (is_cut && last == LastBatch::MayBeCut))
          << sample_.name << ", " << what << ": " << opened->report.to_string();
      return;
    }
    ++refused_;
    EXPECT_EQ(opened.error().fault, base::Fault::Corrupt) << sample_.name << ", " << what;
    EXPECT_NE(opened.error().message.find(" at offset "), std::string::npos);
    // What is refused is left as it was found.
    EXPECT_EQ(files_.contents(), contents) << sample_.name << ", " << what;
  }

  ~Judge() {
    if (cases_ == 0) return;
    ::testing::Test::RecordProperty("cases", static_cast<int>(cases_));
    std::printf("%s: %zu cases, %zu refused, %zu recovered\n", sample_.name.c_str(), cases_,
                refused_, recovered_);
  }

 private:
  const Sample& sample_;
  MemoryFiles files_;
  std::size_t cases_ = 0;
  std::size_t refused_ = 0;
  std::size_t recovered_ = 0;
};

std::size_t sector_count(const std::string& bytes) { return bytes.size() / kSectorSize; }

std::string sector_of(const std::string& bytes, std::size_t sector) {
  return bytes.substr(sector * kSectorSize, kSectorSize);
}

void set_sector(std::string& bytes, std::size_t sector, const std::string& with) {
  bytes.replace(sector * kSectorSize, kSectorSize, with);
}

bool is_batch_header(const std::string& bytes, std::size_t sector) {
  return value_at<BatchHeader>(sector_of(bytes, sector)).magic == kBatchMagic;
}

/// A sector of zeros put over another makes that one look unwritten.
LastBatch if_zeros(const std::string& with) {
  return is_all_zero(with) ? LastBatch::MayBeCut : LastBatch::Stays;
}

TEST_P(CorruptionTest, an_unspoiled_journal_recovers_whole) {
  Judge(sample_).recover(sample_.contents, LastBatch::Stays, "as it is");
}

TEST_P(CorruptionTest, a_file_cut_short_at_any_byte_is_refused) {
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      judge.spoil(
          name, [&](std::string& b) { b.resize(size); }, LastBatch::Stays,
          "cut to " + std::to_string(size));
    }
    judge.spoil(name, [](std::string& b) { b += '\0'; }, LastBatch::Stays, "one byte longer");
    judge.spoil(
        name, [](std::string& b) { b.append(kSectorSize, '\0'); }, LastBatch::Stays,
        "one sector longer");
  }
}

TEST(LargeCorruptionTest, a_file_cut_short_around_the_end_of_a_sector_is_refused) {
  const Sample sample = largest_record(1);
  Judge judge(sample);
  for (const auto& [name, bytes] : sample.contents) {
    for (std::size_t sector = 0; sector < sector_count(bytes); sector += 7) {
      for (const std::size_t size :
           {sector * kSectorSize, sector * kSectorSize + 1, (sector + 1) * kSectorSize - 1}) {
        judge.spoil(
            name, [&](std::string& b) { b.resize(size); }, LastBatch::Stays,
            "cut to " + std::to_string(size));
      }
    }
  }
}

TEST_P(CorruptionTest, no_flipped_bit_goes_unnoticed) {
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      judge.spoil(
          name,
          [&](std::string& b) { b[bit / 8] = static_cast<char>(b[bit / 8] ^ (1 << bit % 8)); },
          LastBatch::Stays, "bit " + std::to_string(bit));
    }
  }
}

void fill_every_sector(const Sample& sample) {
  Judge judge(sample);
  for (const auto& [name, bytes] : sample.contents) {
    for (std::size_t sector = 0; sector < sector_count(bytes); ++sector) {
      for (const char fill : {'\0', '\xff'}) {
        const std::string with(kSectorSize, fill);
        judge.spoil(
            name, [&](std::string& b) { set_sector(b, sector, with); }, if_zeros(with),
            "filled sector " + std::to_string(sector));
      }
    }
  }
}

TEST_P(CorruptionTest, a_sector_of_zeros_or_ones_is_noticed_or_takes_the_last_batch_alone) {
  fill_every_sector(sample_);
}

TEST(LargeCorruptionTest, a_sector_of_zeros_or_ones_is_noticed_or_takes_the_last_batch_alone) {
  fill_every_sector(largest_record(1));
}

TEST_P(CorruptionTest, swapped_sectors_are_noticed) {
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    for (std::size_t a = 0; a < sector_count(bytes); ++a) {
      for (std::size_t b = a + 1; b < sector_count(bytes); ++b) {
        const auto swap = [&](std::string& changed) {
          set_sector(changed, a, sector_of(bytes, b));
          set_sector(changed, b, sector_of(bytes, a));
        };
        judge.spoil(name, swap, LastBatch::Stays,
                    "swapped " + std::to_string(a) + " and " + std::to_string(b));
      }
    }
  }
}

TEST_P(CorruptionTest, doubled_sectors_are_noticed) {
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    for (std::size_t from = 0; from < sector_count(bytes); ++from) {
      for (std::size_t to = 0; to < sector_count(bytes); ++to) {
        const std::string with = sector_of(bytes, from);
        judge.spoil(
            name, [&](std::string& b) { set_sector(b, to, with); }, if_zeros(with),
            std::to_string(from) + " over " + std::to_string(to));
      }
    }
  }
}

TEST_P(CorruptionTest, any_two_sectors_of_zeros_are_noticed_or_take_the_last_batch_alone) {
  const std::string zeros(kSectorSize, '\0');
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    for (std::size_t a = 0; a < sector_count(bytes); ++a) {
      for (std::size_t b = a + 1; b < sector_count(bytes); ++b) {
        // The header of the last batch is the only proof that the one before had been durable.
        if (is_batch_header(bytes, b)) continue;
        const auto clear = [&](std::string& changed) {
          set_sector(changed, a, zeros);
          set_sector(changed, b, zeros);
        };
        judge.spoil(name, clear, LastBatch::MayBeCut,
                    "cleared " + std::to_string(a) + " and " + std::to_string(b));
      }
    }
  }
}

TEST_P(CorruptionTest, sectors_and_files_of_another_directory_are_noticed) {
  const Sample foreign = GetParam().make(2);
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    const std::string& other = foreign.contents.at(name);
    ASSERT_EQ(other.size(), bytes.size());
    for (std::size_t sector = 0; sector < sector_count(bytes); ++sector) {
      judge.spoil(
          name, [&](std::string& b) { set_sector(b, sector, sector_of(other, sector)); },
          LastBatch::Stays, "foreign sector " + std::to_string(sector));
    }
    if (sample_.contents.size() > 1) {
      judge.spoil(name, [&](std::string& b) { b = other; }, LastBatch::Stays, "foreign file");
    }
    judge.spoil(
        name, [&](std::string& b) { b.replace(kSectorSize, b.size(), other, kSectorSize); },
        LastBatch::Stays, "foreign batches");
  }
}

TEST_P(CorruptionTest, lost_and_exchanged_files_are_noticed) {
  if (sample_.contents.size() == 1) GTEST_SKIP() << "one file alone cannot be missed";
  Judge judge(sample_);
  for (const auto& [name, bytes] : sample_.contents) {
    Contents contents = sample_.contents;
    contents.erase(name);
    judge.recover(contents, LastBatch::Stays, name + " is lost");
    for (const auto& [other_name, other_bytes] : sample_.contents) {
      contents = sample_.contents;
      contents[name] = other_bytes;
      judge.recover(contents, LastBatch::Stays, other_name + " in the place of " + name);
    }
  }
}

}  // namespace
}  // namespace journal::testing
