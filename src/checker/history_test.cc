// A history survives being written and read, and what is none is refused by its line.
#include "checker/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace checker {
namespace {

using resp::Type;
using resp::Value;
using testing::HasSubstr;

Operation asked(std::vector<std::string> argv) {
  Operation operation;
  operation.client = 3;
  operation.invoked = base::Time::from_us(1'200);
  operation.argv = std::move(argv);
  return operation;
}

Operation answered(Value reply) {
  Operation operation = asked({"PING"});
  operation.returned = base::Time::from_us(1'950);
  operation.reply = std::move(reply);
  return operation;
}

std::string written(const Operation& operation) {
  std::ostringstream out;
  write_operation(out, operation);
  return out.str();
}

base::Result<History> read(const std::string& text) {
  std::istringstream in(text);
  return read_history(in);
}

Value bulk(std::string text) { return {.type = Type::Bulk, .text = std::move(text)}; }

TEST(HistoryTest, an_answered_operation_is_a_line) {
  Operation operation = answered(
      {.type = Type::Map, .items = {bulk("token"), {.type = Type::Integer, .integer = 17}}});
  operation.argv = {"LOCK.ACQUIRE", "acct/1"};
  operation.index = 17;
  operation.session = 2;
  operation.request = 5;
  EXPECT_EQ(written(operation),
            R"({"client":3,"invoked":1200,"returned":1950,"index":17,"session":2,"request":5,)"
            R"("argv":["LOCK.ACQUIRE","acct/1"],"reply":{"token":17}})"
            "\n");
  const auto history = read(written(operation) + "\n" + written(operation));
  ASSERT_TRUE(history.has_value());
  ASSERT_EQ(history->size(), 2U);
  const Operation& back = history->at(1);
  EXPECT_EQ(back.client, 3U);
  EXPECT_EQ(back.invoked.us(), 1'200);
  EXPECT_EQ(back.returned.us(), 1'950);
  EXPECT_EQ(back.index, 17U);
  EXPECT_EQ(back.session, 2U);
  EXPECT_EQ(back.request, 5U);
  EXPECT_EQ(back.argv, operation.argv);
  EXPECT_EQ(back.reply, operation.reply);
}

TEST(HistoryTest, an_operation_without_an_answer_never_returned) {
  const auto history = read(written(asked({"LOCK.RELEASE", "k", "4"})));
  ASSERT_TRUE(history.has_value());
  EXPECT_FALSE(history->front().is_answered());
  EXPECT_EQ(history->front().returned, base::Time::never());
}

TEST(HistoryTest, every_reply_survives) {
  const std::vector<Value> replies = {
      {},
      {.type = Type::Bool, .integer = 1},
      {.type = Type::Integer, .integer = -7},
      {.type = Type::Double, .text = "0.5"},
      bulk(""),
      bulk("ü €"),
      bulk(std::string("\xff\x00\x80", 3)),
      bulk("\xed\xa0\x80"),
      bulk("\xc3"),
      {.type = Type::Error, .text = "BUSY it is held"},
      {.type = Type::Array, .items = {bulk("a"), {.type = Type::Array}}},
      {.type = Type::Map, .items = {bulk("k"), bulk("v")}},
      {.type = Type::Map, .items = {bulk("error"), bulk("v")}},
      {.type = Type::Map, .items = {bulk("bytes"), bulk("AAAA")}},
      {.type = Type::Map, .items = {bulk("map"), bulk("v")}},
      {.type = Type::Map, .items = {bulk("\xff"), bulk("v")}},
      {.type = Type::Map, .items = {{.type = Type::Integer, .integer = 1}, bulk("v")}},
      {.type = Type::Map},
  };
  for (const Value& reply : replies) {
    const std::string line = written(answered(reply));
    const auto history = read(line);
    ASSERT_TRUE(history.has_value()) << line << history.error().message;
    EXPECT_EQ(history->front().reply, reply) << line;
  }
}

TEST(HistoryTest, bytes_of_every_length_survive_in_words) {
  std::string word = "\xfe";
  for (int i = 0; i < 8; ++i) {
    const auto history = read(written(asked({"PING", word})));
    ASSERT_TRUE(history.has_value());
    EXPECT_EQ(history->front().argv.back(), word);
    word += static_cast<char>(i);
  }
}

TEST(HistoryTest, what_is_no_history_is_refused_by_its_line) {
  const std::string good = written(asked({"PING"}));
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"nonsense", "line 2: it is no JSON"},
      {"[]", "line 2: it is no object"},
      {R"({"client":1,"argv":["A"]})", "'invoked' is missing"},
      {R"({"client":-1,"invoked":1,"argv":["A"]})", "'client' is no number"},
      {R"({"client":1,"invoked":"x","argv":["A"]})", "'invoked' is no number"},
      {R"({"client":1,"invoked":1,"argv":[]})", "'argv' is no list of words"},
      {R"({"client":1,"invoked":1,"argv":[5]})", "a text is neither"},
      {R"({"client":1,"invoked":1,"argv":[{"bytes":"?"}]})", "'bytes' is no base64"},
      {R"({"client":1,"invoked":1,"argv":["A"],"reply":1})", "come together"},
      {R"({"client":1,"invoked":1,"argv":["A"],"returned":2})", "come together"},
      {R"({"client":1,"invoked":5,"argv":["A"],"returned":2,"reply":1})", "before it was invoked"},
      {R"({"client":1,"invoked":1,"argv":["A"],"retruned":2})", "there is no field 'retruned'"},
      {R"({"client":1,"invoked":1,"argv":["A"],"returned":2,"reply":{"map":[1]}})",
       "'map' is no list of pairs"},
  };
  for (const auto& [line, why] : bad) {
    const auto history = read(good + line + "\n");
    ASSERT_FALSE(history.has_value()) << line;
    EXPECT_EQ(history.error().fault, base::Fault::Corrupt);
    EXPECT_THAT(history.error().message, HasSubstr("line 2: ")) << line;
    EXPECT_THAT(history.error().message, HasSubstr(why)) << line;
  }
}

}  // namespace
}  // namespace checker
