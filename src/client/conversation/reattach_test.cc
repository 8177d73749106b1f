// What becomes of holds, waits and requests when a connection breaks and the
// session is taken up over the next one.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

// Complaint: C3 (docs/complaints.md).
TEST(ReattachTest, a_hold_survives_a_broken_connection) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  world.reconnect(attached({listed_grant(5, "a", 1)}));
  EXPECT_FALSE(hold->alarm.is_lost());
  EXPECT_TRUE(hold->is_held(world.now));
}

// Complaint: C15 (docs/complaints.md).
TEST(ReattachTest, a_hold_that_is_not_listed_any_more_is_lost) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto other = world.hold("b", 6);
  world.reconnect(attached({listed_grant(6, "b", 2)}));
  EXPECT_TRUE(hold->alarm.is_lost());
  EXPECT_FALSE(other->alarm.is_lost());
}

// Complaint: C3 (docs/complaints.md).
TEST(ReattachTest, renewals_go_on_over_the_next_connection) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  for (int breaks = 0; breaks < 3; ++breaks) {
    world.reconnect(attached({listed_grant(5, "a", 1)}));
    for (int renewals = 0; renewals < 4; ++renewals) {
      world.advance(ms(3'334));
      world.serve("SESSION.KEEPALIVE", kept());
    }
  }
  EXPECT_TRUE(hold->is_held(world.now));
}

TEST(ReattachTest, what_was_granted_while_away_is_handed_out) {
  World world;
  world.open_session();
  const auto call = world.lock("a");
  world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 1", kQueued);
  world.reconnect(attached({listed_grant(9, "a", 1)}));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->token, 9U);
  EXPECT_EQ(world.next(), "");
}

/// A world in which a wait has come over from a connection that broke.
struct CarriedWaitTest : ::testing::Test {
  void SetUp() override {
    world.open_session(7, 9'000);
    call = world.lock("a");
    world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 1", kQueued);
    world.reconnect(attached({}, {listed_wait("1", "a", 1)}));
    world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 2", kQueued);
  }
  /// Lets the next renewal come, which is followed by a look at what the session has.
  void look(std::string_view answer) {
    world.advance(ms(3'000));
    world.serve("SESSION.KEEPALIVE", kept(9'000));
    world.serve("SESSION.ATTACH 7 s3cret", answer);
  }
  World world{{.ttl_ms = 9'000}};
  Call call;
};

TEST_F(CarriedWaitTest, it_goes_on_and_its_outcome_comes_over_the_new_connection) {
  EXPECT_FALSE(call.is_done());
  world.send(push("2", granted(9)));
  EXPECT_TRUE(call.hold());
}

TEST_F(CarriedWaitTest, an_outcome_that_went_to_the_connection_before_is_found) {
  look(attached({listed_grant(9, "a", 1)}));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->token, 9U);
  world.send(push("2", granted(9)));
  EXPECT_EQ(world.next(), "");
  EXPECT_TRUE(call.hold()->is_held(world.now));
}

TEST_F(CarriedWaitTest, a_wait_that_a_late_copy_took_over_is_followed_by_its_ticket) {
  look(attached({}, {listed_wait("1", "a", 1)}));
  world.cancel(call);
  EXPECT_EQ(world.next(), "CANCEL 1");
  world.send(push("1", "-CANCELLED withdrawn\r\n") + integer(1));
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
}

TEST_F(CarriedWaitTest, a_wait_that_has_ended_unheard_is_asked_for_anew) {
  look(attached());
  EXPECT_EQ(world.next(), "SESSION.KEEPALIVE REQUEST 1");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a WAIT 86400000 REQUEST 2 ASYNC 3");
}

TEST_F(CarriedWaitTest, looks_become_rarer_and_end_with_the_wait) {
  look(attached({}, {listed_wait("2", "a", 1)}));
  world.advance(ms(3'000));
  world.serve("SESSION.KEEPALIVE", kept(9'000));
  EXPECT_EQ(world.next(), "");
  look(attached({listed_grant(9, "a", 1)}));
  for (int i = 0; i < 20; ++i) {
    world.advance(ms(3'000));
    world.serve("SESSION.KEEPALIVE", kept(9'000));
    if (i == 3) {
      world.serve("SESSION.ATTACH 7 s3cret", attached({listed_grant(9, "a", 1)}));
    }
    EXPECT_EQ(world.next(), "");
  }
}

TEST(ReattachTest, a_wait_too_old_to_be_repeated_goes_on_under_its_ticket) {
  World world;
  world.open_session();
  const auto call = world.lock("a");
  world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 1", kQueued);
  for (int i = 0; i < 1'000; ++i) {
    world.try_lock("b");
    world.next();
    world.send("-BUSY\r\n");
  }
  world.reconnect(attached({}, {listed_wait("1", "a", 1)}));
  EXPECT_EQ(world.next(), "");
  world.send(push("1", granted(9)));
  EXPECT_TRUE(call.hold());
}

TEST(ReattachTest, a_wait_that_ended_while_away_is_busy_when_its_time_is_over) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.wait = 1s});
  world.serve("LOCK.ACQUIRE a WAIT 1000 REQUEST 1 ASYNC 1", kQueued);
  world.disconnect();
  world.conversation.on_time(world.now);
  world.pause(ms(0));
  while (world.now < base::Time::from_us(1'000'000'000) + ms(1'100)) {
    world.advance(ms(100));
    if (world.conversation.wanted_connection() != 0) {
      world.conversation.on_disconnected(world.now, "refused");
    }
  }
  world.attach(attached());
  EXPECT_TRUE(call.failed_with(ErrorCode::Busy));
}

TEST(ReattachTest, a_wait_that_ended_early_while_away_is_asked_for_anew) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.wait = 60s});
  world.serve("LOCK.ACQUIRE a WAIT 60000 REQUEST 1 ASYNC 1", kQueued);
  world.reconnect(attached());
  const auto again = world.next();
  EXPECT_TRUE(again.starts_with("LOCK.ACQUIRE a WAIT 59")) << again;
  EXPECT_TRUE(again.ends_with(" REQUEST 2 ASYNC 2")) << again;
  world.send("-DEADLOCK …\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Deadlock));
}

TEST(ReattachTest, an_unanswered_request_is_sent_again_with_the_same_number) {
  World world;
  world.open_session();
  const auto first = world.try_lock("a");
  const auto second = world.try_lock("b", {.wait = 3s});
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a REQUEST 1");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE b WAIT 3000 REQUEST 2 ASYNC 1");
  const auto third = world.try_lock("c");
  world.reconnect(attached());
  world.serve("LOCK.ACQUIRE a REQUEST 1", granted(5));
  EXPECT_TRUE(world.next().starts_with("LOCK.ACQUIRE b WAIT 29"));  // what is left of it
  world.send(kQueued);
  world.serve("LOCK.ACQUIRE c REQUEST 3", granted(6));
  EXPECT_TRUE(first.hold());
  EXPECT_TRUE(third.hold());
  world.send(push("2", granted(8)));
  EXPECT_TRUE(second.hold());
}

TEST(ReattachTest, the_number_of_a_repeat_that_is_refused_is_used_up) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a REQUEST 1");
  world.reconnect(attached());
  world.serve("LOCK.ACQUIRE a REQUEST 1", "-BUSY held\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Busy));
  // The first copy is granted now, over the connection that broke.
  world.serve("SESSION.KEEPALIVE REQUEST 1", "-CONFLICT request 1 was something else\r\n");
  world.attach(attached({listed_grant(9, "a", 1)}));
  world.serve("LOCK.RELEASE a 9 REQUEST 2", integer(1));
  EXPECT_EQ(world.next(), "");
}

TEST(ReattachTest, a_repeat_that_waited_in_vain_is_used_up_too) {
  World world;
  world.open_session();
  const auto call = world.lock("a");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 1");
  world.reconnect(attached());
  world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 2", kQueued);
  world.reconnect(attached());
  EXPECT_EQ(world.next(), "SESSION.KEEPALIVE REQUEST 1");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a WAIT 86400000 REQUEST 2 ASYNC 3");
  EXPECT_FALSE(call.is_done());
}

TEST(ReattachTest, a_grant_whose_answer_was_lost_is_found_in_the_list) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a REQUEST 1");
  world.reconnect(attached({listed_grant(5, "a", 1)}));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(world.next(), "");
}

// Complaint: C16 (docs/complaints.md).
TEST(ReattachTest, a_release_is_repeated_until_it_is_answered) {
  World world;
  world.open_session();
  const auto call = world.release(world.hold("a", 5));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 5 REQUEST 2");
  world.reconnect(attached({listed_grant(5, "a", 1)}));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 5 REQUEST 2");
  world.reconnect(attached());
  world.serve("LOCK.RELEASE a 5 REQUEST 2", ":1\r\n");
  EXPECT_TRUE(call.is_done());
}

TEST(ReattachTest, grants_of_others_ways_are_left_alone) {
  World world;
  world.open_session();
  world.reconnect(attached({listed_grant(5, "raw", 0), listed_grant(6, "foreign", 44)}));
  EXPECT_EQ(world.next(), "");
}

// Complaint: J2 (docs/complaints.md).
TEST(ReattachTest, a_call_that_must_not_be_repeated_fails_and_says_so) {
  World world;
  world.open_session();
  const auto call = world.start(make_command({"EVENT.SET", "e"}, {}));
  const auto read = world.start(make_read({"LOCK.INFO", "a"}));
  EXPECT_EQ(world.next(), "EVENT.SET e");
  EXPECT_EQ(world.next(), "LOCK.INFO a");
  world.reconnect(attached());
  ASSERT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(call.error().maybe_applied());
  world.serve("LOCK.INFO a", "%0\r\n");
  EXPECT_TRUE(read.is_done());
}

TEST(ReattachTest, a_numbered_call_is_repeated_and_its_wait_taken_up) {
  World world;
  world.open_session();
  const auto call = world.start(
      make_command({"SEM.ACQUIRE", "s", "WAIT", "900"}, {.waits = true, .numbered = true}));
  world.serve("SEM.ACQUIRE s WAIT 900 REQUEST 1 ASYNC 1", kQueued);
  world.reconnect(attached());
  world.serve("SEM.ACQUIRE s WAIT 900 REQUEST 1 ASYNC 2", granted(5));
  EXPECT_TRUE(call.is_done());
  // A grant that this library did not acquire itself is the caller's to give back.
  world.reconnect(attached({listed_grant(5, "s", 1)}));
  EXPECT_EQ(world.next(), "");
}

TEST(ReattachTest, a_server_that_stops_is_asked_again) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  world.serve("LOCK.ACQUIRE a REQUEST 1", "-UNAVAILABLE the server stops\r\n");
  EXPECT_FALSE(call.is_done());
  world.attach(attached());
  world.serve("LOCK.ACQUIRE a REQUEST 1", granted(5));
  EXPECT_TRUE(call.hold());
}

TEST(ReattachTest, a_server_that_does_not_lead_names_the_one_that_does) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a");
  world.serve("LOCK.ACQUIRE a REQUEST 1", "-MOVED 0 other:7421\r\n");
  EXPECT_EQ(to_string(world.conversation.endpoint()), "other:7421");
  world.attach(attached());
  world.serve("LOCK.ACQUIRE a REQUEST 1", granted(5));
  EXPECT_TRUE(call.hold());
}

TEST(ReattachTest, the_endpoints_are_tried_in_turn) {
  World world({.endpoints = 3});
  std::vector<std::string> tried;
  for (int i = 0; i < 4; ++i) {
    while (world.conversation.wanted_connection() == 0) world.advance(ms(10));
    tried.push_back(world.conversation.endpoint().host);
    world.disconnect();
  }
  EXPECT_EQ(tried, (std::vector<std::string>{"h0", "h1", "h2", "h0"}));
}

TEST(ReattachTest, a_lease_is_taken_up_with_what_remains_of_it) {
  World world;
  world.open_session();
  const auto call = world.lock("a", {.lease = 5s});
  world.serve("LOCK.ACQUIRE a WAIT 86400000 LEASE 5000 REQUEST 1 ASYNC 1", kQueued);
  world.reconnect(attached({listed_grant(9, "a", 1, 4'000)}));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->deadline(), world.now + ms(3'600));
}

}  // namespace
}  // namespace turnstile::client
