// What holds for every command: names, numbers of arguments, numbers, options,
// the envelope, and the sentences of refusals.
#include "command/parse.h"

#include <fmt/format.h>

#include "command/parse_arguments.h"
#include "command/parse_testing.h"

namespace command {
namespace {

TEST(ParseTest, an_unknown_command_is_refused_in_the_words_of_redis) {
  EXPECT_EQ(malformed("FOOBAR x"), "unknown command 'FOOBAR'; COMMAND LIST tells all there are");
  EXPECT_TRUE(malformed("'").starts_with("unknown command '\\''"));
  EXPECT_TRUE(malformed("''").starts_with("unknown command ''"));
}

TEST(ParseTest, a_misspelt_command_is_recognised) {
  EXPECT_EQ(malformed("LOCK.AQUIRE k"),
            "unknown command 'LOCK.AQUIRE'; did you mean LOCK.ACQUIRE?");
  EXPECT_EQ(malformed("PNIG"), "unknown command 'PNIG'; COMMAND LIST tells all there are");
  EXPECT_EQ(malformed("PIN"), "unknown command 'PIN'; did you mean PING?");
  EXPECT_EQ(malformed("release k 1"), "unknown command 'release'; did you mean LOCK.RELEASE?");
  EXPECT_EQ(malformed("lock acquire k"), "unknown command 'lock'; did you mean LOCK.ACQUIRE?");
}

TEST(ParseTest, an_unknown_subcommand_is_named_with_its_command) {
  EXPECT_EQ(malformed("CLIENT SETNAM x"),
            "unknown subcommand 'SETNAM' of 'CLIENT'; did you mean CLIENT SETNAME?");
  EXPECT_EQ(malformed("command getkeys x"),
            "unknown subcommand 'getkeys' of 'command'; COMMAND LIST tells all there are");
  EXPECT_EQ(malformed("CLIENT"),
            "wrong number of arguments for 'client' command; use CLIENT "
            "ID|SETNAME|GETNAME|SETINFO|INDEX");
  malformed("CLIENT ''");
}

TEST(ParseTest, an_unknown_name_of_any_length_has_a_short_sentence) {
  const std::string sentence = refusal({bytes(60'000), bytes(60'000)}).sentence;
  EXPECT_LT(sentence.size(), 200U);
  EXPECT_EQ(sentence.find("did you mean"), std::string::npos);
}

TEST(ParseTest, a_request_without_a_word_is_refused) {
  EXPECT_EQ(refusal({}).sentence, "empty request; it must begin with a command");
}

TEST(ParseTest, a_wrong_number_of_arguments_is_refused_with_the_syntax) {
  EXPECT_EQ(malformed("LOCK.INFO"),
            "wrong number of arguments for 'lock.info' command; use LOCK.INFO key");
  EXPECT_EQ(malformed("CLIENT SETNAME"),
            "wrong number of arguments for 'client|setname' command; use CLIENT SETNAME text");
  EXPECT_TRUE(malformed("QUIT now at once please").starts_with("wrong number of arguments"));
}

TEST(ParseTest, an_argument_too_many_is_named_when_it_could_be_an_option) {
  EXPECT_EQ(malformed("LOCK.CHECK a 1 b"),
            "LOCK.CHECK has no option \"b\"; use LOCK.CHECK key token");
}

TEST(ParseTest, an_option_stands_once) {
  EXPECT_EQ(malformed("LOCK.ACQUIRE a WAIT 1 wait 2"), "WAIT is given twice");
  malformed("LOCK.ACQUIRE a REQUEST 1 REQUEST 1");
  malformed("LOCK.ACQUIRE a SESSION 1 s SESSION 1 s");
  malformed("SESSION.OPEN TTL 1000 TTL 1000");
}

TEST(ParseTest, an_option_needs_its_value) {
  EXPECT_TRUE(malformed("LOCK.ACQUIRE a WAIT").starts_with("WAIT needs a value; use LOCK.ACQUIRE"));
  malformed("LOCK.ACQUIRE a ASYNC");
  malformed("LOCK.ACQUIRE a REQUEST");
  malformed("LOCK.ACQUIRE a SESSION");
}

TEST(ParseTest, the_session_clause_has_two_values) {
  EXPECT_TRUE(malformed("LOCK.ACQUIRE a SESSION 1").starts_with("the session's secret is missing"));
  malformed("LOCK.ACQUIRE a SESSION hush 1");
  malformed("LOCK.ACQUIRE a SESSION 0 hush");
  malformed("LOCK.ACQUIRE a SESSION 1 ''");
}

TEST(ParseTest, no_sentence_repeats_a_secret) {
  for (const char* line : {"LOCK.ACQUIRE a SESSION hush 1", "LOCK.ACQUIRE a SESSION 1 hush WAIT x",
                           "LOCK.CHECK a 1 SESION 1 hush", "SESSION.KEEPALIVE SESSION hush hush"}) {
    EXPECT_EQ(malformed(line).find("hush"), std::string::npos) << line;
  }
  Limits limits;
  limits.name_bytes = 3;
  EXPECT_EQ(over_limit({"PING", "SESSION", "1", "hush"}, limits).find("hush"), std::string::npos);
}

TEST(ParseTest, a_request_number_is_within_its_range) {
  EXPECT_EQ(envelope_of("CANCEL t REQUEST 1").request, 1U);
  EXPECT_EQ(envelope_of("CANCEL t REQUEST 9007199254740991").request, 9'007'199'254'740'991U);
  malformed("CANCEL t REQUEST 0");
  malformed("CANCEL t REQUEST 9007199254740992");
}

TEST(ParseTest, async_belongs_to_what_can_wait) {
  malformed("LOCK.RELEASE a 1 ASYNC t");
  malformed("SESSION.KEEPALIVE ASYNC t");
  EXPECT_EQ(envelope_of("LOCK.ACQUIRE a ASYNC t").ticket, "t");
}

TEST(ParseTest, the_first_thing_wrong_is_the_one_that_is_told) {
  EXPECT_EQ(malformed("LOCK.ACQUIRE a PRIORITY x WAIT y"),
            "PRIORITY must be a whole number from 0 to 9, not \"x\"");
}

TEST(ParseTest, a_value_in_a_sentence_is_escaped_and_shortened) {
  const auto refused = refusal({"LOCK.ACQUIRE", "a", "WAIT", "1\r\n-ERR " + bytes(500)});
  EXPECT_EQ(refused.sentence.find('\n'), std::string::npos);
  EXPECT_NE(refused.sentence.find("\"1\\r\\n-ERR xxx"), std::string::npos) << refused.sentence;
  EXPECT_LT(refused.sentence.size(), 200U);
}

TEST(WholeNumberTest, only_plain_decimal_digits_are_a_number) {
  EXPECT_EQ(whole_number("0", 0, 9), 0);
  EXPECT_EQ(whole_number("9007199254740991", 1, kNumberMax), kNumberMax);
  EXPECT_EQ(whole_number("999999999999999999", 0, std::numeric_limits<std::int64_t>::max()),
            999'999'999'999'999'999);
  for (const char* text :
       {"", " ", "+1", "-1", "-0", "00", "01", " 1", "1 ", "1.0", "1e3", "0x1", "1_0", "x",
        "\xd9\xa1", "9007199254740992", "18446744073709551617", "99999999999999999999999999"}) {
    EXPECT_EQ(whole_number(text, 0, kNumberMax), std::nullopt) << text;
  }
  EXPECT_EQ(whole_number(std::string_view("1\0", 2), 0, 9), std::nullopt);
}

TEST(WholeNumberTest, the_range_includes_its_ends) {
  EXPECT_EQ(whole_number("5", 5, 7), 5);
  EXPECT_EQ(whole_number("7", 5, 7), 7);
  EXPECT_EQ(whole_number("4", 5, 7), std::nullopt);
  EXPECT_EQ(whole_number("8", 5, 7), std::nullopt);
}

}  // namespace
}  // namespace command
