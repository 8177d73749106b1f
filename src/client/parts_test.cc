// The small parts: addresses, pauses, the arithmetic of renewals, results, replies.
#include <gtest/gtest.h>

#include "client/engine/engine.h"
#include "client/session/keep_alive.h"
#include "client/session/link.h"
#include "client/testing/scripted_server.h"
#include "client/wire/endpoint.h"
#include "turnstile/turnstile.h"

namespace turnstile::client {
namespace {

std::string read(std::string_view url) {
  const auto endpoints = parse_url(url);
  if (!endpoints) return endpoints.error().what();
  std::string out;
  for (const auto& endpoint : *endpoints) out += to_string(endpoint) + " ";
  return out;
}

TEST(EndpointTest, urls_name_hosts_or_a_path) {
  EXPECT_EQ(read("turnstile://localhost"), "localhost:7420 ");
  EXPECT_EQ(read("turnstile://a:1,b,[::1]:3,10.0.0.1/"), "a:1 b:7420 [::1]:3 10.0.0.1:7420 ");
  EXPECT_EQ(read("unix:/run/turnstile.sock"), "unix:/run/turnstile.sock ");
}

TEST(EndpointTest, wrong_urls_are_told_what_is_wrong) {
  for (const auto* url : {"", "redis://a", "turnstile://", "turnstile://a:0", "turnstile://a:x",
                          "turnstile://a:65536", "turnstile://a,,b", "turnstile://[::1",
                          "turnstile://[::1]x", "turnstile://:7420", "unix:"}) {
    const auto endpoints = parse_url(url);
    EXPECT_TRUE(endpoints.failed_with(ErrorCode::Invalid)) << url;
  }
}

TEST(LinkTest, pauses_grow_and_start_small_again) {
  Link link({{.host = "a"}}, 1);
  base::Time now;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(link.try_at(now));
    ASSERT_FALSE(link.try_at(now));
    link.drop(now);
    pauses.push_back((link.retry_at() - now).ms());
    now = link.retry_at();
  }
  EXPECT_LE(pauses.front(), 30);
  EXPECT_GE(pauses.back(), 1'000);
  EXPECT_LE(pauses.back(), 3'000);
  ASSERT_TRUE(link.try_at(now));
  link.worked();
  link.drop(now);
  EXPECT_LE((link.retry_at() - now).ms(), 30);
}

TEST(LinkTest, every_connection_has_a_number_of_its_own) {
  Link link({{.host = "a"}, {.host = "b"}}, 1);
  EXPECT_EQ(link.wanted(), 0U);
  link.try_at(base::Time());
  EXPECT_EQ(link.wanted(), 1U);
  link.redirect(base::Time(), {.host = "c"});
  EXPECT_EQ(link.wanted(), 0U);
  link.try_at(link.retry_at());
  EXPECT_EQ(link.wanted(), 2U);
  EXPECT_EQ(link.endpoint().host, "c");
  link.shut();
  EXPECT_FALSE(link.try_at(base::Time::from_us(1'000'000'000'000)));
}

TEST(KeepAliveTest, an_old_answer_does_not_move_the_deadline_back) {
  KeepAlive keep_alive(ms(10'000));
  keep_alive.opened(base::Time::from_us(0), ms(10'000));
  keep_alive.renewed(base::Time::from_us(6'000'000), ms(10'000));
  keep_alive.renewed(base::Time::from_us(3'000'000), ms(10'000));
  EXPECT_EQ(keep_alive.until(), base::Time::from_us(15'000'000));
}

TEST(KeepAliveTest, period_and_attempts_fit_into_the_ttl_before_the_deadline) {
  for (const std::int64_t ttl : {1'000, 3'000, 10'000, 60'000}) {
    KeepAlive keep_alive(ms(ttl));
    keep_alive.opened(base::Time(), ms(ttl));
    const auto two_attempts = keep_alive.attempt() * 2;
    EXPECT_LE(keep_alive.due() + two_attempts, keep_alive.until()) << ttl;
  }
}

TEST(ResultTest, an_error_is_thrown_where_a_value_is_asked_for) {
  Result<int> good = 4;
  Result<int> bad = Error(ErrorCode::Busy, "BUSY no");
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 4);
  EXPECT_FALSE(bad);
  EXPECT_TRUE(bad.failed_with(ErrorCode::Busy));
  EXPECT_THROW(bad.value(), Error);
  EXPECT_STREQ(bad.error().what(), "BUSY no");
}

TEST(ErrorTest, busy_tells_how_long_one_would_wait) {
  const auto wait_of = [](ErrorCode code, const char* sentence) {
    return Error(code, sentence).expected_wait();
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(wait_of(ErrorCode::Busy, "BUSY held; expect to wait 1402 ms"), milliseconds(1402));
  EXPECT_EQ(wait_of(ErrorCode::Busy, "BUSY held"), std::nullopt);
  EXPECT_EQ(wait_of(ErrorCode::Busy, "BUSY held; expect to wait long"), std::nullopt);
  EXPECT_EQ(wait_of(ErrorCode::Busy, "BUSY held; expect to wait 7 ms: \"x\""), std::nullopt);
  EXPECT_EQ(wait_of(ErrorCode::Unavailable, "X; expect to wait 7 ms"), std::nullopt);
}

TEST(ErrorTest, every_word_of_the_wire_has_its_code) {
  EXPECT_EQ(find_code("BUSY"), ErrorCode::Busy);
  EXPECT_EQ(find_code("UNAVAILABLE"), ErrorCode::Unavailable);
  EXPECT_EQ(find_code("NOPERM"), ErrorCode::Denied);
  EXPECT_EQ(find_code("busy"), ErrorCode::Other);
  EXPECT_EQ(find_code(""), ErrorCode::Other);
  for (const auto word : {"BUSY", "DEADLOCK", "STALE", "NOTHOLDER", "NOSESSION", "LOST", "CONFLICT",
                          "FORGOTTEN", "CANCELLED", "BROKEN", "LIMIT", "OVERLOADED", "MOVED",
                          "UNAVAILABLE", "ERR", "NOAUTH", "NOPROTO"}) {
    EXPECT_EQ(name(find_code(word)), word);
  }
}

TEST(ReplyTest, maps_are_searched_and_printed) {
  resp::ReplyParser parser;
  parser.feed(
      "%3\r\n+state\r\n$4\r\nheld\r\n+since\r\n:7\r\n+holders\r\n*2\r\n%1\r\n+token\r\n"
      ":5\r\n#t\r\n");
  const auto reply = to_reply(*parser.next());
  EXPECT_EQ(reply.text_of("state"), "held");
  EXPECT_EQ(reply.integer_of("since"), 7);
  EXPECT_EQ(reply.integer_of("state", -1), -1);
  EXPECT_EQ(reply.find("nothing"), nullptr);
  EXPECT_EQ(to_text(reply), "state: held\nsince: 7\nholders:\n  -\n    token: 5\n  - true\n");
}

TEST(GrantTest, an_empty_grant_holds_nothing) {
  Grant grant;
  EXPECT_EQ(grant.token(), 0U);
  EXPECT_TRUE(grant.keys().empty());
  EXPECT_FALSE(grant.is_held());
  EXPECT_FALSE(grant.lost().stop_possible());
  EXPECT_FALSE(grant.release());
  EXPECT_FALSE(grant.check());
}

}  // namespace
}  // namespace turnstile::client
