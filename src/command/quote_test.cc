// Whatever goes in, what comes out can stand in a line of text.
#include "command/quote.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace command {
namespace {

TEST(QuoteTest, plain_text_stays_as_it_is) {
  EXPECT_EQ(quoted("acct/1"), R"("acct/1")");
  EXPECT_EQ(quoted(""), R"("")");
}

TEST(QuoteTest, marks_and_backslashes_are_escaped) {
  EXPECT_EQ(quoted(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(quoted("it's"), R"("it's")");
  EXPECT_EQ(quoted("it's", '\''), R"('it\'s')");
}

TEST(QuoteTest, bytes_that_are_not_printable_are_escaped) {
  EXPECT_EQ(quoted("a\r\n\tb"), R"("a\r\n\tb")");
  EXPECT_EQ(quoted(std::string_view("\0\x1b\x7f\xff", 4)), R"("\x00\x1b\x7f\xff")");
}

TEST(QuoteTest, exactly_as_much_as_fits_is_shown_whole) {
  const std::string text(kQuotedMax, 'a');
  EXPECT_EQ(quoted(text), "\"" + text + "\"");
  EXPECT_EQ(quoted(text + "a"), "\"" + text + "...\" (65 bytes)");
}

TEST(QuoteTest, an_escape_is_never_cut_in_two) {
  const std::string text = std::string(kQuotedMax - 3, 'a') + '\xff';
  EXPECT_EQ(quoted(text), "\"" + std::string(kQuotedMax - 3, 'a') + "...\" (62 bytes)");
}

TEST(QuoteTest, every_byte_becomes_printable_ascii) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = quoted(std::string(1, static_cast<char>(byte)));
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) << byte;
  }
}

}  // namespace
}  // namespace command
