// Every type of RESP2 and RESP3, every limit, and what a hostile server may send.
#include "resp/reply_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "resp/test_pieces.h"

namespace resp {
namespace {

std::string error_of(std::string_view bytes, ReplyLimits limits = {}) {
  ReplyParser parser(limits);
  parser.feed(bytes);
  while (parser.next()) {
  }
  return parser.error();
}

/// How many values come of `bytes` before they end or break.
std::size_t count_of(std::string_view bytes, ReplyLimits limits = {}) {
  ReplyParser parser(limits);
  parser.feed(bytes);
  std::size_t count = 0;
  while (parser.next()) ++count;
  return count;
}

Value parse(std::string_view bytes) {
  ReplyParser parser;
  parser.feed(bytes);
  auto value = parser.next();
  EXPECT_TRUE(value) << bytes << parser.error();
  EXPECT_EQ(parser.buffered(), 0u) << bytes;
  return value ? std::move(*value) : Value{};
}

TEST(ReplyParserTest, every_scalar_type) {
  EXPECT_EQ(parse("+OK\r\n"), (Value{.type = Type::Simple, .text = "OK"}));
  EXPECT_EQ(parse("-ERR x\r\n"), (Value{.type = Type::Error, .text = "ERR x"}));
  EXPECT_EQ(parse("!5\r\nE\r\nxy\r\n"), (Value{.type = Type::Error, .text = "E\r\nxy"}));
  EXPECT_EQ(parse(":-7\r\n"), (Value{.type = Type::Integer, .integer = -7}));
  EXPECT_EQ(parse(":+7\r\n"), (Value{.type = Type::Integer, .integer = 7}));
  EXPECT_EQ(parse("$3\r\n\r\n\r\r\n"), (Value{.type = Type::Bulk, .text = "\r\n\r"}));
  EXPECT_EQ(parse("=6\r\ntxt:hi\r\n"), (Value{.type = Type::Verbatim, .text = "hi"}));
  EXPECT_EQ(parse("#f\r\n"), (Value{.type = Type::Bool}));
  EXPECT_EQ(parse(",nan\r\n"), (Value{.type = Type::Double, .text = "nan"}));
  EXPECT_EQ(parse("(-12345678901234567890\r\n"),
            (Value{.type = Type::BigNumber, .text = "-12345678901234567890"}));
}

TEST(ReplyParserTest, every_null_is_a_null) {
  for (const char* null : {"_\r\n", "$-1\r\n", "*-1\r\n"}) EXPECT_EQ(parse(null), Value{});
}

TEST(ReplyParserTest, aggregates_hold_what_they_say) {
  const Value array = parse("*3\r\n:1\r\n*0\r\n%1\r\n+a\r\n~1\r\n_\r\n");
  ASSERT_EQ(array.items.size(), 3u);
  EXPECT_EQ(array.items[1], Value{.type = Type::Array});
  const Value& map = array.items[2];
  EXPECT_EQ(map.type, Type::Map);
  ASSERT_EQ(map.items.size(), 2u);
  EXPECT_EQ(map.items[1].type, Type::Set);
}

TEST(ReplyParserTest, pushes_stand_between_replies) {
  ReplyParser parser;
  parser.feed(">2\r\n+turnstile\r\n$1\r\n7\r\n:1\r\n");
  EXPECT_TRUE(parser.next()->is_push());
  EXPECT_EQ(parser.next()->as_integer(), 1);
  EXPECT_EQ(error_of("*1\r\n>1\r\n"), "invalid reply: a push within another reply");
}

TEST(ReplyParserTest, an_attribute_belongs_to_the_value_behind_it) {
  const Value value = parse("|1\r\n+index\r\n:9\r\n*2\r\n:1\r\n|1\r\n+a\r\n:5\r\n:2\r\n");
  ASSERT_EQ(value.items.size(), 2u);
  ASSERT_NE(value.find_attribute("index"), nullptr);
  EXPECT_EQ(value.find_attribute("index")->as_integer(), 9);
  EXPECT_TRUE(value.items[0].attributes.empty());
  EXPECT_EQ(value.items[1].find_attribute("a")->as_integer(), 5);
}

TEST(ReplyParserTest, attributes_add_up_and_may_be_empty) {
  const Value value = parse("|1\r\n+a\r\n:1\r\n|0\r\n|1\r\n+b\r\n:2\r\n+OK\r\n");
  EXPECT_EQ(value.find_attribute("a")->as_integer(), 1);
  EXPECT_EQ(value.find_attribute("b")->as_integer(), 2);
  EXPECT_EQ(value.text, "OK");
}

TEST(ReplyParserTest, attributes_within_attributes_stay_there) {
  const Value value = parse("|1\r\n+a\r\n|1\r\n+b\r\n:2\r\n:1\r\n_\r\n");
  ASSERT_EQ(value.attributes.size(), 2u);
  EXPECT_EQ(value.attributes[1].find_attribute("b")->as_integer(), 2);
  EXPECT_EQ(value.find_attribute("b"), nullptr);
}

TEST(ReplyParserTest, what_is_wrong_is_named) {
  const std::pair<const char*, const char*> cases[] = {
      {"HTTP/1.1 400\r\n", "it begins with no type of RESP"},
      {":1x\r\n", "an integer is wrong or too large"},
      {":\r\n", "an integer is wrong or too large"},
      {":+-1\r\n", "an integer is wrong or too large"},
      {":9223372036854775808\r\n", "an integer is wrong or too large"},
      {"#true\r\n", "a bool is neither t nor f"},
      {"_x\r\n", "a null with text"},
      {",1.2.3\r\n", "a number is wrong"},
      {"(1e3\r\n", "a number is wrong"},
      {"(\r\n", "a number is wrong"},
      {"+a\rb", "a line does not end in CRLF"},
      {"$-2\r\n", "the length of a string is wrong"},
      {"$+1\r\n", "the length of a string is wrong"},
      {"$\r\n", "the length of a string is wrong"},
      {"$?\r\n", "the length of a string is wrong"},
      {"=-1\r\n", "the length of a string is wrong"},
      {"$18446744073709551615\r\n", "a string is too long"},
      {"$18446744073709551616\r\n", "the length of a string is wrong"},
      {"$1\r\nab\r\n", "a string does not end in CRLF"},
      {"=3\r\ntxt\r\n", "a verbatim string has no format"},
      {"*-2\r\n", "the length of an aggregate is wrong"},
      {"%-1\r\n", "the length of an aggregate is wrong"},
      {"*?\r\n", "the length of an aggregate is wrong"},
      {"*18446744073709551615\r\n", "it has too many elements"},
      {"%9223372036854775808\r\n", "it has too many elements"},
  };
  for (const auto& [bytes, sentence] : cases) {
    EXPECT_EQ(error_of(bytes), "invalid reply: " + std::string(sentence)) << bytes;
  }
}

TEST(ReplyParserTest, an_error_is_final_and_keeps_no_memory) {
  ReplyParser parser;
  parser.feed("*2\r\n:1\r\n?");
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.capacity(), 0u);
  parser.feed("+OK\r\n");
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.buffered(), 0u);
}

TEST(ReplyParserLimitTest, depth) {
  EXPECT_EQ(count_of("*1\r\n*1\r\n:1\r\n", {.depth = 2}), 1u);
  EXPECT_EQ(error_of("*1\r\n*1\r\n*1\r\n", {.depth = 2}), "invalid reply: it is nested too deep");
  EXPECT_EQ(error_of("*1\r\n|1\r\n*0\r\n", {.depth = 2}), "invalid reply: it is nested too deep");
}

TEST(ReplyParserLimitTest, elements_of_all_aggregates_together) {
  const ReplyLimits limits{.elements = 4};
  const std::string too_many = "invalid reply: it has too many elements";
  EXPECT_EQ(count_of("*2\r\n%1\r\n:1\r\n:1\r\n:1\r\n", limits), 1u);
  EXPECT_EQ(error_of("*5\r\n", limits), too_many);
  EXPECT_EQ(error_of("%3\r\n", limits), too_many);
  EXPECT_EQ(error_of("*3\r\n%1\r\n", limits), too_many);
  EXPECT_EQ(error_of("*3\r\n|1\r\n", limits), too_many);
  EXPECT_EQ(count_of("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n", limits), 2u);
}

TEST(ReplyParserLimitTest, one_line) {
  const ReplyLimits limits{.line_bytes = 4};
  EXPECT_EQ(count_of("+abcd\r\n", limits), 1u);
  EXPECT_EQ(error_of("+abcde\r\n", limits), "invalid reply: a line is too long");
  EXPECT_EQ(error_of("+abcd", limits), "");
  EXPECT_EQ(error_of("+abcde", limits), "invalid reply: a line is too long");
}

TEST(ReplyParserLimitTest, one_string) {
  const ReplyLimits limits{.bulk_bytes = 4};
  EXPECT_EQ(count_of("$4\r\nabcd\r\n", limits), 1u);
  for (const char* header : {"$5\r\n", "!5\r\n", "=5\r\n"}) {
    EXPECT_EQ(error_of(header, limits), "invalid reply: a string is too long");
  }
}

TEST(ReplyParserLimitTest, the_whole_reply) {
  const std::string reply = "|1\r\n+a\r\n:1\r\n*2\r\n$4\r\nabcd\r\n+x\r\n";
  EXPECT_EQ(count_of(reply + reply, {.reply_bytes = reply.size()}), 2u);
  const std::string too_long = "invalid reply: it is too long";
  for (std::size_t limit = 0; limit < reply.size(); ++limit) {
    EXPECT_EQ(error_of(reply, {.reply_bytes = limit}), too_long) << limit;
  }
  EXPECT_EQ(error_of("$10\r\n", {.reply_bytes = 16}), too_long);
  EXPECT_EQ(error_of("$10\r\n", {.reply_bytes = 17}), "");
}

TEST(ReplyParserMemoryTest, no_declared_length_allocates) {
  const std::string hostile[] = {"*262144\r\n",
                                 "%131072\r\n",
                                 "$16777216\r\n",
                                 "*" + std::string(1 << 20, '9'),
                                 "+" + std::string(1 << 20, 'x'),
                                 std::string(1 << 20, '\0')};
  for (std::string_view bytes : hostile) {
    ReplyParser parser;
    std::size_t most = 0;
    while (!bytes.empty() && parser.error().empty()) {
      const std::string_view piece = bytes.substr(0, 4096);
      parser.feed(piece);
      bytes.remove_prefix(piece.size());
      EXPECT_FALSE(parser.next());
      most = std::max(most, parser.capacity());
    }
    EXPECT_LE(most, 2 * (ReplyLimits{}.line_bytes + 4096)) << bytes.substr(0, 20);
  }
}

TEST(ReplyParserMemoryTest, endless_empty_attributes_end_at_the_size_of_a_reply) {
  ReplyParser parser({.reply_bytes = 4096});
  for (int i = 0; i < 2000 && parser.error().empty(); ++i) {
    parser.feed("|0\r\n");
    EXPECT_FALSE(parser.next());
  }
  EXPECT_EQ(parser.error(), "invalid reply: it is too long");
}

}  // namespace
}  // namespace resp
