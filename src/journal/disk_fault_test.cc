// The disk fails, or the power goes, at every single call of a journal's life:
// every append that returned is there afterwards, and nothing else but perhaps
// the one that was under way.
#include <gtest/gtest.h>

#include <functional>

#include "journal/journal_testing.h"
#include "journal/memory_disk.h"

namespace journal::testing {
namespace {

using Keeps = std::function<bool(std::uint64_t)>;

/// One life of a journal after another on the same disk, and what it promised.
class Life {
 public:
  explicit Life(MemoryFiles& files) : files_(files) {}

  /// Opens, appends batches of many sizes over several segments, compacts in between. Ends early
  /// when the journal fails.
  void live() {
    if (!open()) return;
    const std::vector<std::vector<std::size_t>> batches = {
        {10}, {700, 5}, {}, {1500}, {40, 40, 40}, {2000, 300}, {900}, {3, 1100}};
    for (int round = 0; round < 3; ++round) {
      for (const auto& sizes : batches) {
        if (!append(sizes)) return;
      }
      compact();
    }
    journal_.reset();
  }

  /// Recovers on a disk that works, and compares with what was promised.
  void check(const std::string& what) {
    journal_.reset();
    HistoryConsumer found;
    auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), found);
    ASSERT_TRUE(opened) << what << ": " << opened.error().message;
    if (found == in_flight_) promised_ = in_flight_;
    ASSERT_EQ(found.state, promised_.state) << what;
    ASSERT_EQ(found.mark, promised_.mark) << what;
    ASSERT_EQ(found.digest, promised_.digest) << what;
    journal_ = std::move(opened->journal);
  }

  /// What was recovered can be carried on.
  void carry_on(const std::string& what) {
    ASSERT_TRUE(append({300, 300})) << what;
    ASSERT_TRUE(append({2500})) << what;
    check(what + ", carried on");
  }

  bool open() {
    HistoryConsumer found;
    auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files_), small_options(), found);
    if (!opened) {
      EXPECT_EQ(opened.error().fault, base::Fault::Io) << opened.error().message;
      return false;
    }
    if (found == in_flight_) promised_ = in_flight_;
    EXPECT_EQ(found.state, promised_.state);
    journal_ = std::move(opened->journal);
    return true;
  }

  void end() { journal_.reset(); }

 private:
  bool append(const std::vector<std::size_t>& sizes) {
    const Batch batch = batch_of(journal_->next_index(), sizes);
    in_flight_ = promised_;
    in_flight_.apply(batch);
    if (!journal_->append(batch)) return false;
    promised_ = in_flight_;
    return true;
  }

  /// A compaction that fails is no reason to stop.
  void compact() {
    Archive& archive = journal_->archive();
    HistoryConsumer replica;
    if (!archive.replay(replica) || replica.last_index == 0) return;
    if (!archive.save(replica.snapshot())) return;
    (void)archive.drop(KeepSegments::Needed);
  }

  MemoryFiles& files_;
  std::unique_ptr<FileJournal> journal_;
  HistoryConsumer promised_;
  HistoryConsumer in_flight_;
};

/// Which sectors and names survive: none, all, halves, and by chance.
std::vector<Keeps> patterns() {
  std::vector<Keeps> all = {
      {},
      [](std::uint64_t) { return true; },
      [](std::uint64_t i) { return i % 2 == 0; },
      [](std::uint64_t i) { return i % 2 == 1; },
      [](std::uint64_t i) { return i == 0; },
      [](std::uint64_t i) { return i != 0; },
  };
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    all.push_back([seed](std::uint64_t i) { return base::mix(seed, i) % 2 == 0; });
  }
  return all;
}

std::uint64_t calls_of_a_life() {
  MemoryFiles files;
  Life(files).live();
  return files.calls();
}

/// Runs a life with the fault at each of its calls.
void at_every_call(DiskFault fault,
                   const std::function<void(Life&, MemoryFiles&, const std::string&)>& then) {
  const std::uint64_t calls = calls_of_a_life();
  ASSERT_GT(calls, 100U);
  for (fault.at_call = 1; fault.at_call <= calls; ++fault.at_call) {
    MemoryFiles files;
    Life life(files);
    files.set_fault(fault);
    life.live();
    then(life, files, "call " + std::to_string(fault.at_call));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(DiskFaultTest, a_life_without_faults_keeps_everything) {
  MemoryFiles files;
  Life life(files);
  life.live();
  life.check("no fault");
  life.carry_on("no fault");
}

// Complaint: J8 (docs/complaints.md).
TEST(DiskFaultTest, power_loss_at_any_call_loses_nothing_that_was_promised) {
  for (const Keeps& keeps : patterns()) {
    at_every_call({DiskFault::Kind::PowerLoss, 0, false, keeps},
                  [](Life& life, MemoryFiles& files, const std::string& what) {
                    life.end();
                    files.restart();
                    life.check(what);
                    life.carry_on(what);
                  });
  }
}

TEST(DiskFaultTest, a_failing_call_loses_nothing_that_was_promised) {
  for (const DiskFault::Kind kind : {DiskFault::Kind::Error, DiskFault::Kind::Full}) {
    for (const bool for_ever : {false, true}) {
      for (const Keeps& keeps : {patterns()[0], patterns()[1], patterns()[4], patterns()[7]}) {
        at_every_call({kind, 0, for_ever, keeps},
                      [](Life& life, MemoryFiles& files, const std::string& what) {
                        life.end();
                        files.set_fault({});
                        life.check(what);
                        life.carry_on(what);
                      });
      }
    }
  }
}

TEST(DiskFaultTest, power_loss_in_the_middle_of_recovery_loses_nothing_either) {
  const auto all = patterns();
  for (std::size_t i = 0; i < all.size(); i += 3) {
    at_every_call({DiskFault::Kind::PowerLoss, 0, false, all[i]},
                  [&](Life& life, MemoryFiles& files, const std::string& what) {
                    for (std::uint64_t call = 1; call < 60; call += 7) {
                      life.end();
                      files.restart();
                      files.set_fault(
                          {DiskFault::Kind::PowerLoss, call, false, all[(i + call) % all.size()]});
                      if (life.open()) break;
                    }
                    life.end();
                    files.restart();
                    life.check(what);
                  });
  }
}

/// The write of one batch, torn in every way there is.
void tear_in_every_way(const std::vector<std::size_t>& payload_sizes, std::uint64_t sectors) {
  for (std::uint64_t kept = 0; kept < (std::uint64_t{1} << sectors); ++kept) {
    MemoryFiles files;
    HistoryConsumer nothing;
    HistoryConsumer promised;
    auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files), small_options(), nothing);
    ASSERT_TRUE(opened);
    const Batch first = batch_of(1, {30});
    ASSERT_TRUE(opened->journal->append(first));
    promised.apply(first);
    files.set_fault({DiskFault::Kind::PowerLoss, 1, false,
                     [kept](std::uint64_t i) { return (kept >> i & 1) != 0; }});
    const Batch second = batch_of(2, payload_sizes);
    ASSERT_FALSE(opened->journal->append(second));
    opened->journal.reset();
    files.restart();

    const bool is_whole = kept + 1 == std::uint64_t{1} << sectors;
    if (is_whole) promised.apply(second);
    HistoryConsumer found;
    opened = FileJournal::open(std::make_unique<MemoryDisk>(files), small_options(), found);
    ASSERT_TRUE(opened) << kept << ": " << opened.error().message;
    ASSERT_EQ(found, promised) << kept;
    EXPECT_EQ(opened->report.cut_bytes > 0, !is_whole && kept != 0) << kept;
  }
}

TEST(DiskFaultTest, a_write_torn_in_any_way_is_cut) {
  tear_in_every_way({4, 5}, 1);
  tear_in_every_way({600}, 2);
  tear_in_every_way({100, 2200}, 5);
  tear_in_every_way({300, 0, 500, 10, 900, 400}, 5);
}

TEST(DiskFaultTest, a_torn_write_of_zeros_is_cut_like_any_other) {
  for (std::uint64_t kept = 0; kept < 31; ++kept) {
    MemoryFiles files;
    HistoryConsumer nothing;
    auto opened = FileJournal::open(std::make_unique<MemoryDisk>(files), small_options(), nothing);
    ASSERT_TRUE(opened);
    files.set_fault({DiskFault::Kind::PowerLoss, 1, false,
                     [kept](std::uint64_t i) { return (kept >> i & 1) != 0; }});
    Batch batch;
    batch.add(1, {}, {}, std::string(2300, '\0'));
    ASSERT_FALSE(opened->journal->append(batch));
    opened->journal.reset();
    files.restart();
    HistoryConsumer found;
    opened = FileJournal::open(std::make_unique<MemoryDisk>(files), small_options(), found);
    ASSERT_TRUE(opened) << kept << ": " << opened.error().message;
    ASSERT_TRUE(found.state.empty()) << kept;
  }
}

}  // namespace
}  // namespace journal::testing
