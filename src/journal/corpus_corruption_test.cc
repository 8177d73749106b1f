// A corpus of journals, each spoiled in every way: what comes out is the exact
// history or a refusal, within bounds of memory and of calls to the disk.
//
// corruption_test.cc does every single case of a few journals. Of these here a
// run takes a sample, always the same one; with TURNSTILE_CORRUPTION_EVERY=1 in
// the environment it takes them all, some ten million, which is for a long night.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"
#include "journal/test_allocations.h"
#include "journal/test_corpus.h"

namespace journal::testing {
namespace {

/// Lets one case of so many through.
class Sampler {
 public:
  explicit Sampler(std::uint64_t every) : every_(every) {
    const char* text = std::getenv("TURNSTILE_CORRUPTION_EVERY");
    if (text != nullptr) every_ = std::max<std::uint64_t>(1, std::strtoull(text, nullptr, 10));
  }
  bool takes() { return base::mix(every_, ++case_) % every_ == 0; }

 private:
  std::uint64_t every_;
  std::uint64_t case_ = 0;
};

const std::string kZeros(kSectorSize, '\0');
const std::string kOnes(kSectorSize, '\xff');

bool is_zero(const std::string& bytes) {
  return bytes.find_first_not_of('\0') == std::string::npos;
}

/// The parts of a file that a disk writes at once; the last may be shorter.
std::size_t sector_count(const std::string& bytes) {
  return (bytes.size() + kSectorSize - 1) / kSectorSize;
}
std::string sector_of(const std::string& bytes, std::size_t sector) {
  return bytes.substr(std::min(sector * kSectorSize, bytes.size()), kSectorSize);
}
/// Never makes the file longer.
void set_sector(std::string& bytes, std::size_t sector, const std::string& with) {
  const std::size_t at = sector * kSectorSize;
  const std::size_t size = std::min({bytes.size() - at, with.size(), std::size_t{kSectorSize}});
  bytes.replace(at, size, with, 0, size);
}
/// How many batches may be lost: a sector of zeros in the place of the last batch looks as if that
/// had never been written, which no single copy can tell apart; each further damaged sector can be
/// the header that proved the batch before it to have been durable.
std::size_t batches_at_stake(const std::string& before, const std::string& after) {
  std::size_t damaged = 0;
  std::size_t cleared = 0;
  for (std::size_t sector = 0; sector < sector_count(before); ++sector) {
    const std::string now = sector_of(after, sector);
    const bool is_damaged = now != sector_of(before, sector);
    damaged += is_damaged ? 1 : 0;
    cleared += is_damaged && is_zero(now) ? 1 : 0;
  }
  return cleared == 0 ? 0 : damaged;
}

/// Recovers spoiled copies of one specimen, and judges what comes out.
class Judge {
 public:
  explicit Judge(const Specimen& specimen) : specimen_(specimen) {
    for (const auto& [name, bytes] : specimen.contents) size_ += bytes.size();
  }

  /// `lost_max`: how many batches may be missing at the end.
  void recover(const Contents& contents, std::size_t lost_max, const std::string& what) {
    ++cases_;
    files_.set_contents(contents);
    const std::uint64_t calls = files_.calls();
    HistoryConsumer found;
    const AllocationWatch watch;
    const auto opened =
        FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), found);
    const std::string where = specimen_.name + ", " + what;
    EXPECT_LE(watch.peak_bytes(), 2 * size_ + kMemoryBesides) << where;
    EXPECT_LE(files_.calls() - calls, 20 + 10 * (contents.size() + 1)) << where;
    if (opened) {
      ++recovered_;
      EXPECT_TRUE(is_history(found.state, lost_max))
          << where << ": " << opened->report.to_string() << "\n"
          << found.state;
      return;
    }
    EXPECT_EQ(opened.error().fault, base::Fault::Corrupt)
        << where << ": " << opened.error().message;
    EXPECT_EQ(files_.contents(), contents) << where << ": what is refused is left as it was found";
  }

  /// Changes one file.
  void spoil(const std::string& name, const std::function<void(std::string&)>& change,
             const std::string& what) {
    Contents contents = specimen_.contents;
    std::string& bytes = contents.at(name);
    change(bytes);
    recover(contents, batches_at_stake(specimen_.contents.at(name), bytes), name + ": " + what);
  }

  std::size_t cases() const { return cases_; }
  std::size_t recovered() const { return recovered_; }

 private:
  /// For the records of a batch, errors' texts, and the state that is built.
  static constexpr std::uint64_t kMemoryBesides = 64 << 10;

  bool is_history(const std::string& state, std::size_t lost_max) const {
    const auto& histories = specimen_.histories;
    const std::size_t lost = std::min(lost_max, histories.size() - 1);
    return std::find(histories.end() - 1 - static_cast<std::ptrdiff_t>(lost), histories.end(),
                     state) != histories.end();
  }

  const Specimen& specimen_;
  MemoryFiles files_;
  std::uint64_t size_ = 0;
  std::size_t cases_ = 0;
  std::size_t recovered_ = 0;
};

class CorpusCorruptionTest : public ::testing::Test {
 protected:
  /// Calls visit(judge, specimen, name of a file, its bytes) for every file of the corpus.
  template <class Visit>
  void for_each_file(Visit&& visit) {
    std::size_t cases = 0;
    std::size_t recovered = 0;
    for (const Specimen& specimen : corpus_) {
      Judge judge(specimen);
      for (const auto& [name, bytes] : specimen.contents) visit(judge, specimen, name, bytes);
      cases += judge.cases();
      recovered += judge.recovered();
      if (::testing::Test::HasFailure()) break;
    }
    EXPECT_GT(cases, 1000U);
    std::printf("%zu journals, %zu cases, %zu recovered, %zu refused\n", corpus_.size(), cases,
                recovered, cases - recovered);
  }

  std::size_t index_of(const Specimen& specimen) const {
    return static_cast<std::size_t>(&specimen - corpus_.data());
  }

  const std::vector<Specimen> corpus_ = make_corpus(1);
};

TEST_F(CorpusCorruptionTest, unspoiled_every_journal_recovers_whole) {
  EXPECT_GE(corpus_.size(), 50U);
  for (const Specimen& specimen : corpus_) {
    Judge judge(specimen);
    judge.recover(specimen.contents, 0, "as it is");
    EXPECT_EQ(judge.recovered(), 1U) << specimen.name;
  }
}

TEST_F(CorpusCorruptionTest, cut_short_at_any_byte) {
  Sampler sampler(20);
  for_each_file([&](Judge& judge, const Specimen&, const std::string& name,
                    const std::string& bytes) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      if (!sampler.takes()) continue;
      judge.spoil(name, [&](std::string& b) { b.resize(size); }, "cut to " + std::to_string(size));
    }
  });
}

TEST_F(CorpusCorruptionTest, any_bit_flipped) {
  Sampler sampler(200);
  for_each_file(
      [&](Judge& judge, const Specimen&, const std::string& name, const std::string& bytes) {
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
          if (!sampler.takes()) continue;
          const auto flip = [&](std::string& b) {
            b[bit / 8] = static_cast<char>(b[bit / 8] ^ (1 << bit % 8));
          };
          judge.spoil(name, flip, "bit " + std::to_string(bit));
        }
      });
}

TEST_F(CorpusCorruptionTest, any_sector_of_zeros_or_ones) {
  for_each_file(
      [&](Judge& judge, const Specimen&, const std::string& name, const std::string& bytes) {
        for (std::size_t sector = 0; sector < sector_count(bytes); ++sector) {
          for (const std::string& with : {kZeros, kOnes}) {
            judge.spoil(
                name, [&](std::string& b) { set_sector(b, sector, with); },
                "filled sector " + std::to_string(sector));
          }
        }
      });
}

/// Every pair in the last 8 KiB of a file.
TEST_F(CorpusCorruptionTest, any_two_sectors_of_zeros_or_ones_or_swapped_or_doubled) {
  constexpr std::size_t kLast = 8192 / kSectorSize;
  Sampler sampler(2);
  for_each_file([&](Judge& judge, const Specimen&, const std::string& name,
                    const std::string& bytes) {
    const std::size_t end = sector_count(bytes);
    for (std::size_t a = end - std::min(end, kLast); a < end; ++a) {
      for (std::size_t b = a + 1; b < end; ++b) {
        const std::string at_a = sector_of(bytes, a);
        const std::string at_b = sector_of(bytes, b);
        const std::pair<std::string, std::string> pairs[] = {
            {kZeros, kZeros}, {kOnes, kOnes}, {kZeros, kOnes}, {kOnes, kZeros},
            {at_b, at_a},     {at_a, at_a},   {at_b, at_b}};
        for (const auto& [with_a, with_b] : pairs) {
          if (!sampler.takes()) continue;
          const auto change = [&](std::string& spoiled) {
            set_sector(spoiled, a, with_a);
            set_sector(spoiled, b, with_b);
          };
          judge.spoil(name, change, "sectors " + std::to_string(a) + " and " + std::to_string(b));
        }
      }
    }
  });
}

/// Sectors of another file of the same directory, which has the same id.
TEST_F(CorpusCorruptionTest, any_sector_of_another_file) {
  Sampler sampler(10);
  for_each_file([&](Judge& judge, const Specimen& specimen, const std::string& name,
                    const std::string& bytes) {
    for (const auto& [other, other_bytes] : specimen.contents) {
      if (other == name) continue;
      for (std::size_t to = 0; to < sector_count(bytes); ++to) {
        for (std::size_t from = 0; from < sector_count(other_bytes); ++from) {
          if (!sampler.takes()) continue;
          const std::string with = sector_of(other_bytes, from);
          judge.spoil(
              name, [&](std::string& b) { set_sector(b, to, with); },
              std::to_string(from) + " of " + other + " over " + std::to_string(to));
        }
      }
    }
  });
}

/// A run of sectors, as a batch or many, moved to another place of the same directory.
TEST_F(CorpusCorruptionTest, any_run_of_sectors_of_another_place) {
  Sampler sampler(40);
  for_each_file([&](Judge& judge, const Specimen& specimen, const std::string& name,
                    const std::string& bytes) {
    for (const auto& [other, other_bytes] : specimen.contents) {
      for (std::size_t to = 1; to < sector_count(bytes); ++to) {
        for (std::size_t from = 1; from < sector_count(other_bytes); ++from) {
          if (!sampler.takes() || (other == name && from == to)) continue;
          const auto move = [&](std::string& b) {
            const std::size_t size =
                std::min(bytes.size() - to * kSectorSize, other_bytes.size() - from * kSectorSize);
            b.replace(to * kSectorSize, size, other_bytes, from * kSectorSize, size);
          };
          judge.spoil(name, move,
                      std::to_string(from) + " of " + other + " on over " + std::to_string(to));
        }
      }
    }
  });
}

/// The same file of another directory, which differs in its id alone.
TEST_F(CorpusCorruptionTest, any_sector_of_another_directory) {
  const std::vector<Specimen> foreign = make_corpus(2);
  for_each_file([&](Judge& judge, const Specimen& specimen, const std::string& name,
                    const std::string& bytes) {
    const std::string& other = foreign[index_of(specimen)].contents.at(name);
    for (std::size_t sector = 0; sector < sector_count(bytes); ++sector) {
      judge.spoil(
          name, [&](std::string& b) { set_sector(b, sector, sector_of(other, sector)); },
          "foreign sector " + std::to_string(sector));
    }
    // A directory of one file is just the other directory then.
    if (specimen.contents.size() == 1) return;
    judge.spoil(name, [&](std::string& b) { b = other; }, "foreign file");
  });
}

}  // namespace
}  // namespace journal::testing
