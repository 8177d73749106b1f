// Upgrades: the one thing that changes a token, over connections that hold and that
// break. What the client believes to hold must never be less than what it holds.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

std::string upgraded(std::int64_t token) { return granted(token); }

TEST(UpgradeTest, the_grant_has_the_new_token_and_the_old_one_is_nobodys) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.start(make_upgrade(hold, "a", {}, false));
  world.serve("LOCK.UPGRADE a 5 REQUEST 2", upgraded(9));
  EXPECT_TRUE(call.is_done());
  EXPECT_EQ(hold->token, 9U);
  world.send(lost_notice(5));
  EXPECT_FALSE(hold->alarm.is_lost());
  world.send(lost_notice(9));
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(UpgradeTest, a_refusal_leaves_hold_and_token) {
  for (const std::string_view refusal : {"-BUSY shared\r\n", "-DEADLOCK both\r\n"}) {
    World world;
    world.open_session();
    const auto hold = world.hold("a", 5);
    const auto call = world.start(make_upgrade(hold, "a", 2s, false));
    world.serve("LOCK.UPGRADE a 5 WAIT 2000 REQUEST 2 ASYNC 1", refusal);
    EXPECT_TRUE(call.is_done() && (*call.outcome)->error);
    EXPECT_EQ(hold->token, 5U);
    EXPECT_TRUE(hold->is_held(world.now));
  }
}

TEST(UpgradeTest, a_stale_one_is_a_loss) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.start(make_upgrade(hold, "a", {}, false));
  world.serve("LOCK.UPGRADE a 5 REQUEST 2", "-STALE expired\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Stale));
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(UpgradeTest, its_answer_may_be_lost_with_the_connection) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.start(make_upgrade(hold, "a", 60s, false));
  EXPECT_EQ(world.next(), "LOCK.UPGRADE a 5 WAIT 60000 REQUEST 2 ASYNC 1");
  world.send(kQueued);
  // It was granted, and the list has the grant under its new token.
  world.reconnect(attached({listed_grant(9, "a", 1)}));
  EXPECT_FALSE(hold->alarm.is_lost());
  EXPECT_TRUE(world.next().starts_with("LOCK.UPGRADE a 5 WAIT "));
  world.send(upgraded(9));
  EXPECT_TRUE(call.is_done());
  EXPECT_EQ(hold->token, 9U);
  EXPECT_TRUE(hold->is_held(world.now));
}

TEST(UpgradeTest, one_that_nobody_waits_for_any_more_is_taken_back) {
  World world({.patience_ms = 1'000});
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.start(make_upgrade(hold, "a", {}, false));
  EXPECT_EQ(world.next(), "LOCK.UPGRADE a 5 REQUEST 2");
  world.advance(ms(1'000));
  ASSERT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(call.error().maybe_applied());
  world.send(upgraded(9));
  world.serve("LOCK.DOWNGRADE a 9 REQUEST 3", granted(9));
  EXPECT_EQ(hold->token, 9U);
  EXPECT_TRUE(hold->is_held(world.now));
}

TEST(UpgradeTest, what_is_granted_to_a_hold_that_was_taken_for_lost_is_given_back) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.shared = true, .lease = 1s});
  world.serve("LOCK.ACQUIRE a SHARED LEASE 1000 REQUEST 1", granted(5, 1'000));
  const auto hold = call.hold();
  const auto upgrade = world.start(make_upgrade(hold, "a", 60s, false));
  EXPECT_EQ(world.next(), "LOCK.UPGRADE a 5 WAIT 60000 REQUEST 2 ASYNC 1");
  world.advance(ms(900));
  EXPECT_TRUE(hold->alarm.is_lost());
  world.send(upgraded(9));
  EXPECT_TRUE(upgrade.failed_with(ErrorCode::Stale));
  EXPECT_EQ(world.next(), "LOCK.RELEASE a 9 REQUEST 3");
}

TEST(UpgradeTest, a_lost_session_is_no_upgrade) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.start(make_upgrade(hold, "a", {}, true));
  EXPECT_TRUE(world.next().starts_with("LOCK.UPGRADE"));
  world.send("-NOSESSION it has ended\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::NoSession));
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(UpgradeTest, a_downgrade_keeps_the_token) {
  World world;
  world.open_session();
  const auto hold = world.hold("a", 5);
  const auto call = world.start(make_downgrade(hold, "a"));
  world.serve("LOCK.DOWNGRADE a 5 REQUEST 2", granted(5));
  EXPECT_TRUE(call.is_done());
  EXPECT_EQ(hold->token, 5U);
  EXPECT_TRUE(world.start(make_downgrade(hold, "b")).failed_with(ErrorCode::Invalid));
}

// --- re-entry, whose levels share a token

TEST(ReentryTest, each_level_is_released_and_all_are_lost_at_once) {
  World world;
  world.open_session();
  std::vector<std::shared_ptr<Hold>> levels;
  for (int i = 1; i <= 3; ++i) {
    const auto call = world.try_lock("a", {.owner = "o"});
    world.serve(fmt::format("LOCK.ACQUIRE a OWNER o REQUEST {}", i), granted(5));
    levels.push_back(call.hold());
  }
  world.release(levels[2]);
  world.serve("LOCK.RELEASE a 5 REQUEST 4", integer(1));
  EXPECT_FALSE(levels[2]->is_held(world.now));
  EXPECT_TRUE(levels[0]->is_held(world.now));
  world.send(lost_notice(5));
  EXPECT_TRUE(levels[0]->alarm.is_lost());
  EXPECT_TRUE(levels[1]->alarm.is_lost());
  EXPECT_FALSE(levels[2]->alarm.is_lost());
}

TEST(ReentryTest, a_level_that_nobody_waited_for_is_found_and_given_back) {
  World world({.patience_ms = 1'000});
  world.open_session();
  const auto first = world.try_lock("a", {.owner = "o"});
  world.serve("LOCK.ACQUIRE a OWNER o REQUEST 1", granted(5));
  const auto second = world.try_lock("a", {.owner = "o"});
  EXPECT_EQ(world.next(), "LOCK.ACQUIRE a OWNER o REQUEST 2");
  world.advance(ms(1'000));
  EXPECT_TRUE(second.failed_with(ErrorCode::Unavailable));
  // The list has one grant, under the number of its first level; the number tells the rest.
  world.reconnect(attached({listed_grant(5, "a", 1)}));
  world.serve("SESSION.KEEPALIVE REQUEST 2", "-CONFLICT it was an acquire\r\n");
  world.attach(attached({listed_grant(5, "a", 1)}));
  world.serve("LOCK.ACQUIRE a OWNER o REQUEST 2", granted(5));
  world.serve("LOCK.RELEASE a 5 REQUEST 3", integer(1));
  EXPECT_TRUE(first.hold()->is_held(world.now));
}

}  // namespace
}  // namespace turnstile::client
