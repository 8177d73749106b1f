// Lengths of time and moments are read and written as the documentation says.
#include "cli/time_text.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using std::chrono::milliseconds;

std::int64_t parsed(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration ? duration->count() : -1;
}

TEST(DurationTest, takes_each_unit) {
  EXPECT_EQ(parsed("500ms"), 500);
  EXPECT_EQ(parsed("10s"), 10'000);
  EXPECT_EQ(parsed("2m"), 120'000);
  EXPECT_EQ(parsed("1h"), 3'600'000);
  EXPECT_EQ(parsed("1d"), 86'400'000);
}

TEST(DurationTest, takes_units_after_each_other_from_the_largest_on) {
  EXPECT_EQ(parsed("1m30s"), 90'000);
  EXPECT_EQ(parsed("1h2m3s4ms"), 3'723'004);
  EXPECT_EQ(parsed("30s1m"), -1);
  EXPECT_EQ(parsed("1s1s"), -1);
}

TEST(DurationTest, zero_needs_no_unit) { EXPECT_EQ(parsed("0"), 0); }

TEST(DurationTest, a_number_without_a_unit_is_refused_with_both_readings) {
  const auto duration = parse_duration("10");
  ASSERT_FALSE(duration);
  EXPECT_EQ(duration.error().fault, base::Fault::Usage);
  EXPECT_EQ(duration.error().message, "'10' needs a unit: 10s for seconds, 10ms for milliseconds");
}

TEST(DurationTest, nonsense_is_refused) {
  for (const char* text : {"", "s", "-1s", "1.5s", "10 s", "10x", "1sm", "99999999999999999999s"}) {
    EXPECT_EQ(parsed(text), -1) << text;
  }
}

TEST(DurationTest, a_day_is_the_most) {
  EXPECT_EQ(parsed("24h"), 86'400'000);
  EXPECT_EQ(parsed("24h1ms"), -1);
  EXPECT_EQ(parsed("1441m"), -1);
}

TEST(DurationTest, unless_more_is_allowed) {
  const auto month = std::chrono::hours(720);
  EXPECT_EQ(*parse_duration("30d", month), month);
  EXPECT_EQ(*parse_duration("29d24h", month), month);
  const auto longer = parse_duration("30d1ms", month);
  ASSERT_FALSE(longer);
  EXPECT_NE(longer.error().message.find("up to 720h"), std::string::npos);
}

TEST(DurationTextTest, shows_two_digits_that_matter) {
  EXPECT_EQ(duration_text(-5), "0s");
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(812), "812ms");
  EXPECT_EQ(duration_text(3'290), "3.2s");
  EXPECT_EQ(duration_text(42'999), "42s");
  EXPECT_EQ(duration_text(192'000), "3m12s");
  EXPECT_EQ(duration_text(7'500'000), "2h05m");
  EXPECT_EQ(duration_text(442'800'000), "5d03h");
}

TEST(MomentTest, is_in_utc) {
  EXPECT_EQ(moment_text(0), "1970-01-01 00:00:00Z");
  EXPECT_EQ(moment_text(1'769'879'109'042), "2026-01-31 17:05:09Z");
  EXPECT_EQ(exact_moment_text(base::Time::from_us(1'769'879'109'042'999)),
            "2026-01-31T17:05:09.042Z");
}

}  // namespace
}  // namespace cli
