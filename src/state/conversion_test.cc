// Upgrading, downgrading, and entering again.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

TEST(ConversionTest, the_only_reader_is_upgraded_at_once_under_a_new_token) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  alice.acquire(std::vector{shared("k")});
  EXPECT_EQ(alice.upgrade("k", 2), "granted 3");
  EXPECT_EQ(alice.check("k", 2), "0");
  EXPECT_EQ(alice.check("k", 3), "1");
  EXPECT_EQ(alice.release("k", 2), "STALE upgraded");
  EXPECT_EQ(bob.acquire(std::vector{shared("k")}, {.lease = 1'000}), "BUSY");
  EXPECT_EQ(alice.upgrade("k", 3), "granted 3") << "it is exclusive already";
  EXPECT_EQ(alice.release("k", 3), "1");
}

TEST(ConversionTest, an_upgrade_goes_before_all_who_wait) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(60'000);
  alice.acquire(std::vector{shared("k")});
  bob.acquire(std::vector{shared("k")});
  carol.acquire("k", {.wait = 5'000, .priority = 9});
  EXPECT_EQ(alice.upgrade("k", 4, 5'000), "waiting 7");
  bob.release("k", 5);
  EXPECT_EQ(world.events(), Events{"alice: granted 8"});
  alice.release("k", 8);
  EXPECT_EQ(world.events(), Events{"carol: granted 9"});
}

TEST(ConversionTest, of_two_upgraders_one_is_told_of_the_deadlock_and_keeps_its_hold) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire(std::vector{shared("k")});
  bob.acquire(std::vector{shared("k")});
  EXPECT_EQ(alice.upgrade("k", 3, 5'000), "waiting 5");
  EXPECT_EQ(bob.upgrade("k", 4, 5'000), "DEADLOCK");
  EXPECT_EQ(bob.check("k", 4), "1");
  bob.release("k", 4);
  EXPECT_EQ(world.events(), Events{"alice: granted 6"});
}

TEST(ConversionTest, a_refused_upgrade_leaves_hold_and_token) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire(std::vector{shared("k")});
  bob.acquire(std::vector{shared("k")});
  EXPECT_EQ(alice.upgrade("k", 3), "BUSY");
  alice.upgrade("k", 3, 1'000);
  world.advance(1'000);
  EXPECT_EQ(world.events(), Events{"alice: BUSY"});
  EXPECT_EQ(alice.check("k", 3), "1");
}

TEST(ConversionTest, an_upgrade_ends_with_its_hold) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire(std::vector{shared("k")}, {.lease = 500});
  bob.acquire(std::vector{shared("k")});
  alice.upgrade("k", 3, 5'000);
  world.advance(500);
  EXPECT_EQ(world.events(), (Events{"alice: lost 3", "alice: STALE expired"}));
}

TEST(ConversionTest, a_repeated_upgrade_is_answered_alike) {
  World world;
  Client alice(world, "alice");
  alice.open(60'000);
  alice.acquire(std::vector{shared("k")}, {.request = 1});
  EXPECT_EQ(alice.upgrade("k", 2, 0, 2), "granted 3");
  EXPECT_EQ(alice.upgrade("k", 2, 0, 2), "granted 3");
  EXPECT_EQ(alice.acquire(std::vector{shared("k")}, {.request = 1}), "LOST");
}

TEST(ConversionTest, all_keys_of_the_grant_get_the_new_token) {
  World world;
  Client alice(world, "alice");
  alice.open(60'000);
  alice.acquire({shared("a"), shared("b"), exclusive("c")});
  EXPECT_EQ(alice.upgrade("b", 2), "granted 3");
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(alice.check(key, 3), "1") << key;
  EXPECT_EQ(alice.upgrade("a", 3), "granted 4");
}

TEST(ConversionTest, a_downgrade_keeps_the_token_and_lets_readers_in) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(60'000);
  alice.acquire("k");
  bob.acquire(std::vector{shared("k")}, {.wait = 5'000});
  carol.acquire("k", {.wait = 5'000});
  EXPECT_EQ(alice.downgrade("k", 4), "renewed 4");
  EXPECT_EQ(world.events(), Events{"bob: granted 7"});
  EXPECT_EQ(alice.check("k", 4), "1");
  bob.release("k", 7);
  EXPECT_EQ(world.events(), Events{}) << "a writer does not enter while the downgraded one reads";
  alice.release("k", 4);
  EXPECT_EQ(world.events(), Events{"carol: granted 9"});
}

TEST(ConversionTest, a_downgrade_beside_readers_of_another_key) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire({shared("a"), exclusive("b")});
  bob.acquire(std::vector{shared("a")});
  EXPECT_EQ(alice.downgrade("b", 3), "renewed 3");
  EXPECT_EQ(bob.acquire(std::vector{shared("b")}), "granted 6");
}

TEST(OwnerTest, an_owner_enters_again_with_the_same_token_and_leaves_as_often) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  EXPECT_EQ(alice.acquire("k", {.owner = "t1"}), "granted 3");
  EXPECT_EQ(alice.acquire("k", {.owner = "t1"}), "granted 3");
  EXPECT_EQ(alice.acquire(std::vector{shared("k")}, {.owner = "t1"}), "granted 3");
  EXPECT_EQ(bob.acquire("k", {.wait = 60'000}), "waiting 6");
  EXPECT_EQ(alice.release("k", 3), "1");
  EXPECT_EQ(alice.release("k", 3), "1");
  EXPECT_EQ(world.events(), Events{});
  EXPECT_EQ(alice.release("k", 3), "1");
  EXPECT_EQ(world.events(), Events{"bob: granted 9"});
  EXPECT_EQ(alice.release("k", 3), "0");
}

TEST(OwnerTest, a_repeated_entry_counts_once) {
  World world;
  Client alice(world, "alice");
  alice.open(60'000);
  alice.acquire("k", {.request = 1, .owner = "t1"});
  EXPECT_EQ(alice.acquire("k", {.request = 2, .owner = "t1"}), "granted 2");
  EXPECT_EQ(alice.acquire("k", {.request = 2, .owner = "t1"}), "granted 2");
  EXPECT_EQ(alice.release("k", 2, 3), "1");
  EXPECT_EQ(alice.release("k", 2, 3), "1") << "the repeat gives nothing back";
  EXPECT_EQ(alice.check("k", 2), "1");
  EXPECT_EQ(alice.release("k", 2, 4), "1");
  EXPECT_EQ(alice.check("k", 2), "0");
}

// Complaint: C13 (docs/complaints.md).
TEST(OwnerTest, two_owners_exclude_each_other_and_so_do_two_threads_without) {
  World world;
  Client alice(world, "alice"), other(world, "other");
  alice.open(60'000);
  alice.acquire("k", {.owner = "t1"});
  EXPECT_EQ(alice.acquire("k", {.owner = "t2"}), "BUSY");
  EXPECT_EQ(alice.acquire("k"), "BUSY");
  other.open(60'000);
  EXPECT_EQ(other.acquire("k", {.owner = "t1"}), "BUSY") << "an owner is one of its session's";
}

TEST(OwnerTest, what_one_grant_does_not_cover_is_refused_at_once) {
  World world;
  Client alice(world, "alice");
  alice.open(60'000);
  alice.acquire(std::vector{shared("a")}, {.owner = "t1"});
  EXPECT_EQ(alice.acquire("a", {.wait = 5'000, .owner = "t1"}), "CONFLICT");
  alice.acquire("b", {.owner = "t1"});
  EXPECT_EQ(alice.acquire({exclusive("b"), exclusive("c")}, {.wait = 5'000, .owner = "t1"}),
            "CONFLICT");
  EXPECT_EQ(alice.acquire(std::vector{shared("a")}, {.owner = "t1"}), "granted 2");
}

TEST(OwnerTest, names_need_a_session) {
  World world;
  Client alice(world, "alice");
  EXPECT_EQ(alice.acquire("k", {.lease = 1'000, .owner = "t1"}), "ERR");
  EXPECT_EQ(alice.acquire("k", {.lease = 1'000, .agent = "t1"}), "ERR");
}

}  // namespace
}  // namespace state
