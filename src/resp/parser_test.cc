// What a server accepts as a request, and the exact words of what it refuses.
#include "resp/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "resp/request.h"

namespace resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

using Args = std::vector<std::string>;

/// All requests that `bytes` hold, and the parser's error.
struct Parsed {
  std::vector<Args> requests;
  std::string error;
  std::size_t buffered = 0;
};

Parsed parse(std::string_view bytes, RequestLimits limits = {}) {
  Parser parser(limits);
  parser.feed(bytes);
  Parsed parsed;
  while (auto request = parser.next())
    parsed.requests.emplace_back(request->begin(), request->end());
  parsed.error = parser.error();
  parsed.buffered = parser.buffered();
  return parsed;
}

std::string error_of(std::string_view bytes, RequestLimits limits = {}) {
  return parse(bytes, limits).error;
}

std::string bulk(std::size_t size) {
  return "$" + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
}

TEST(ParserTest, an_array_of_bulk_strings_is_a_request) {
  const auto parsed = parse("*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n");
  EXPECT_THAT(parsed.requests, ElementsAre(ElementsAre("PING", "hi")));
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.buffered, 0u);
}

TEST(ParserTest, requests_come_one_by_one_and_inline_ones_may_stand_between) {
  const auto parsed = parse("*1\r\n$4\r\nPING\r\nPING inline\r\n*1\r\n$4\r\nQUIT\r\n");
  EXPECT_THAT(parsed.requests,
              ElementsAre(ElementsAre("PING"), ElementsAre("PING", "inline"), ElementsAre("QUIT")));
}

TEST(ParserTest, an_argument_may_be_empty_and_hold_any_byte) {
  const auto parsed = parse("*3\r\n$0\r\n\r\n$2\r\n\r\n\r\n$3\r\n\0\xff*\r\n"s);
  EXPECT_THAT(parsed.requests, ElementsAre(ElementsAre("", "\r\n", "\0\xff*"s)));
}

TEST(ParserTest, a_request_is_not_copied_out_of_the_buffer) {
  Parser parser;
  const std::string bytes = "*1\r\n$4\r\nPING\r\n";
  auto room = parser.prepare(bytes.size());
  bytes.copy(room.data(), bytes.size());
  parser.commit(bytes.size());
  const auto request = parser.next();
  ASSERT_TRUE(request);
  EXPECT_EQ((*request)[0].data(), room.data() + 8);
}

TEST(ParserTest, empty_arrays_null_arrays_and_empty_lines_are_skipped) {
  const auto parsed = parse("*0\r\n*-1\r\n\r\n\n   \r\n*-5\r\nPING\r\n");
  EXPECT_THAT(parsed.requests, ElementsAre(ElementsAre("PING")));
  EXPECT_EQ(parsed.error, "");
}

TEST(ParserTest, an_incomplete_request_waits_for_its_rest) {
  for (const char* start : {"*", "*1", "*1\r", "*1\r\n", "*1\r\n$", "*1\r\n$4\r\nPI", "PING"}) {
    const auto parsed = parse(start);
    EXPECT_THAT(parsed.requests, IsEmpty()) << start;
    EXPECT_EQ(parsed.error, "") << start;
    EXPECT_EQ(parsed.buffered, std::string_view(start).size()) << start;
  }
}

TEST(ParserTest, what_waits_is_counted_without_the_request_handed_out) {
  Parser parser;
  parser.feed("*1\r\n$4\r\nPING\r\n*1\r\n");
  EXPECT_EQ(parser.buffered(), 18u);
  ASSERT_TRUE(parser.next());
  EXPECT_EQ(parser.buffered(), 4u);
}

TEST(ParserTest, a_wrong_count_is_an_invalid_multibulk_length) {
  for (const char* count : {"x", "", "+1", " 1", "1 ", "01", "-0", "-", "1.0", "0x1", "2147483647",
                            "9223372036854775807", "9223372036854775808", "18446744073709551616"}) {
    EXPECT_EQ(error_of("*" + std::string(count) + "\r\n"),
              "Protocol error: invalid multibulk length")
        << count;
  }
  EXPECT_EQ(error_of("*1\0\r\n"s), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1\n$4\nPING\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1\rx"), "Protocol error: invalid multibulk length");
}

TEST(ParserTest, a_wrong_length_is_an_invalid_bulk_length) {
  for (const char* length : {"-1", "-2", "x", "", "+4", " 4", "04", "9223372036854775807",
                             "18446744073709551615", "18446744073709551620"}) {
    EXPECT_EQ(error_of("*1\r\n$" + std::string(length) + "\r\nPING\r\n"),
              "Protocol error: invalid bulk length")
        << length;
  }
}

TEST(ParserTest, an_element_that_is_no_bulk_string_is_named) {
  EXPECT_EQ(error_of("*1\r\n:1\r\n"), "Protocol error: expected '$', got ':'");
  EXPECT_EQ(error_of("*1\r\n*1\r\n"), "Protocol error: expected '$', got '*'");
  EXPECT_EQ(error_of("*1\r\n\r"), "Protocol error: expected '$', got '\\x0d'");
  EXPECT_EQ(error_of("*1\r\n\0"s), "Protocol error: expected '$', got '\\x00'");
}

TEST(ParserTest, a_bulk_string_longer_than_it_said_is_refused) {
  EXPECT_EQ(error_of("*1\r\n$4\r\nPINGS\r\n"), "Protocol error: expected CRLF after a bulk string");
  EXPECT_EQ(error_of("*1\r\n$4\r\nPING\n\r"), "Protocol error: expected CRLF after a bulk string");
}

TEST(ParserTest, unbalanced_quotes_are_refused) {
  for (const char* line : {"SET \"a", "SET 'a", "SET \"a\"b", "SET 'a'b", "\"a\\"}) {
    EXPECT_EQ(error_of(std::string(line) + "\r\n"), "Protocol error: unbalanced quotes in request")
        << line;
  }
}

TEST(ParserTest, a_browser_cannot_be_made_to_send_commands) {
  const auto parsed = parse("POST / HTTP/1.1\r\nHost: x\r\n\r\nLOCK.REVOKE acct/1\r\n");
  EXPECT_THAT(parsed.requests, IsEmpty());
  EXPECT_EQ(parsed.error, "Protocol error: this is not an HTTP server");
}

TEST(ParserTest, requests_before_an_error_are_served) {
  const auto parsed = parse("PING\r\n*x\r\nPING\r\n");
  EXPECT_THAT(parsed.requests, ElementsAre(ElementsAre("PING")));
  EXPECT_EQ(parsed.error, "Protocol error: invalid multibulk length");
}

TEST(ParserTest, an_error_is_final_and_keeps_no_memory) {
  Parser parser;
  parser.feed("*x\r\n");
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.capacity(), 0u);
  for (int i = 0; i < 100; ++i) {
    parser.feed("*1\r\n$4\r\nPING\r\n");
    EXPECT_FALSE(parser.next());
    EXPECT_EQ(parser.buffered(), 0u);
  }
  EXPECT_LE(parser.capacity(), 64u);
  EXPECT_EQ(parser.error(), "Protocol error: invalid multibulk length");
}

TEST(ParserLimitTest, arguments) {
  const RequestLimits limits{.arguments = 3};
  const std::string element = "$1\r\nx\r\n";
  EXPECT_EQ(parse("*3\r\n" + element + element + element, limits).requests.size(), 1u);
  EXPECT_EQ(error_of("*4\r\n", limits), "Protocol error: invalid multibulk length");
  EXPECT_EQ(parse("a b c\r\n", limits).requests.size(), 1u);
  EXPECT_EQ(error_of("a b c d\r\n", limits), "Protocol error: too big inline request");
}

TEST(ParserLimitTest, one_argument) {
  const RequestLimits limits{.argument_bytes = 5};
  EXPECT_THAT(parse("*1\r\n" + bulk(5), limits).requests, ElementsAre(ElementsAre("xxxxx")));
  EXPECT_EQ(error_of("*1\r\n$6\r\n", limits), "Protocol error: invalid bulk length");
}

TEST(ParserLimitTest, the_whole_request) {
  const std::string bytes = "*2\r\n" + bulk(10) + bulk(20);
  EXPECT_EQ(parse(bytes, {.request_bytes = bytes.size()}).requests.size(), 1u);
  EXPECT_EQ(error_of(bytes, {.request_bytes = bytes.size() - 1}),
            "Protocol error: too big request");
}

TEST(ParserLimitTest, a_too_big_request_is_refused_before_its_argument_is_read) {
  const std::string header = "*2\r\n" + bulk(10) + "$20\r\n";
  EXPECT_EQ(error_of(header, {.request_bytes = header.size() + 22}), "");
  EXPECT_EQ(error_of(header, {.request_bytes = header.size() + 21}),
            "Protocol error: too big request");
}

TEST(ParserLimitTest, the_request_limit_is_for_each_request_and_not_for_the_pipeline) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += "*1\r\n" + bulk(10);
  EXPECT_EQ(parse(bytes, {.request_bytes = bytes.size() / 10}).requests.size(), 10u);
}

TEST(ParserLimitTest, an_inline_line) {
  const RequestLimits limits{.inline_bytes = 4};
  EXPECT_THAT(parse("PING\r\nPING\n", limits).requests,
              ElementsAre(ElementsAre("PING"), ElementsAre("PING")));
  const std::string too_big = "Protocol error: too big inline request";
  EXPECT_EQ(error_of("PINGS\n", limits), too_big);
  EXPECT_EQ(error_of("PINGS\r\n", limits), too_big);
  EXPECT_EQ(error_of("PING\r", limits), "");
  EXPECT_EQ(error_of("PING\rx", limits), too_big);
  EXPECT_EQ(error_of("PINGPI", limits), too_big);
}

TEST(ParserLimitTest, inline_requests_can_be_refused_altogether) {
  const RequestLimits limits{.inline_bytes = 0};
  EXPECT_EQ(error_of("PING\r\n", limits), "Protocol error: expected '*', got 'P'");
  EXPECT_EQ(error_of("\r\n", limits), "Protocol error: expected '*', got '\\x0d'");
  EXPECT_EQ(parse("*1\r\n" + bulk(4), limits).requests.size(), 1u);
}

TEST(ParserLimitTest, a_client_that_has_not_authenticated_is_told_so) {
  const RequestLimits limits{.arguments = 10, .argument_bytes = 16, .unauthenticated = true};
  EXPECT_EQ(error_of("*10\r\n", limits), "");
  EXPECT_EQ(error_of("*11\r\n", limits), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(error_of("*1\r\n$16\r\n", limits), "");
  EXPECT_EQ(error_of("*1\r\n$17\r\n", limits), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(error_of("*1\r\n$-1\r\n", limits), "Protocol error: invalid bulk length");
}

TEST(ParserLimitTest, limits_may_change_between_the_requests_of_one_pipeline) {
  Parser parser({.argument_bytes = 4, .inline_bytes = 0});
  parser.feed("*1\r\n$4\r\nAUTH\r\n*1\r\n$5\r\nHELLO\r\nPING\r\n");
  ASSERT_TRUE(parser.next());
  parser.set_limits({});
  EXPECT_EQ(parser.next()->front(), "HELLO");
  EXPECT_EQ(parser.next()->front(), "PING");
}

TEST(ParserLimitTest, a_line_that_waits_under_a_lowered_limit_is_too_big) {
  Parser parser;
  parser.feed("PING and more");
  EXPECT_FALSE(parser.next());
  parser.set_limits({.inline_bytes = 4});
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.error(), "Protocol error: too big inline request");
}

/// Feeds pieces as a server does, until an error or the end; returns the most memory held.
std::size_t most_memory(Parser& parser, std::string_view bytes) {
  std::size_t most = 0;
  while (!bytes.empty() && parser.error().empty()) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), 4096);
    auto room = parser.prepare(4096);
    bytes.copy(room.data(), size);
    bytes.remove_prefix(size);
    parser.commit(size);
    while (parser.next()) {
    }
    most = std::max(most, parser.capacity());
  }
  return most;
}

TEST(ParserMemoryTest, no_declared_length_allocates) {
  const std::string digits(1 << 20, '9');
  const std::string lengths[] = {"*2147483647\r\n",
                                 "*1024\r\n",
                                 "*1\r\n$65536\r\n",
                                 "*1\r\n$9223372036854775807\r\n",
                                 "*1\r\n$18446744073709551615\r\n",
                                 "*" + digits,
                                 "*1\r\n$" + digits,
                                 "*-" + digits,
                                 std::string(1 << 20, '*'),
                                 std::string(1 << 20, 'x'),
                                 std::string(1 << 20, '\0'),
                                 std::string(1 << 20, '\r')};
  for (const std::string& bytes : lengths) {
    Parser parser;
    EXPECT_LE(most_memory(parser, bytes), 16u * 1024) << bytes.substr(0, 40);
  }
}

TEST(ParserMemoryTest, a_flood_of_small_requests_does_not_grow) {
  std::string flood;
  for (int i = 0; i < 20'000; ++i) flood += i % 2 == 0 ? "*1\r\n$4\r\nPING\r\n" : "*0\r\n\r\n";
  Parser parser;
  EXPECT_LE(most_memory(parser, flood), 16u * 1024);
}

TEST(ParserMemoryTest, an_argument_never_holds_more_than_twice_its_limit_and_a_read) {
  Parser parser;
  EXPECT_LE(most_memory(parser, "*1\r\n" + bulk(65536)), 2u * (65536 + 4096));
}

TEST(ParserMemoryTest, memory_shrinks_back_after_a_big_request) {
  Parser parser;
  const std::string many = "*1024\r\n";
  std::string request = many;
  for (int i = 0; i < 1024; ++i) request += bulk(200);
  EXPECT_GT(most_memory(parser, request), 200u * 1024);
  EXPECT_LE(most_memory(parser, "*1\r\n$4\r\nPING\r\n"), Buffer::kKeptBytesMax + 2048);
  parser.trim();
  EXPECT_LE(parser.capacity(), 2048u);
}

TEST(ParserMemoryTest, trim_keeps_what_is_not_parsed) {
  Parser parser;
  parser.feed("*1\r\n$4\r\nPI");
  EXPECT_FALSE(parser.next());
  parser.trim();
  parser.feed("NG\r\n");
  const auto request = parser.next();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->front(), "PING");
}

}  // namespace
}  // namespace resp
