// Withdrawing a wait by its ticket.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

TEST(CancelTest, a_cancelled_wait_is_told_and_never_granted) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.acquire("k", {.lease = 60'000});
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  EXPECT_EQ(alice.cancel("t"), "1");
  EXPECT_EQ(world.events(), Events{"alice t: CANCELLED"});
  bob.release("k", 2);
  EXPECT_EQ(world.events(), Events{});
}

TEST(CancelTest, what_is_decided_already_cannot_be_cancelled) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.acquire("k", {.lease = 60'000});
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  bob.release("k", 2);
  EXPECT_EQ(world.events(), Events{"alice t: granted 4"});
  EXPECT_EQ(alice.cancel("t"), "0");
  EXPECT_FALSE(world.outcome().changed);
  EXPECT_EQ(alice.cancel("never"), "0");
}

TEST(CancelTest, a_ticket_is_the_sessions_own) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), holder(world, "holder");
  alice.open(60'000);
  bob.open(60'000);
  holder.acquire("k", {.lease = 60'000});
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  EXPECT_EQ(bob.cancel("t"), "0");
  EXPECT_EQ(bob.acquire("k", {.wait = 60'000, .ticket = "t"}), "waiting 5");
  alice.reconnect();
  EXPECT_EQ(alice.cancel("t"), "1") << "over another connection of the session";
}

TEST(CancelTest, without_a_session_a_ticket_is_the_connections_own) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), holder(world, "holder");
  holder.acquire("k", {.lease = 60'000});
  alice.acquire("k", {.wait = 60'000, .lease = 1'000, .ticket = "t"});
  bob.acquire("k", {.wait = 60'000, .lease = 1'000, .ticket = "t"});
  EXPECT_EQ(bob.cancel("t"), "1");
  EXPECT_EQ(bob.cancel("t"), "0");
  EXPECT_EQ(alice.cancel("t"), "1");
}

TEST(CancelTest, a_ticket_in_use_is_a_conflict_until_its_wait_is_over) {
  World world;
  Client alice(world, "alice"), holder(world, "holder");
  alice.open(60'000);
  holder.acquire("k", {.lease = 60'000});
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  EXPECT_EQ(alice.acquire("j", {.wait = 60'000, .ticket = "t"}), "CONFLICT");
  alice.cancel("t");
  EXPECT_EQ(alice.acquire("j", {.wait = 60'000, .ticket = "t"}), "granted 5");
}

}  // namespace
}  // namespace state
