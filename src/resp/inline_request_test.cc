// Inline requests split as Redis splits them.
#include "resp/inline_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

std::vector<std::string> words(std::string line) {
  std::vector<std::string_view> views;
  EXPECT_EQ(split_inline(line, 16, views), Split::Done) << line;
  return {views.begin(), views.end()};
}

Split failure(std::string line, std::size_t words_max = 16) {
  std::vector<std::string_view> views;
  return split_inline(line, words_max, views);
}

TEST(InlineRequestTest, spaces_and_tabs_separate_words) {
  EXPECT_THAT(words("LOCK.ACQUIRE acct/1"), ElementsAre("LOCK.ACQUIRE", "acct/1"));
  EXPECT_THAT(words("  a \t b\t"), ElementsAre("a", "b"));
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words(" \t "), IsEmpty());
}

TEST(InlineRequestTest, double_quotes_hold_spaces_and_escapes) {
  EXPECT_THAT(words(R"("a b" "\x41\n\r\t\b\a\"\\\q")"), ElementsAre("a b", "A\n\r\t\b\a\"\\q"));
  EXPECT_THAT(words(R"("" "\x00" "\xff")"), ElementsAre("", "\0"s, "\xff"));
  EXPECT_THAT(words(R"("\x4" "\xgg")"), ElementsAre("x4", "xgg"));
}

TEST(InlineRequestTest, single_quotes_know_one_escape) {
  EXPECT_THAT(words(R"('a b' 'it\'s' '\n' '"')"), ElementsAre("a b", "it's", "\\n", "\""));
}

TEST(InlineRequestTest, a_quote_may_begin_within_a_word_and_ends_it) {
  EXPECT_THAT(words(R"(a"b c" d'e f')"), ElementsAre("ab c", "de f"));
}

TEST(InlineRequestTest, a_backslash_and_a_nul_outside_quotes_are_plain_bytes) {
  EXPECT_THAT(words(R"(a\nb \)"), ElementsAre("a\\nb", "\\"));
  EXPECT_THAT(words("a\0b c"s), ElementsAre("a\0b"s, "c"));
}

TEST(InlineRequestTest, unbalanced_quotes_are_found) {
  for (const char* line : {"\"", "'", "\"a", "'a", "\"a\\\"", "'a\\'", "\"a\"b", "'a'\"b\""}) {
    EXPECT_EQ(failure(line), Split::Unbalanced) << line;
  }
}

TEST(InlineRequestTest, the_number_of_words_is_limited) {
  EXPECT_EQ(failure("a b c", 3), Split::Done);
  EXPECT_EQ(failure("a b c  ", 3), Split::Done);
  EXPECT_EQ(failure("a b c d", 3), Split::TooMany);
}

}  // namespace
}  // namespace resp
