// The time of a session: renewals leave early enough, and what is held is given
// up before the server can give it to somebody else, whatever the network does.
//
// The server ends a session no earlier than TTL x 1.1 + 500 ms after it applied a
// renewal; the worst that can be is that it applied the renewal the moment it was
// sent. The client must have fired by then, and does at 0.9 x TTL.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

// Complaint: C1 (docs/complaints.md).
TEST(SessionTest, it_is_renewed_at_a_third_of_its_ttl) {
  World world({.ttl_ms = 9'000});
  world.open_session(7, 9'000);
  for (int i = 0; i < 20; ++i) {
    world.advance(ms(2'999));
    EXPECT_EQ(world.next(), "");
    world.advance(ms(1));
    world.serve("SESSION.KEEPALIVE", kept(9'000));
  }
}

TEST(SessionTest, the_deadline_counts_from_the_sending_of_the_renewal) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto opened_at = world.now;
  EXPECT_EQ(hold->deadline(), opened_at + ms(9'000));
  world.advance(ms(3'334));
  EXPECT_EQ(world.next(), "SESSION.KEEPALIVE");
  const auto sent = opened_at + ms(10'000) / 3;
  world.advance(ms(1'500));  // the answer is slow
  world.send(kept());
  EXPECT_EQ(hold->deadline(), sent + ms(9'000));
}

TEST(SessionTest, a_ttl_that_is_longer_than_asked_for_is_not_believed) {
  World world;
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.OPEN TTL 10000 NAME test", opened(7, 1'000'000));
  EXPECT_EQ(world.hold("a", 5)->deadline(), world.now + ms(9'000));
}

TEST(SessionTest, a_renewal_without_an_answer_makes_the_client_reconnect_after_a_sixth) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.advance(ms(3'334));
  EXPECT_EQ(world.next(), "SESSION.KEEPALIVE");
  world.advance(ms(1'660));
  EXPECT_NE(world.conversation.wanted_connection(), 0U);
  world.advance(ms(10));
  EXPECT_EQ(world.conversation.wanted_connection(), 0U);
  world.attach(attached({listed_grant(5, "a", 1)}));
  EXPECT_FALSE(hold->alarm.is_lost());
  EXPECT_EQ(hold->deadline(), world.now + ms(9'000));
}

// Complaint: C20 (docs/complaints.md).
TEST(SessionTest, a_hold_is_lost_at_nine_tenths_when_the_server_is_away) {
  World world;
  world.open_session();
  const auto opened_at = world.now;
  const auto hold = world.hold("a", 5);
  world.disconnect();
  world.advance(ms(8'999));
  EXPECT_FALSE(hold->alarm.is_lost());
  EXPECT_TRUE(hold->is_held(world.now));
  const auto session = world.session;
  world.advance(ms(1));
  EXPECT_EQ(world.now, opened_at + ms(9'000));
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_FALSE(hold->is_held(world.now));
  EXPECT_TRUE(session->lost.stop_requested());
  EXPECT_FALSE(world.session);
}

// Complaint: C1 (docs/complaints.md).
TEST(SessionTest, a_hold_is_lost_in_time_when_the_connection_stands_and_nothing_comes) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  for (int i = 0; i < 100 && !hold->alarm.is_lost(); ++i) {
    world.advance(ms(100));
    if (world.conversation.wanted_connection() != 0) world.conversation.on_connected(world.now);
  }
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_LE(world.now, base::Time::from_us(1'000'000'000) + ms(9'100));
}

TEST(SessionTest, an_answer_that_comes_too_late_saves_nothing) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.pause(ms(9'001));
  // What had been sent before the pause is answered now; it was sent too long ago.
  world.send(kept());
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(SessionTest, after_a_pause_a_hold_is_known_to_be_over_before_the_loop_runs) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.pause(ms(9'001));
  EXPECT_FALSE(hold->is_held(world.now));
  world.wake();
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(SessionTest, a_renewal_in_the_socket_after_a_pause_counts_from_its_sending) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.advance(ms(3'334));
  EXPECT_EQ(world.next(), "SESSION.KEEPALIVE");
  world.pause(ms(6'500));  // beyond the deadline of the opening, not that of the renewal
  world.send(kept());
  EXPECT_FALSE(hold->alarm.is_lost());
  EXPECT_TRUE(hold->is_held(world.now));
}

// Complaint: C9 (docs/complaints.md).
TEST(SessionTest, after_a_gap_nothing_is_handed_out_before_a_renewal_is_answered) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.wait = 60s});
  world.serve("LOCK.ACQUIRE a WAIT 60000 REQUEST 1 ASYNC 1", kQueued);
  world.pause(ms(5'000));
  world.send(push("1", granted(9)));
  EXPECT_FALSE(call.is_done());
  world.serve("SESSION.KEEPALIVE", kept());
  ASSERT_TRUE(call.hold());
  EXPECT_TRUE(call.hold()->is_held(world.now));
}

TEST(SessionTest, a_short_gap_costs_no_renewal) {
  World world;
  world.open_session();
  world.pause(ms(3'333 + 900));
  world.wake();
  world.serve("SESSION.KEEPALIVE", kept());
  const auto call = world.try_lock("a");
  world.serve("LOCK.ACQUIRE a REQUEST 1", granted(5));
  EXPECT_TRUE(call.hold());
}

// Complaint: C15 (docs/complaints.md).
TEST(SessionTest, a_grant_held_back_when_the_session_is_lost_is_asked_for_again) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.wait = 60s});
  world.serve("LOCK.ACQUIRE a WAIT 60000 REQUEST 1 ASYNC 1", kQueued);
  world.pause(ms(20'000));
  world.send(push("1", granted(9)));
  EXPECT_FALSE(call.is_done());
  EXPECT_FALSE(world.session);
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.OPEN TTL 10000 NAME test", opened(8));
  EXPECT_TRUE(world.next().starts_with("LOCK.ACQUIRE a WAIT 399"));
  world.send(granted(12));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->token, 12U);
}

// Complaint: C21 (docs/complaints.md).
TEST(SessionTest, a_session_that_the_server_has_ended_takes_all_holds_with_it) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto waiting = world.lock("b");
  world.serve("LOCK.ACQUIRE b WAIT 86400000 REQUEST 2 ASYNC 1", kQueued);
  world.advance(ms(3'334));
  world.serve("SESSION.KEEPALIVE", "-NOSESSION 7 has ended\r\n");
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_FALSE(waiting.is_done());
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.OPEN TTL 10000 NAME test", opened(8));
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE b WAIT 86400000 REQUEST 1 ASYNC 2");
  world.send(granted(9));
  EXPECT_TRUE(waiting.hold());
}

TEST(SessionTest, the_news_that_it_expired_counts_at_once) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto notice = [](std::int64_t session) {
    return ">3\r\n" + bulk("turnstile-notice") + bulk("lost") + "%1\r\n" + bulk("session") +
           integer(session);
  };
  world.send(notice(8));
  EXPECT_FALSE(hold->alarm.is_lost());
  world.send(notice(7));
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_FALSE(world.session);
}

TEST(SessionTest, what_was_asked_about_a_lost_session_is_answered_without_a_server) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto release = world.release(world.hold("b", 6));
  const auto check = world.start(make_check(hold));
  world.advance(ms(3'334));
  world.next();
  world.next();
  world.send("-NOSESSION 7 has ended\r\n");
  EXPECT_TRUE(release.failed_with(ErrorCode::NoSession));
  ASSERT_TRUE(check.is_done());
  EXPECT_EQ((*check.outcome)->value.integer, 0);
  EXPECT_TRUE(world.release(hold).failed_with(ErrorCode::NoSession));
  EXPECT_TRUE(world.start(make_renew(hold, ms(10))).failed_with(ErrorCode::NoSession));
}

TEST(SessionTest, a_lease_ends_at_nine_tenths_from_the_sending_of_the_request) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.lease = 2s});
  const auto sent = world.now;
  world.advance(ms(300));
  world.serve("LOCK.ACQUIRE a LEASE 2000 REQUEST 1", granted(5, 2'000));
  const auto hold = call.hold();
  ASSERT_TRUE(hold);
  EXPECT_EQ(hold->deadline(), sent + ms(1'800));
  world.advance(ms(1'499));
  EXPECT_FALSE(hold->alarm.is_lost());
  world.advance(ms(1));
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(SessionTest, a_lease_after_a_long_wait_counts_from_what_was_answered_last) {
  World world({.ttl_ms = 9'000});
  world.open_session(7, 9'000);
  const auto call = world.try_lock("a", {.wait = 600s, .lease = 8s});
  world.serve("LOCK.ACQUIRE a WAIT 600000 LEASE 8000 REQUEST 1 ASYNC 1", kQueued);
  base::Time answered;
  for (int i = 0; i < 90; ++i) {
    world.advance(ms(3'000));
    answered = world.now;
    world.serve("SESSION.KEEPALIVE", kept(9'000));
  }
  world.advance(ms(1'000));
  world.send(push("1", granted(5, 8'000, 271'000)));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->deadline(), answered + ms(7'200));
  EXPECT_TRUE(call.hold()->is_held(world.now));
}

TEST(SessionTest, a_renewed_lease_moves_its_deadline) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.lease = 2s});
  world.serve("LOCK.ACQUIRE a LEASE 2000 REQUEST 1", granted(5, 2'000));
  world.advance(ms(1'000));
  const auto renewal = world.start(make_renew(call.hold(), ms(4'000)));
  world.serve("LOCK.RENEW a 5 LEASE 4000 REQUEST 2", granted(5, 4'000));
  EXPECT_TRUE(renewal.is_done());
  EXPECT_EQ(call.hold()->deadline(), world.now + ms(3'600));
}

}  // namespace
}  // namespace turnstile::client
