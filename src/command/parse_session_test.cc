// The commands of a session's life: what is understood, and what is refused.
#include "command/parse_testing.h"

namespace command {
namespace {

TEST(ParseSessionTest, open_has_defaults) {
  const auto open = parsed<SessionOpen>("SESSION.OPEN");
  EXPECT_EQ(open.ttl, Duration::from_ms(10'000));
  EXPECT_EQ(open.name, "");
  EXPECT_FALSE(open.end_on_close);
  EXPECT_EQ(open.secret_hash, base::Sha256{});
}

TEST(ParseSessionTest, open_takes_its_options_in_any_order_and_case) {
  const auto open = parsed<SessionOpen>("session.Open OnClose end name worker-7 TTL 30000");
  EXPECT_EQ(open.ttl, Duration::from_ms(30'000));
  EXPECT_EQ(open.name, "worker-7");
  EXPECT_TRUE(open.end_on_close);
  EXPECT_FALSE(parsed<SessionOpen>("SESSION.OPEN ONCLOSE KEEP").end_on_close);
}

TEST(ParseSessionTest, the_default_ttl_keeps_to_the_limits) {
  Limits longer;
  longer.ttl_min_ms = 15'000;
  EXPECT_EQ(call_of<SessionOpen>(parse_line("SESSION.OPEN", longer)).ttl,
            Duration::from_ms(15'000));
  Limits shorter;
  shorter.ttl_max_ms = 5'000;
  EXPECT_EQ(call_of<SessionOpen>(parse_line("SESSION.OPEN", shorter)).ttl,
            Duration::from_ms(5'000));
}

TEST(ParseSessionTest, ttl_is_within_its_limits) {
  EXPECT_EQ(parsed<SessionOpen>("SESSION.OPEN TTL 1000").ttl, Duration::from_ms(1'000));
  EXPECT_EQ(parsed<SessionOpen>("SESSION.OPEN TTL 86400000").ttl, Duration::from_ms(86'400'000));
  EXPECT_EQ(malformed("SESSION.OPEN TTL 999"),
            "TTL must be a whole number of milliseconds from 1000 to 86400000, not \"999\"");
  malformed("SESSION.OPEN TTL 86400001");
}

TEST(ParseSessionTest, a_session_name_is_within_its_limit) {
  const Limits limits;
  const auto open =
      call_of<SessionOpen>(parse_words({"SESSION.OPEN", "NAME", bytes(limits.name_bytes)}));
  EXPECT_EQ(open.name, bytes(limits.name_bytes));
  EXPECT_EQ(over_limit({"SESSION.OPEN", "NAME", bytes(limits.name_bytes + 1)}),
            "NAME has 513 bytes; the limit name_bytes is 512");
  EXPECT_EQ(malformed("SESSION.OPEN NAME ''"),
            "NAME must not be empty; use SESSION.OPEN [TTL ms] [NAME text] [ONCLOSE KEEP|END]");
}

TEST(ParseSessionTest, onclose_is_one_of_two_words) {
  EXPECT_EQ(malformed("SESSION.OPEN ONCLOSE DROP"), "ONCLOSE must be KEEP or END, not \"DROP\"");
}

TEST(ParseSessionTest, open_and_attach_take_no_envelope) {
  malformed("SESSION.OPEN REQUEST 1");
  malformed("SESSION.OPEN SESSION 1 s");
  malformed("SESSION.ATTACH 1 s SESSION 1 s");
  malformed("SESSION.ATTACH 1 s REQUEST 1");
}

TEST(ParseSessionTest, attach_takes_id_and_secret) {
  const auto attach = parsed<Attach>("SESSION.ATTACH 42 hush");
  EXPECT_EQ(attach, (Attach{42, "hush"}));
}

TEST(ParseSessionTest, attach_with_a_bad_id_does_not_repeat_what_may_be_the_secret) {
  const std::string sentence = malformed("SESSION.ATTACH hush 42");
  EXPECT_EQ(sentence.find("hush"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("whole number from 1 to 9007199254740991"), std::string::npos);
  malformed("SESSION.ATTACH 0 hush");
  malformed("SESSION.ATTACH 42 ''");
}

TEST(ParseSessionTest, a_secret_is_within_the_limit_of_a_name) {
  EXPECT_EQ(call_of<Attach>(parse_words({"SESSION.ATTACH", "1", bytes(512)})).secret, bytes(512));
  over_limit({"SESSION.ATTACH", "1", bytes(513)});
}

TEST(ParseSessionTest, keepalive_and_close_may_bear_a_request_number) {
  parsed<SessionKeepAlive>("SESSION.KEEPALIVE");
  parsed<SessionClose>("session.close");
  EXPECT_EQ(envelope_of("SESSION.KEEPALIVE REQUEST 7").request, 7U);
  EXPECT_EQ(envelope_of("SESSION.CLOSE REQUEST 8").request, 8U);
}

TEST(ParseSessionTest, info_is_about_the_caller_unless_told_otherwise) {
  EXPECT_EQ(parsed<SessionInfo>("SESSION.INFO").id, 0U);
  EXPECT_EQ(parsed<SessionInfo>("SESSION.INFO 9").id, 9U);
  EXPECT_EQ(malformed("SESSION.INFO 0"),
            "id must be a whole number from 1 to 9007199254740991, not \"0\"");
}

TEST(ParseSessionTest, info_without_an_id_may_end_in_the_session_clause) {
  EXPECT_EQ(parsed<SessionInfo>("SESSION.INFO SESSION 5 s").id, 0U);
  EXPECT_EQ(envelope_of("SESSION.INFO SESSION 5 s"), (Envelope{.session = 5, .secret = "s"}));
  EXPECT_EQ(parsed<SessionInfo>("SESSION.INFO 9 SESSION 5 s").id, 9U);
}

TEST(ParseSessionTest, list_pages_by_id) {
  const auto first = parsed<SessionList>("SESSION.LIST");
  EXPECT_EQ(first.after, 0U);
  EXPECT_EQ(first.count, 100);
  const auto next = parsed<SessionList>("SESSION.LIST AFTER 77 COUNT 1000");
  EXPECT_EQ(next.after, 77U);
  EXPECT_EQ(next.count, 1'000);
  malformed("SESSION.LIST COUNT 0");
  malformed("SESSION.LIST COUNT 1001");
}

}  // namespace
}  // namespace command
