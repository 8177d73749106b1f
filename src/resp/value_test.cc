// Values read alike in both versions, and print as redis-cli prints them.
#include "resp/value.h"

#include <gtest/gtest.h>

#include <string>

#include "resp/reply_parser.h"

namespace resp {
namespace {

Value parse(std::string_view bytes) {
  ReplyParser parser;
  parser.feed(bytes);
  auto value = parser.next();
  EXPECT_TRUE(value) << bytes << parser.error();
  return value ? std::move(*value) : Value{};
}

std::string printed(std::string_view bytes) { return to_text(parse(bytes)); }

TEST(ValueTest, a_key_is_found_in_a_map_and_in_an_array_of_pairs) {
  for (const char* reply : {"%2\r\n$5\r\ntoken\r\n:7\r\n+lease\r\n:30000\r\n",
                            "*4\r\n$5\r\ntoken\r\n:7\r\n$5\r\nlease\r\n$5\r\n30000\r\n"}) {
    const Value value = parse(reply);
    ASSERT_NE(value.find("token"), nullptr);
    EXPECT_EQ(value.find("token")->as_integer(), 7);
    EXPECT_EQ(value.find("lease")->as_integer(), 30000);
    EXPECT_EQ(value.find("waited"), nullptr);
  }
}

TEST(ValueTest, a_value_is_never_taken_for_a_key) {
  EXPECT_EQ(parse("*4\r\n+a\r\n+token\r\n+b\r\n:1\r\n").find("token"), nullptr);
  EXPECT_EQ(parse("*1\r\n+token\r\n").find("token"), nullptr);
  EXPECT_EQ(parse("*3\r\n+token\r\n:1\r\n+x\r\n").find("token"), nullptr);
  EXPECT_EQ(parse("~2\r\n+token\r\n:1\r\n").find("token"), nullptr);
  EXPECT_EQ(parse("+token\r\n").find("token"), nullptr);
}

TEST(ValueTest, an_error_passes_for_nothing_else) {
  for (const char* reply : {"-42\r\n", "!2\r\n42\r\n"}) {
    const Value value = parse(reply);
    EXPECT_TRUE(value.is_error());
    EXPECT_FALSE(value.as_integer());
    EXPECT_FALSE(value.as_double());
    EXPECT_FALSE(value.as_string());
    EXPECT_EQ(value.find("42"), nullptr);
  }
}

TEST(ValueTest, the_code_of_an_error_is_its_first_word) {
  EXPECT_EQ(parse("-BUSY held by 7\r\n").error_code(), "BUSY");
  EXPECT_EQ(parse("-BUSY\r\n").error_code(), "BUSY");
  EXPECT_EQ(parse("-\r\n").error_code(), "");
  EXPECT_EQ(parse("+BUSY held\r\n").error_code(), "");
}

TEST(ValueTest, integers_may_come_as_text_and_as_bools) {
  EXPECT_EQ(parse(":-9223372036854775808\r\n").as_integer(), INT64_MIN);
  EXPECT_EQ(parse("#t\r\n").as_integer(), 1);
  EXPECT_EQ(parse("$2\r\n17\r\n").as_integer(), 17);
  for (const char* reply :
       {"$3\r\n17 \r\n", "$0\r\n\r\n", "+1.5\r\n", "_\r\n", "*0\r\n", "(9223372036854775808\r\n"}) {
    EXPECT_FALSE(parse(reply).as_integer()) << reply;
  }
}

TEST(ValueTest, numbers_are_doubles) {
  EXPECT_EQ(parse(",1.5e3\r\n").as_double(), 1500.0);
  EXPECT_EQ(parse(":2\r\n").as_double(), 2.0);
  EXPECT_EQ(parse(",-inf\r\n").as_double(), -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(parse("+x\r\n").as_double());
}

TEST(ValueTest, all_texts_are_strings) {
  EXPECT_EQ(parse("+a\r\n").as_string(), "a");
  EXPECT_EQ(parse("$1\r\na\r\n").as_string(), "a");
  EXPECT_EQ(parse("=5\r\ntxt:a\r\n").as_string(), "a");
  EXPECT_FALSE(parse(":1\r\n").as_string());
  EXPECT_FALSE(parse("$-1\r\n").as_string());
}

TEST(ValueTextTest, scalars) {
  EXPECT_EQ(printed("_\r\n"), "(nil)");
  EXPECT_EQ(printed("#t\r\n"), "(true)");
  EXPECT_EQ(printed(":1\r\n"), "(integer) 1");
  EXPECT_EQ(printed(",1.5\r\n"), "(double) 1.5");
  EXPECT_EQ(printed("+OK\r\n"), "OK");
  EXPECT_EQ(printed("-BUSY held\r\n"), "(error) BUSY held");
  EXPECT_EQ(printed("(12345678901234567890\r\n"), "12345678901234567890");
  EXPECT_EQ(printed("$4\r\n\r\t\a\b\r\n"), R"("\r\t\a\b")");
  EXPECT_EQ(printed("=8\r\ntxt:a\n\"b\r\n"), "a\n\"b");
  EXPECT_EQ(printed("$7\r\na\"\n\x1b\\\xc3\xbc\r\n"), R"("a\"\n\x1b\\\xc3\xbc")");
}

TEST(ValueTextTest, nothing_steers_the_terminal) {
  EXPECT_EQ(printed("+\x1b[2J\r\n"), "?[2J");
  EXPECT_EQ(printed("-a\x1b\nb\r\n"), "(error) a??b");
}

TEST(ValueTextTest, aggregates_are_numbered_and_indented) {
  EXPECT_EQ(printed("*0\r\n"), "(empty array)");
  EXPECT_EQ(printed("%0\r\n"), "(empty hash)");
  EXPECT_EQ(printed("~0\r\n"), "(empty set)");
  EXPECT_EQ(printed(">0\r\n"), "(empty push)");
  EXPECT_EQ(printed(">1\r\n+turnstile\r\n"), "1) turnstile");
  EXPECT_EQ(printed("*2\r\n+a\r\n*2\r\n:1\r\n:2\r\n"),
            "1) a\n"
            "2) 1) (integer) 1\n"
            "   2) (integer) 2");
  EXPECT_EQ(printed("%2\r\n$5\r\ntoken\r\n:2\r\n+keys\r\n~2\r\n+a\r\n+b\r\n"),
            "1# \"token\" => (integer) 2\n"
            "2# keys => \n"
            "   1~ a\n"
            "   2~ b");
  EXPECT_EQ(printed("%1\r\n+keys\r\n*1\r\n+a\r\n"), "1# keys => 1) a");
}

TEST(ValueTextTest, numbers_of_one_array_are_equally_wide) {
  std::string reply = "*10\r\n";
  for (int i = 0; i < 10; ++i) reply += ":1\r\n";
  const std::string text = printed(reply);
  EXPECT_TRUE(text.starts_with(" 1) (integer) 1\n 2) "));
  EXPECT_TRUE(text.ends_with("\n10) (integer) 1"));
}

}  // namespace
}  // namespace resp
