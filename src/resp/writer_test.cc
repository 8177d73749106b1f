// Every reply in both versions, and texts that try to break the framing.
#include "resp/writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "resp/reply_parser.h"
#include "resp/request.h"

namespace resp {
namespace {

template <class Write>
std::string written(int version, Write write) {
  std::string out;
  Writer writer(out, version);
  write(writer);
  return out;
}

TEST(WriterTest, what_both_versions_say_alike) {
  for (const int version : {2, 3}) {
    EXPECT_EQ(written(version, [](Writer& w) { w.simple("OK"); }), "+OK\r\n");
    EXPECT_EQ(written(version, [](Writer& w) { w.error("BUSY held"); }), "-BUSY held\r\n");
    EXPECT_EQ(written(version, [](Writer& w) { w.bulk("a\r\nb"); }), "$4\r\na\r\nb\r\n");
    EXPECT_EQ(written(version, [](Writer& w) { w.bulk(""); }), "$0\r\n\r\n");
    EXPECT_EQ(written(version, [](Writer& w) { w.array(3); }), "*3\r\n");
  }
}

TEST(WriterTest, resp3_has_types_of_its_own) {
  EXPECT_EQ(written(3, [](Writer& w) { w.null(); }), "_\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.boolean(true); }), "#t\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.boolean(false); }), "#f\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.map(2); }), "%2\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.set(2); }), "~2\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.push(2); }), ">2\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.attribute(1); }), "|1\r\n");
}

TEST(WriterTest, resp2_says_the_same_with_what_it_has) {
  EXPECT_EQ(written(2, [](Writer& w) { w.null(); }), "$-1\r\n");
  EXPECT_EQ(written(2, [](Writer& w) { w.boolean(true); }), ":1\r\n");
  EXPECT_EQ(written(2, [](Writer& w) { w.boolean(false); }), ":0\r\n");
  EXPECT_EQ(written(2, [](Writer& w) { w.map(2); }), "*4\r\n");
  EXPECT_EQ(written(2, [](Writer& w) { w.set(2); }), "*2\r\n");
}

TEST(WriterTest, integers_of_every_type_up_to_64_signed_bits) {
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(written(3, [](Writer& w) { w.integer(0); }), ":0\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.integer(std::uint8_t{7}); }), ":7\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.integer(Limits::min()); }), ":-9223372036854775808\r\n");
  EXPECT_EQ(written(3, [](Writer& w) { w.integer(std::uint64_t{Limits::max()}); }),
            ":9223372036854775807\r\n");
}

TEST(WriterTest, replies_follow_what_the_string_already_holds) {
  std::string out = "+OK\r\n";
  Writer(out, 3).integer(1);
  EXPECT_EQ(out, "+OK\r\n:1\r\n");
}

TEST(WriterTest, no_text_breaks_the_framing_of_an_error_or_a_simple_string) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("ERR a") + static_cast<char>(byte) + "\r\n+OK";
    ReplyParser parser;
    parser.feed(written(3, [&](Writer& w) { w.error(text); }));
    parser.feed(written(3, [&](Writer& w) { w.simple(text); }));
    const auto error = parser.next();
    const auto simple = parser.next();
    ASSERT_TRUE(error && simple) << byte;
    EXPECT_TRUE(error->is_error());
    EXPECT_EQ(error->text.size(), text.size());
    EXPECT_EQ(error->text, simple->text);
    EXPECT_FALSE(parser.next());
    EXPECT_EQ(parser.buffered(), 0u);
  }
}

TEST(WriterTest, letters_beyond_ascii_stay_as_they_are) {
  EXPECT_EQ(written(3, [](Writer& w) { w.error("ERR Zürich\t\x7f"); }), "-ERR Zürich  \r\n");
}

TEST(WriterDeathTest, what_a_version_cannot_say_is_a_program_error) {
  EXPECT_DEATH(written(2, [](Writer& w) { w.push(1); }), "CHECK failed");
  EXPECT_DEATH(written(2, [](Writer& w) { w.attribute(1); }), "CHECK failed");
  EXPECT_DEATH(written(4, [](Writer&) {}), "CHECK failed");
  EXPECT_DEATH(written(3, [](Writer& w) { w.integer(std::uint64_t{1} << 63); }), "CHECK failed");
}

TEST(RequestTest, a_request_is_an_array_of_bulk_strings) {
  const std::string_view args[] = {"LOCK.INFO", "", "a\r\n"};
  EXPECT_EQ(encode_request(args), "*3\r\n$9\r\nLOCK.INFO\r\n$0\r\n\r\n$3\r\na\r\n\r\n");
}

}  // namespace
}  // namespace resp
