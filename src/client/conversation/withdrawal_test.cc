// Callers who wait no longer: cancellation, patience, and the grants that come too late.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

/// A world in which a wait for the key a is queued at the server.
struct WithdrawalTest : ::testing::Test {
  void SetUp() override {
    world.open_session();
    call = world.lock("a");
    world.serve("LOCK.ACQUIRE a WAIT 86400000 REQUEST 1 ASYNC 1", kQueued);
  }
  World world;
  Call call;
};

TEST_F(WithdrawalTest, a_cancelled_wait_ends_when_the_server_says_so) {
  world.cancel(call);
  world.cancel(call);
  EXPECT_FALSE(call.is_done());
  world.serve("CANCEL 1", integer(1) + push("1", "-CANCELLED withdrawn\r\n"));
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
  EXPECT_EQ(world.next(), "");
}

TEST_F(WithdrawalTest, the_push_may_come_before_the_answer_to_cancel) {
  world.cancel(call);
  world.serve("CANCEL 1", push("1", "-CANCELLED withdrawn\r\n") + integer(1));
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
}

TEST_F(WithdrawalTest, a_grant_that_was_faster_than_the_cancellation_counts) {
  world.cancel(call);
  world.serve("CANCEL 1", push("1", granted(9)) + integer(0));
  EXPECT_TRUE(call.hold());
}

TEST_F(WithdrawalTest, an_outcome_that_never_came_is_a_cancellation) {
  world.cancel(call);
  world.serve("CANCEL 1", integer(0));
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
  world.send(push("1", granted(9)));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 9 REQUEST 2");
}

TEST_F(WithdrawalTest, a_wait_cancelled_without_a_connection_ends_at_once) {
  world.disconnect();
  world.cancel(call);
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
}

// Complaint: C17 (docs/complaints.md).
TEST_F(WithdrawalTest, a_wait_cancelled_while_away_is_withdrawn_later) {
  world.disconnect();
  world.cancel(call);
  world.attach(attached({}, {listed_wait("1", "a", 1)}));
  world.serve("CANCEL 1", integer(1) + push("1", "-CANCELLED withdrawn\r\n"));
  EXPECT_EQ(world.next(), "");
}

// Complaint: C4 (docs/complaints.md).
TEST_F(WithdrawalTest, what_was_granted_after_its_caller_left_is_given_back) {
  world.disconnect();
  world.cancel(call);
  world.attach(attached({listed_grant(9, "a", 1)}));
  world.serve("LOCK.RELEASE a 9 REQUEST 2", integer(1));
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
}

TEST_F(WithdrawalTest, a_cancellation_whose_connection_breaks_ends_the_call) {
  world.cancel(call);
  EXPECT_EQ(world.next(), "CANCEL 1");
  world.disconnect();
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
  world.attach(attached({}, {listed_wait("1", "a", 1)}));
  EXPECT_EQ(world.next(), "CANCEL 1");
}

/// A try whose caller gave up while the connection was broken, and of which the server
/// knows nothing yet.
struct LateCopyTest : ::testing::Test {
  void SetUp() override {
    world.open_session();
    late = world.try_lock("b");
    EXPECT_EQ(world.next(), "LOCK.ACQUIRE b REQUEST 1");
    world.disconnect();
    world.cancel(late);
    world.attach(attached());
  }
  World world;
  Call late;
};

// Complaint: C17 (docs/complaints.md).
TEST_F(LateCopyTest, its_number_is_used_up_so_that_it_cannot_be_applied) {
  world.serve("SESSION.KEEPALIVE REQUEST 1", kept());
  EXPECT_EQ(world.next(), "");
  world.reconnect(attached());
  EXPECT_EQ(world.next(), "");
}

// Complaint: J1 (docs/complaints.md).
TEST_F(LateCopyTest, if_it_was_faster_its_grant_is_found_and_given_back) {
  world.serve("SESSION.KEEPALIVE REQUEST 1", "-CONFLICT request 1 was something else\r\n");
  world.attach(attached({listed_grant(8, "b", 1)}));
  world.serve("LOCK.RELEASE b 8 REQUEST 2", integer(1));
  EXPECT_EQ(world.next(), "");
}

TEST_F(LateCopyTest, if_it_was_faster_and_is_over_that_is_all) {
  world.serve("SESSION.KEEPALIVE REQUEST 1", "-CONFLICT request 1 was something else\r\n");
  world.attach(attached());
  EXPECT_EQ(world.next(), "");
}

TEST_F(LateCopyTest, a_broken_connection_does_not_forget_it) {
  EXPECT_EQ(world.next(), "SESSION.KEEPALIVE REQUEST 1");
  world.reconnect(attached({listed_grant(8, "b", 1)}));
  EXPECT_EQ(world.next(), "LOCK.RELEASE b 8 REQUEST 2");
}

TEST_F(WithdrawalTest, a_wait_outlasts_a_short_absence_of_the_server_but_not_a_long_one) {
  world.disconnect();
  world.advance(ms(4'900));
  EXPECT_FALSE(call.is_done());
  world.advance(ms(200));
  ASSERT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_FALSE(call.error().maybe_applied());
  world.attach(attached({listed_grant(9, "a", 1)}));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 9 REQUEST 2");
}

TEST(PatienceTest, a_call_without_a_server_is_unavailable_and_never_sent) {
  World world;
  const auto call = world.try_lock("a");
  const auto ready = world.start(make_ready());
  world.disconnect();
  world.advance(ms(4'999));
  EXPECT_FALSE(call.is_done());
  world.advance(ms(2));
  EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(ready.failed_with(ErrorCode::Unavailable));
  EXPECT_FALSE(call.error().maybe_applied());
  world.open_session();
  EXPECT_EQ(world.next(), "");
}

TEST(PatienceTest, a_call_whose_answer_does_not_come_is_unavailable) {
  World world;
  world.open_session();
  const auto hold = world.hold("b", 5);
  const auto call = world.try_lock("a");
  const auto release = world.release(hold);
  world.next();
  world.next();
  for (int i = 0; i < 3; ++i) {
    world.advance(ms(1'700));
    world.send(push("99", "+OK\r\n"));
  }
  EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable));
  ASSERT_TRUE(release.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(release.error().maybe_applied());
}

// Complaint: C4 (docs/complaints.md).
TEST(PatienceTest, a_late_grant_of_a_try_is_given_back_at_once) {
  World world({.ttl_ms = 60'000, .patience_ms = 1'000});
  world.open_session(7, 60'000);
  const auto call = world.try_lock("a");
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a REQUEST 1");
  world.advance(ms(1'001));
  EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable));
  world.send(granted(5));
  world.serve("LOCK.RELEASE a 5 REQUEST 2", integer(1));
}

TEST(PatienceTest, a_server_that_does_not_tell_the_end_of_a_wait_is_unavailable) {
  World world({.ttl_ms = 60'000, .patience_ms = 1'000});
  world.open_session(7, 60'000);
  const auto call = world.try_lock("a", {.wait = 2s});
  world.serve("LOCK.ACQUIRE a WAIT 2000 REQUEST 1 ASYNC 1", kQueued);
  world.advance(ms(2'999));
  EXPECT_FALSE(call.is_done());
  world.advance(ms(2));
  EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_EQ(world.next(), "CANCEL 1");
  world.send(integer(0));
  world.send(push("1", granted(5)));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 5 REQUEST 2");
}

TEST(PatienceTest, a_release_goes_on_after_its_caller_gave_up) {
  World world;
  world.open_session();
  const auto release = world.release(world.hold("a", 5));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 5 REQUEST 2");
  world.disconnect();
  world.advance(ms(5'001));
  EXPECT_TRUE(release.failed_with(ErrorCode::Unavailable));
  world.attach(attached({listed_grant(5, "a", 1)}));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 5 REQUEST 2");
}

TEST(PatienceTest, what_remains_of_a_wait_is_what_is_asked_for) {
  World world;
  const auto call = world.try_lock("a", {.wait = 2s});
  const auto begun = world.now;
  world.advance(ms(500));
  world.open_session();
  const auto left = 2'000 - (world.now - begun).ms();
  EXPECT_EQ(world.next(), fmt::format("LOCK.ACQUIRE a WAIT {} REQUEST 1 ASYNC 1", left));
}

}  // namespace
}  // namespace turnstile::client
