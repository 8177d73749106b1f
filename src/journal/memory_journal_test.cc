// The journal that keeps nothing keeps its indexes apart.
#include "journal/memory_journal.h"

#include <gtest/gtest.h>

#include "journal/file/format.h"
#include "journal/journal_testing.h"

namespace journal::testing {
namespace {

constexpr std::int64_t kStartOf2024Ms = 1'704'067'200'000;
constexpr std::int64_t kYearMs = 366LL * 24 * 3600 * 1000;

base::Time at_ms(std::int64_t ms) { return base::Time::from_us(ms * 1000); }

TEST(MemoryJournalTest, the_first_index_grows_with_the_wall_clock) {
  EXPECT_EQ(MemoryJournal::first_index(at_ms(kStartOf2024Ms + 1)), 1U << 14);
  EXPECT_EQ(MemoryJournal::first_index(at_ms(kStartOf2024Ms + 1000)), 1000U << 14);
}

TEST(MemoryJournalTest, indexes_go_on_behind_each_batch) {
  MemoryJournal journal(at_ms(kStartOf2024Ms + 5));
  const std::uint64_t first = journal.next_index();
  ASSERT_TRUE(journal.append(batch_of(first, {1, 2, 3})));
  EXPECT_EQ(journal.next_index(), first + 3);
  ASSERT_TRUE(journal.append(Batch()));
  EXPECT_EQ(journal.next_index(), first + 3);
}

TEST(MemoryJournalTest, indexes_fit_for_seventeen_years) {
  EXPECT_LT(MemoryJournal::first_index(at_ms(kStartOf2024Ms + 17 * kYearMs)), kIndexMax);
}

TEST(MemoryJournalDeathTest, a_clock_out_of_range_is_refused) {
  EXPECT_DEATH(MemoryJournal::first_index(at_ms(kStartOf2024Ms)), "CHECK failed");
  EXPECT_DEATH(MemoryJournal::first_index(at_ms(kStartOf2024Ms + 18 * kYearMs)), "CHECK failed");
}

TEST(MemoryJournalDeathTest, an_index_must_not_go_back) {
  MemoryJournal journal(at_ms(kStartOf2024Ms + 5));
  EXPECT_DEATH((void)journal.append(batch_of(journal.next_index() - 1, {1})), "CHECK failed");
}

}  // namespace
}  // namespace journal::testing
