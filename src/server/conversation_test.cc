// One connection: order, blocking, pushes, sessions.
#include "server/conversation.h"

#include <gtest/gtest.h>

#include "server/test_world.h"

namespace server {
namespace {

using base::Duration;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ConversationTest, answers_come_in_the_order_of_the_requests) {
  TestWorld world;
  const auto client = world.connect();
  world.send(*client, "LOCK.ACQUIRE a LEASE 1000\r\nPING\r\nLOCK.RELEASE a 1\r\nPING two");
  EXPECT_EQ(client->output(), "") << "not even the PING behind it";
  world.sync();
  const std::string text = TestWorld::take(*client);
  EXPECT_TRUE(text.ends_with(":0\r\n+PONG\r\n:1\r\n$3\r\ntwo\r\n")) << text;
}

TEST(ConversationTest, what_stands_behind_a_blocking_command_is_applied_after_it) {
  TestWorld world;
  const auto holder = world.connect();
  const auto waiter = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 9000");
  world.send(*waiter, "LOCK.ACQUIRE a LEASE 9000 WAIT 5000\r\nLOCK.INFO a\r\nPING");
  world.sync();
  EXPECT_EQ(waiter->output(), "");
  EXPECT_TRUE(waiter->is_blocked());
  world.ask(*holder, "LOCK.RELEASE a 1");
  const std::string text = TestWorld::take(*waiter);
  EXPECT_TRUE(contains(text, "$5\r\ntoken\r\n:3\r\n")) << text;
  EXPECT_TRUE(text.ends_with("+PONG\r\n")) << text;
}

TEST(ConversationTest, an_asynchronous_wait_is_queued_and_then_pushed) {
  TestWorld world;
  const auto holder = world.connect();
  const auto waiter = world.connect();
  world.ask(*waiter, "HELLO 3");
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 9000");
  EXPECT_EQ(world.ask(*waiter, "LOCK.ACQUIRE a LEASE 9000 WAIT 5000 ASYNC t1"), "+QUEUED\r\n");
  EXPECT_EQ(world.ask(*waiter, "PING"), "+PONG\r\n");
  world.ask(*holder, "LOCK.RELEASE a 1");
  EXPECT_TRUE(TestWorld::take(*waiter).starts_with(">3\r\n$9\r\nturnstile\r\n$2\r\nt1\r\n%3\r\n"));
}

TEST(ConversationTest, async_needs_resp3) {
  TestWorld world;
  const auto client = world.connect();
  EXPECT_TRUE(contains(world.ask(*client, "LOCK.ACQUIRE a LEASE 1 ASYNC t"), "-ERR ASYNC needs"));
}

TEST(ConversationTest, a_withdrawn_wait_is_answered_and_its_ticket_told) {
  TestWorld world;
  const auto holder = world.connect();
  const auto waiter = world.connect();
  world.ask(*waiter, "HELLO 3");
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 9000");
  world.ask(*waiter, "LOCK.ACQUIRE a LEASE 9000 WAIT 5000 ASYNC t1");
  const std::string text = world.ask(*waiter, "CANCEL t1");
  EXPECT_TRUE(contains(text, ":1\r\n")) << text;
  EXPECT_TRUE(contains(text, "t1\r\n-CANCELLED ")) << text;
  EXPECT_EQ(world.ask(*waiter, "CANCEL t1"), ":0\r\n");
}

TEST(ConversationTest, the_index_goes_before_every_answer_if_asked_for) {
  TestWorld world;
  const auto client = world.connect();
  EXPECT_TRUE(contains(world.ask(*client, "CLIENT INDEX ON"), "-ERR CLIENT INDEX needs RESP3"));
  world.ask(*client, "HELLO 3");
  world.ask(*client, "CLIENT INDEX ON");
  EXPECT_TRUE(world.ask(*client, "LOCK.ACQUIRE a LEASE 9000")
                  .starts_with("|1\r\n$5\r\nindex\r\n:1\r\n%3\r\n"));
}

TEST(ConversationTest, a_session_belongs_to_its_secret) {
  TestWorld world;
  const auto first = world.connect();
  const auto second = world.connect();
  world.ask(*first, "SESSION.OPEN TTL 10000");
  const std::string secret(32, '0');
  EXPECT_TRUE(contains(world.ask(*second, "SESSION.ATTACH 1 " + secret), "-NOSESSION"));
  std::string right;
  for (int n = 0; n < 16; ++n) right += "07";
  EXPECT_TRUE(contains(world.ask(*second, "SESSION.ATTACH 1 " + right), "grants"));
  EXPECT_TRUE(contains(world.ask(*second, "LOCK.INFO a SESSION 1 " + secret), "-NOSESSION"));
}

TEST(ConversationTest, notices_ride_on_the_next_keepalive_for_those_who_hear_no_pushes) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "SESSION.OPEN TTL 10000");
  world.ask(*client, "LOCK.ACQUIRE a LEASE 1000");
  world.advance(Duration::from_ms(1500));
  world.sync();
  const std::string text = world.ask(*client, "SESSION.KEEPALIVE");
  EXPECT_TRUE(contains(text, "$4\r\nlost\r\n")) << text;
  EXPECT_TRUE(contains(text, "$7\r\nexpired\r\n")) << text;
  EXPECT_FALSE(contains(world.ask(*client, "SESSION.KEEPALIVE"), "lost"));
}

TEST(ConversationTest, a_lost_lease_is_pushed_to_who_hears_pushes) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "HELLO 3");
  world.ask(*client, "SESSION.OPEN TTL 10000");
  world.ask(*client, "LOCK.ACQUIRE a LEASE 1000");
  world.advance(Duration::from_ms(1500));
  world.sync();
  EXPECT_TRUE(TestWorld::take(*client).starts_with(">3\r\n$16\r\nturnstile-notice\r\n$4\r\nlost"));
}

TEST(ConversationTest, a_session_is_renewed_while_its_command_blocks) {
  TestWorld world;
  const auto holder = world.connect();
  const auto waiter = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 90000");
  world.ask(*waiter, "SESSION.OPEN TTL 1000");
  world.send(*waiter, "LOCK.ACQUIRE a WAIT 60000");
  for (int n = 0; n < 40; ++n) {
    world.advance(Duration::from_ms(250));
    world.hub.renew_blocked_sessions();
    world.sync();
  }
  world.ask(*holder, "LOCK.RELEASE a 1");
  EXPECT_TRUE(contains(TestWorld::take(*waiter), "token"));
}

// Renewals count when they are applied, not when the disk is done with them.
// Complaint: C11 (docs/complaints.md).
TEST(ConversationTest, a_stuck_disk_expires_nobody_who_renews) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "SESSION.OPEN TTL 1000");
  world.ask(*client, "LOCK.ACQUIRE a");
  for (int n = 0; n < 20; ++n) {
    world.send(*client, "SESSION.KEEPALIVE");
    world.advance(Duration::from_ms(500));
  }
  EXPECT_EQ(client->output(), "") << "nothing is durable, so nothing is answered";
  world.sync();
  TestWorld::take(*client);
  EXPECT_EQ(world.ask(*client, "LOCK.CHECK a 2"), ":1\r\n");
}

// Complaints: C23, C26 (docs/complaints.md).
TEST(ConversationTest, a_jump_of_the_wall_clock_ends_nothing_and_keeps_nothing) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "SESSION.OPEN TTL 1000");
  world.ask(*client, "LOCK.ACQUIRE a");
  world.clock.wall_jump = Duration::from_seconds(86'400);
  world.advance(Duration::from_ms(500));
  EXPECT_EQ(world.ask(*client, "LOCK.CHECK a 2"), ":1\r\n");
  world.clock.wall_jump = Duration::from_seconds(-86'400);
  world.advance(Duration::from_ms(500));
  EXPECT_EQ(world.ask(*client, "LOCK.CHECK a 2"), ":1\r\n");
  world.advance(Duration::from_ms(600));  // TTL and slack are over
  world.sync();
  EXPECT_EQ(world.machine.grant_count(), 0U);
}

TEST(ConversationTest, a_client_that_hangs_up_leaves_no_waiter) {
  TestWorld world;
  const auto holder = world.connect();
  const auto waiter = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 90000");
  world.send(*waiter, "LOCK.ACQUIRE a LEASE 1000 WAIT 60000");
  EXPECT_EQ(world.machine.waiter_count(), 1U);
  world.hub.remove(waiter->id());
  EXPECT_EQ(world.machine.waiter_count(), 0U);
}

TEST(ConversationTest, unanswered_requests_stop_the_reading_at_their_limit) {
  TestWorld world;
  world.service.limits.unanswered_requests = 3;
  const auto client = world.connect();
  world.send(*client, "LOCK.ACQUIRE a LEASE 9000\r\nPING 1\r\nPING 2\r\nPING 3\r\nPING 4");
  EXPECT_FALSE(client->wants_input());
  world.sync();
  world.hub.settle();
  EXPECT_TRUE(client->wants_input());
}

TEST(ConversationTest, a_stopping_server_refuses_changes_and_answers_reads) {
  TestWorld world;
  const auto client = world.connect();
  world.service.stopping = true;
  EXPECT_TRUE(contains(world.ask(*client, "LOCK.ACQUIRE a LEASE 1000"), "-UNAVAILABLE"));
  EXPECT_TRUE(contains(world.ask(*client, "LOCK.INFO a"), "free"));
}

TEST(ConversationTest, an_overloaded_server_still_releases) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "LOCK.ACQUIRE a LEASE 9000");
  world.service.overloaded = true;
  EXPECT_TRUE(contains(world.ask(*client, "LOCK.ACQUIRE b LEASE 1000"), "-OVERLOADED"));
  EXPECT_TRUE(contains(world.ask(*client, "SESSION.OPEN"), "-OVERLOADED"));
  EXPECT_EQ(world.ask(*client, "LOCK.RELEASE a 1"), ":1\r\n");
}

TEST(ConversationTest, a_repeat_over_another_connection_takes_the_wait_over) {
  TestWorld world;
  const auto holder = world.connect();
  const auto first = world.connect();
  const auto second = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 90000");
  world.ask(*first, "SESSION.OPEN TTL 60000");
  std::string secret;
  for (int n = 0; n < 16; ++n) secret += "07";
  world.ask(*second, "SESSION.ATTACH 2 " + secret);
  world.send(*first, "LOCK.ACQUIRE a WAIT 60000 REQUEST 1");
  world.send(*second, "LOCK.ACQUIRE a WAIT 60000 REQUEST 1");
  world.sync();
  EXPECT_TRUE(contains(TestWorld::take(*first), "-CANCELLED"));
  EXPECT_FALSE(first->is_blocked());
  world.ask(*holder, "LOCK.RELEASE a 1");
  EXPECT_TRUE(contains(TestWorld::take(*second), "token"));
}

}  // namespace
}  // namespace server
