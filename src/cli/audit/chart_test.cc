// Where a moment and a stretch of time are drawn.
#include "cli/audit/chart.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

base::Time at(std::int64_t ms) { return base::Time::from_us(ms * 1'000); }

TEST(ChartTest, a_bar_covers_its_time) {
  const Chart chart(at(0), at(100), 10);
  EXPECT_EQ(chart.step().ms(), 10);
  auto line = chart.line();
  chart.bar(line, at(20), at(45), "#");
  EXPECT_EQ(Chart::text(line), "  ###");
}

TEST(ChartTest, what_is_short_is_seen_and_the_end_is_in_the_last_column) {
  const Chart chart(at(0), at(100), 10);
  auto line = chart.line();
  chart.bar(line, at(10), at(10), "#");
  chart.mark(line, at(100), "|");
  EXPECT_EQ(Chart::text(line), " #       |");
}

TEST(ChartTest, what_lies_outside_is_cut) {
  const Chart chart(at(50), at(100), 5);
  auto line = chart.line();
  chart.bar(line, at(0), at(65), "#");
  chart.mark(line, at(10), "|");
  chart.mark(line, at(200), "|");
  EXPECT_EQ(Chart::text(line), "##");
}

TEST(ChartTest, a_history_of_one_moment_has_a_column) {
  const Chart chart(at(5), at(5), 3);
  auto line = chart.line();
  chart.mark(line, at(5), "|");
  EXPECT_EQ(Chart::text(line), "|");
}

}  // namespace
}  // namespace cli
