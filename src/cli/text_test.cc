// Names of others are made harmless, measured and cut.
#include "cli/text.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(TextTest, what_could_steer_a_terminal_is_escaped) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");           // a control of the second set
  EXPECT_EQ(printable("\xE2\x80\xAE"), "\\xe2\\x80\\xae");  // writes backwards
}

TEST(TextTest, an_escape_cannot_be_forged) { EXPECT_EQ(printable("\\n"), "\\\\n"); }

TEST(TextTest, utf8_stays_readable_and_what_is_none_is_escaped) {
  EXPECT_EQ(printable("Zürich/€"), "Zürich/€");
  EXPECT_EQ(printable("\xF0\x9F\x92\xB6"), "\xF0\x9F\x92\xB6");
  EXPECT_EQ(printable("\xFF"), "\\xff");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");           // cut short
}

TEST(TextTest, bytes_are_utf8_or_not) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("Zürich\n\x1b"));
  EXPECT_FALSE(is_utf8("a\xFF"));
  EXPECT_FALSE(is_utf8("\xE2\x82"));
}

TEST(TextTest, lines_keep_their_ends_where_they_may) {
  EXPECT_EQ(printable_lines("a\n\tb\x1b"), "a\n\tb\\x1b");
}

TEST(TextTest, quotes_stand_where_a_word_would_be_ambiguous) {
  EXPECT_EQ(in_quotes_if_needed("account/7"), "account/7");
  EXPECT_EQ(in_quotes_if_needed("two words"), "\"two words\"");
  EXPECT_EQ(in_quotes_if_needed(""), "\"\"");
  EXPECT_EQ(in_quotes("a\"b"), "\"a\\\"b\"");
}

TEST(TextTest, columns_are_characters_and_not_bytes) {
  EXPECT_EQ(columns_of("€uro"), 4U);
  EXPECT_EQ(shortened("account/7", 9), "account/7");
  EXPECT_EQ(shortened("account/7", 5), "acco…");
  EXPECT_EQ(shortened("€€€€", 3), "€€…");
  EXPECT_EQ(shortened("ab", 1), "…");
  EXPECT_EQ(shortened("ab", 0), "");
}

TEST(TextTest, long_lines_are_broken_between_words) {
  EXPECT_EQ(wrapped("  1. a waits: it is held", 12, 4), "  1. a\n    waits:\n    it is\n    held");
  EXPECT_EQ(wrapped("a-word-longer-than-the-line b", 8, 2), "a-word-longer-than-the-line\n  b");
  EXPECT_EQ(wrapped("as it is", 0, 4), "as it is");
  EXPECT_EQ(wrapped("", 8, 4), "");
}

TEST(TextTest, numbers_are_grouped_and_counted) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(counted(1, "lock"), "1 lock");
  EXPECT_EQ(counted(2000, "lock"), "2,000 locks");
}

TEST(TextTest, a_slip_of_the_fingers_is_recognised) {
  const std::vector<std::string> names{"serve", "lock", "ls", "info", "sessions", "call"};
  EXPECT_EQ(nearest("lcok", names), "lock");
  EXPECT_EQ(nearest("sesions", names), "sessions");
  EXPECT_EQ(nearest("sess", names), "sessions");
  EXPECT_EQ(nearest("inf", names), "info");
  EXPECT_EQ(nearest("frobnicate", names), "");
}

}  // namespace
}  // namespace cli
