// A conversation over a healthy connection: what is sent, and what comes of it.
#include "client/conversation/conversation.h"

#include <gtest/gtest.h>

#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

TEST(ConversationTest, a_session_is_opened_before_anything_else_is_sent) {
  World world;
  const auto call = world.try_lock("a");
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  EXPECT_EQ(world.next(), "SESSION.OPEN TTL 10000 NAME test");
  EXPECT_EQ(world.next(), "");
  world.send(opened(7));
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a REQUEST 1");
  ASSERT_TRUE(world.session);
  EXPECT_EQ(world.session->id, 7U);
}

TEST(ConversationTest, a_granted_try_ends_with_a_hold) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  world.serve("LOCK.ACQUIRE a REQUEST 1", granted(5));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->token, 5U);
  EXPECT_EQ(call.hold()->keys, std::vector<std::string>{"a"});
  EXPECT_TRUE(call.hold()->is_held(world.now));
}

TEST(ConversationTest, a_refused_try_is_busy_and_never_unavailable) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  world.serve("LOCK.ACQUIRE a REQUEST 1", "-BUSY held by session 3\r\n");
  ASSERT_TRUE(call.failed_with(ErrorCode::Busy));
  EXPECT_STREQ(call.error().what(), "BUSY held by session 3");
}

TEST(ConversationTest, a_wait_is_queued_and_ends_with_a_push) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.wait = 2s, .note = "payout 8"});
  world.serve("LOCK.ACQUIRE a WAIT 2000 NOTE payout 8 REQUEST 1 ASYNC 1", kQueued);
  EXPECT_FALSE(call.is_done());
  world.send(push("1", granted(9, 10'000, 1'200)));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->token, 9U);
}

TEST(ConversationTest, all_options_go_onto_the_wire) {
  World world;
  world.open_session();
  AcquireOptions options{.shared = true,
                         .wait = 1s,
                         .lease = 3s,
                         .priority = 4,
                         .preempt = 50ms,
                         .within = 7s,
                         .owner = "o",
                         .on_loss = OnLoss::Delay,
                         .loss_delay = 9s,
                         .note = "n",
                         .agent = "g"};
  world.start(make_acquire({Key("a"), Key("b")}, options, true));
  EXPECT_EQ(world.next(),
            "LOCK.ACQUIRE a SHARED AND b SHARED WAIT 1000 LEASE 3000 PRIORITY 4 PREEMPT 50 OWNER o "
            "AGENT g ONLOSS DELAY 9000 NOTE n IFWITHIN 7000 REQUEST 1 ASYNC 1");
}

TEST(ConversationTest, semaphores_and_elections_have_commands_of_their_own) {
  World world;
  world.open_session();
  const auto permits = world.start(make_sem_acquire("s", 5, 2, {.agent = "g"}, false));
  world.serve("SEM.ACQUIRE s LIMIT 5 PERMITS 2 AGENT g REQUEST 1", granted(5));
  world.start(make_renew(permits.hold(), ms(900)));
  world.serve("SEM.RENEW s 5 LEASE 900 REQUEST 2", granted(5, 900));
  world.release(permits.hold());
  world.serve("SEM.RELEASE s 5 REQUEST 3", integer(1));
  world.start(make_sem_acquire("s", {}, 1, {.wait = 1s}, false));
  EXPECT_EQ(world.next(), "SEM.ACQUIRE s WAIT 1000 REQUEST 4 ASYNC 1");
  world.send(kQueued);
  const auto term = world.start(make_campaign("e", "me", {.priority = 2, .note = "n"}, false));
  world.serve("ELECTION.CAMPAIGN e me PRIORITY 2 NOTE n REQUEST 5", granted(8));
  world.start(make_proclaim(term.hold(), "myself"));
  world.serve("ELECTION.PROCLAIM e 8 myself REQUEST 6", "+OK\r\n");
  EXPECT_TRUE(world.start(make_renew(term.hold(), ms(9))).failed_with(ErrorCode::Invalid));
  world.release(term.hold());
  world.serve("ELECTION.RESIGN e 8 REQUEST 7", integer(1));
}

TEST(ConversationTest, without_a_session_none_is_opened_renewed_or_closed) {
  World world({.has_session = false});
  world.connect();
  const auto read = world.start(make_read({"LOCK.LIST"}));
  world.serve("HELLO 3", kHelloReply);
  world.serve("LOCK.LIST", "*0\r\n");
  EXPECT_TRUE(read.is_done());
  EXPECT_TRUE(world.lock("a").failed_with(ErrorCode::NoSession));
  world.advance(ms(10'000));
  world.serve("PING", "+PONG\r\n");
  const auto repeated = world.start(make_read({"LOCK.INFO", "a"}));
  EXPECT_EQ(world.next(), "LOCK.INFO a");
  world.disconnect();
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("LOCK.INFO a", "%0\r\n");
  EXPECT_TRUE(repeated.is_done());
  world.conversation.close(world.now);
  EXPECT_EQ(world.next(), "");
  EXPECT_TRUE(world.conversation.is_closed());
}

TEST(ConversationTest, modes_may_differ_by_key) {
  World world;
  world.open_session();
  world.start(make_acquire({Key("a"), Key("b", true)}, {}, false));
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a AND b SHARED REQUEST 1");
}

TEST(ConversationTest, what_makes_no_sense_is_refused_without_asking) {
  World world;
  world.open_session();
  EXPECT_TRUE(world.try_lock("a", {.priority = 10}).failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(world.try_lock("a", {.wait = -1ms}).failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(world.try_lock("a", {.wait = 25h}).failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(world.try_lock("a", {.wait = Milliseconds::max()}).failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(world.try_lock("a", {.lease = 0ms}).failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(world.start(make_acquire({}, {}, true)).failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(world.start(make_command({}, {})).failed_with(ErrorCode::Invalid));
  EXPECT_EQ(world.next(), "");
}

TEST(ConversationTest, a_wait_without_limit_queues_up_again) {
  World world({.ttl_ms = 86'400'000});
  world.open_session(7, 86'400'000);
  const auto call = world.lock("a");
  world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 1", kQueued);
  for (int i = 0; i < 24 * 360; ++i) {
    world.advance(ms(10'000));
    const auto probe = world.next();
    world.send(probe == "PING" ? "+PONG\r\n" : kept(86'400'000));
  }
  world.send(push("1", "-BUSY the wait is over\r\n"));
  world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 2 ASYNC 2", granted(5));
  EXPECT_TRUE(call.hold());
}

TEST(ConversationTest, a_release_is_numbered_and_answered) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.release(hold);
  EXPECT_FALSE(hold->is_held(world.now));
  world.serve("LOCK.RELEASE a 5 REQUEST 2", ":1\r\n");
  ASSERT_TRUE(call.is_done());
  EXPECT_EQ((*call.outcome)->value.integer, 1);
  EXPECT_FALSE(hold->alarm.is_lost());
}

TEST(ConversationTest, a_release_that_comes_too_late_is_stale) {
  World world;
  world.open_session();
  const auto call = world.release(world.hold("a", 5));
  world.serve("LOCK.RELEASE a 5 REQUEST 2", "-STALE revoked\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Stale));
}

TEST(ConversationTest, a_check_that_says_no_loses_the_hold) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto yes = world.start(make_check(hold));
  world.serve("LOCK.CHECK a 5", ":1\r\n");
  EXPECT_TRUE(yes.is_done());
  EXPECT_TRUE(hold->is_held(world.now));
  const auto no = world.start(make_check(hold));
  world.serve("LOCK.CHECK a 5", ":0\r\n");
  EXPECT_TRUE(no.is_done());
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_FALSE(hold->is_held(world.now));
}

TEST(ConversationTest, a_notice_of_loss_fires_the_stop_token) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto other = world.hold("b", 6);
  world.send(lost_notice(5));
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_FALSE(other->alarm.is_lost());
  EXPECT_EQ(world.notices, std::vector<std::string>{"lost"});
}

TEST(ConversationTest, notices_ride_on_the_answers_to_renewals_too) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.advance(ms(3'334));
  world.serve("SESSION.KEEPALIVE", "%2\r\n" + bulk("ttl") + integer(10'000) + bulk("notices") +
                                       "*1\r\n*2\r\n" + bulk("lost") + "%1\r\n" + bulk("token") +
                                       integer(5));
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(ConversationTest, a_holder_is_asked_to_leave) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.send(">3\r\n" + bulk("turnstile-notice") + bulk("preempt") + "%1\r\n" + bulk("token") +
             integer(5));
  EXPECT_TRUE(hold->alarm.revoked().stop_requested());
  EXPECT_TRUE(hold->is_held(world.now));
}

TEST(ConversationTest, other_commands_pass_through) {
  World world;
  world.open_session();
  const auto plain = world.start(make_command({"EVENT.SET", "e"}, {}));
  const auto numbered = world.start(make_command({"EVENT.SET", "f"}, {.numbered = true}));
  const auto waiting =
      world.start(make_command({"EVENT.WAIT", "e", "WAIT", "100"}, {.waits = true, .wait = 100ms}));
  world.serve("EVENT.SET e", ":1\r\n");
  world.serve("EVENT.SET f REQUEST 1", ":1\r\n");
  world.serve("EVENT.WAIT e WAIT 100 ASYNC 1", kQueued);
  EXPECT_TRUE(plain.is_done());
  EXPECT_TRUE(numbered.is_done());
  EXPECT_FALSE(waiting.is_done());
  world.send(push("1", "%1\r\n" + bulk("generation") + integer(3)));
  EXPECT_TRUE(waiting.is_done());
}

TEST(ConversationTest, no_more_than_a_thousand_requests_are_unanswered) {
  World world;
  world.open_session();
  std::vector<Call> calls;
  for (int i = 0; i < 3'000; ++i) calls.push_back(world.try_lock("a"));
  int sent = 0;
  while (!world.next().empty()) ++sent;
  EXPECT_EQ(sent, 1'000);
  for (int i = 0; i < 3'000; ++i) world.send("-BUSY no\r\n");
  for (const auto& call : calls) EXPECT_TRUE(call.failed_with(ErrorCode::Busy));
}

TEST(ConversationTest, a_quiet_connection_is_probed_when_the_ttl_is_long) {
  World world({.ttl_ms = 3'600'000});
  world.open_session(7, 3'600'000);
  world.advance(ms(10'000));
  world.serve("PING", "+PONG\r\n");
  world.advance(ms(10'000));
  EXPECT_EQ(world.next(), "PING");
  world.advance(ms(5'000));
  EXPECT_EQ(world.conversation.wanted_connection(), 0U);
}

TEST(ConversationTest, closing_ends_the_session_and_all_that_is_under_way) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto waiting = world.lock("b");
  world.serve("LOCK.ACQUIRE b WAIT 86400000 REQUEST 2 ASYNC 1", kQueued);
  world.conversation.close(world.now);
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_TRUE(waiting.failed_with(ErrorCode::Unavailable));
  EXPECT_FALSE(waiting.error().maybe_applied());
  EXPECT_FALSE(world.conversation.is_closed());
  world.serve("SESSION.CLOSE", "+OK\r\n");
  EXPECT_TRUE(world.conversation.is_closed());
  EXPECT_EQ(world.conversation.wanted_connection(), 0U);
  EXPECT_TRUE(world.lock("c").failed_with(ErrorCode::Unavailable));
}

TEST(ConversationTest, closing_does_not_wait_for_a_server_that_is_silent) {
  World world;
  world.open_session();
  world.conversation.close(world.now);
  EXPECT_EQ(world.next(), "SESSION.CLOSE");
  world.advance(ms(1'000));
  EXPECT_TRUE(world.conversation.is_closed());
}

}  // namespace
}  // namespace turnstile::client
