// Replies are printed as JSON and in redis-cli's manner.
#include "cli/reply_text.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using turnstile::Reply;

Reply text(std::string content) {
  Reply reply;
  reply.kind = Reply::Kind::Text;
  reply.text = std::move(content);
  return reply;
}

Reply integer(std::int64_t n) {
  Reply reply;
  reply.kind = Reply::Kind::Integer;
  reply.integer = n;
  return reply;
}

Reply list(Reply::Kind kind, std::vector<Reply> items) {
  Reply reply;
  reply.kind = kind;
  reply.items = std::move(items);
  return reply;
}

Reply lock() {
  return list(Reply::Kind::Map, {text("key"), text("a\"1"), text("held"), integer(1),
                                 text("holders"), list(Reply::Kind::Array, {text("x"), Reply{}}),
                                 text("waiters"), list(Reply::Kind::Array, {})});
}

TEST(ReplyJsonTest, keeps_the_order_of_the_fields) {
  EXPECT_EQ(
      json_text(lock()),
      "{\n  \"key\": \"a\\\"1\",\n  \"held\": 1,\n  \"holders\": [\n    \"x\",\n    null\n  ],\n"
      "  \"waiters\": []\n}");
}

TEST(ReplyJsonTest, bytes_that_are_not_utf8_are_replaced) {
  EXPECT_EQ(json_text(text("a\xFF")), "\"a\xEF\xBF\xBD\"");
}

TEST(ReplyJsonTest, an_error_is_an_object) {
  Reply error = text("BUSY no");
  error.kind = Reply::Kind::Error;
  EXPECT_EQ(json_text(error), "{\n  \"error\": \"BUSY no\"\n}");
}

TEST(RedisTextTest, says_the_kind_of_each_value) {
  EXPECT_EQ(redis_text(integer(7)), "(integer) 7");
  EXPECT_EQ(redis_text(Reply{}), "(nil)");
  EXPECT_EQ(redis_text(list(Reply::Kind::Array, {})), "(empty array)");
}

TEST(RedisTextTest, a_text_alone_stands_as_it_is_but_steers_no_terminal) {
  EXPECT_EQ(redis_text(text("OK")), "OK");
  EXPECT_EQ(redis_text(text("a\nb\x1b")), "a\nb\\x1b");
}

TEST(RedisTextTest, nested_values_are_numbered_and_indented) {
  EXPECT_EQ(redis_text(lock()),
            "1# \"key\" => \"a\\\"1\"\n"
            "2# \"held\" => (integer) 1\n"
            "3# \"holders\" => 1) \"x\"\n"
            "   2) (nil)\n"
            "4# \"waiters\" => (empty array)");
}

}  // namespace
}  // namespace cli
