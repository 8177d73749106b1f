// How long a grant lasts without a sign of life, and who is told its end.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

Duration ms(std::int64_t n) { return Duration::from_ms(n); }

TEST(LeaseTest, a_lease_ends_the_grant_at_its_time_and_not_before) {
  World world;
  Client pool(world, "pool"), other(world, "other");
  EXPECT_EQ(pool.acquire("k", {.lease = 1'000}), "granted 1");
  world.advance(999);
  EXPECT_EQ(other.acquire("k", {.lease = 1'000}), "BUSY");
  world.advance(1);
  EXPECT_EQ(world.events(), Events{"pool: lost 1"});
  EXPECT_EQ(other.acquire("k", {.lease = 1'000}), "granted 3");
}

TEST(LeaseTest, the_notice_of_a_lost_lease_names_token_keys_and_cause) {
  World world;
  Client pool(world, "pool");
  pool.acquire({exclusive("x"), exclusive("y")}, {.lease = 1'000});
  world.advance(1'000);
  const auto& notice = std::get<command::Notice>(world.outcome().events.at(0));
  EXPECT_EQ(notice.kind, "lost");
  EXPECT_EQ(notice.connection, pool.connection());
  EXPECT_EQ(text_of(command::Value(notice.details)), "{token: 1, keys: [x, y], cause: expired}");
}

TEST(LeaseTest, the_lease_answered_is_what_remains_of_lease_or_session) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  alice.acquire("a");
  EXPECT_EQ(world.reply<command::Granted>().lease, ms(10'000));
  alice.acquire("b", {.lease = 3'000});
  EXPECT_EQ(world.reply<command::Granted>().lease, ms(3'000));
  alice.acquire("c", {.lease = 30'000});
  EXPECT_EQ(world.reply<command::Granted>().lease, ms(10'000)) << "the slack is not the client's";
}

TEST(LeaseTest, a_lease_shorter_than_the_session_is_not_renewed_by_keepalive) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  alice.acquire("k", {.lease = 2'000});
  world.advance(1'500);
  alice.keep_alive();
  world.advance(500);
  EXPECT_EQ(world.events(), Events{"alice: lost 2"});
  EXPECT_EQ(alice.release("k", 2), "STALE expired");
}

TEST(LeaseTest, a_lease_longer_than_the_session_ends_with_the_session) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(1'000);
  alice.acquire("k", {.lease = 60'000});
  world.advance(1'600);
  EXPECT_EQ(world.events(), Events{"session 1 expired"});
  EXPECT_EQ(bob.release("k", 2), "STALE expired");
}

TEST(LeaseTest, renew_counts_from_now_and_may_shorten) {
  World world;
  Client pool(world, "pool");
  pool.acquire("k", {.lease = 1'000});
  world.advance(900);
  EXPECT_EQ(pool.renew("k", 1, 1'000), "renewed 1");
  EXPECT_EQ(world.reply<command::Renewed>().lease, ms(1'000));
  world.advance(999);
  EXPECT_EQ(pool.check("k", 1), "1");
  pool.renew("k", 1, 10);
  world.advance(10);
  EXPECT_EQ(pool.check("k", 1), "0");
}

// Complaint: C24 (docs/complaints.md).
TEST(LeaseTest, renew_gives_a_lease_to_a_grant_that_had_none) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  alice.acquire("k");
  EXPECT_EQ(alice.renew("k", 2, 500), "renewed 2");
  EXPECT_EQ(world.reply<command::Renewed>().lease, ms(500));
  world.advance(500);
  EXPECT_EQ(alice.check("k", 2), "0");
}

TEST(LeaseTest, the_lease_of_a_waiter_starts_with_its_grant) {
  World world;
  Client pool(world, "pool"), other(world, "other");
  pool.acquire("k", {.lease = 5'000});
  other.acquire("k", {.wait = 60'000, .lease = 1'000});
  world.advance(5'000);
  EXPECT_EQ(world.events(), (Events{"pool: lost 1", "other: granted 3"}));
  world.advance(999);
  EXPECT_EQ(other.check("k", 3), "1");
  world.advance(1);
  EXPECT_EQ(other.check("k", 3), "0");
}

TEST(LeaseTest, all_that_is_due_ends_in_one_tick_in_the_order_of_its_deadlines) {
  World world;
  Client pool(world, "pool"), other(world, "other"), waiter(world, "waiter");
  pool.acquire("a", {.lease = 2'000});
  other.acquire("b", {.lease = 1'000});
  waiter.acquire("b", {.wait = 1'500, .lease = 1'000});
  world.skip(3'000);
  world.tick();
  EXPECT_EQ(world.events(), (Events{"other: lost 2", "waiter: BUSY", "pool: lost 1"}));
}

TEST(LeaseTest, a_tick_before_its_time_changes_nothing) {
  World world;
  Client alice(world, "alice");
  world.tick();
  EXPECT_FALSE(world.outcome().changed);
  alice.open(10'000);
  world.advance(5'000);
  alice.keep_alive();
  world.skip(7'000);  // where the session would have ended without the renewal
  world.tick();
  EXPECT_FALSE(world.outcome().changed);
  EXPECT_EQ(world.machine().next_deadline(), Time() + ms(17'000));
}

TEST(LeaseTest, nothing_is_due_when_nothing_can_end) {
  World world;
  EXPECT_EQ(world.machine().next_deadline(), Time::never());
  Client pool(world, "pool");
  pool.acquire("k", {.lease = 1'000});
  EXPECT_EQ(world.machine().next_deadline(), Time() + ms(1'000));
  pool.release("k", 1);
  EXPECT_EQ(world.machine().next_deadline(), Time::never());
}

}  // namespace
}  // namespace state
