// A request for several keys: one grant for all of them, and a place kept in
// the queue of each until then.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

class SeveralKeysTest : public testing::Test {
 protected:
  SeveralKeysTest() {
    for (Client* client : {&a, &b, &c}) client->open(86'400'000);
  }

  World world;
  Client a{world, "a"}, b{world, "b"}, c{world, "c"};
};

TEST_F(SeveralKeysTest, one_token_covers_all_keys) {
  EXPECT_EQ(a.acquire({exclusive("x"), exclusive("y"), shared("z")}), "granted 4");
  for (const char* key : {"x", "y", "z"}) EXPECT_EQ(b.check(key, 4), "1");
}

TEST_F(SeveralKeysTest, a_release_by_one_key_ends_the_whole_grant) {
  a.acquire({exclusive("x"), exclusive("y")});
  EXPECT_EQ(a.release("y", 4), "1");
  EXPECT_EQ(a.release("x", 4), "0");
  EXPECT_EQ(b.acquire({exclusive("x"), exclusive("y")}), "granted 6");
}

TEST_F(SeveralKeysTest, a_try_that_cannot_have_all_takes_none) {
  a.acquire("y");
  EXPECT_EQ(b.acquire({exclusive("x"), exclusive("y")}), "BUSY");
  EXPECT_EQ(c.acquire("x"), "granted 5");
}

TEST_F(SeveralKeysTest, a_waiter_gets_all_in_the_entry_that_frees_the_last) {
  a.acquire("x");
  b.acquire("y");
  EXPECT_EQ(c.acquire({exclusive("x"), exclusive("y")}, {.wait = 60'000}), "waiting 6");
  a.release("x", 4);
  EXPECT_EQ(world.events(), Events{});
  b.release("y", 5);
  EXPECT_EQ(world.events(), Events{"c: granted 8"});
  EXPECT_EQ(c.check("x", 8), "1");
  EXPECT_EQ(c.check("y", 8), "1");
}

TEST_F(SeveralKeysTest, a_waiter_reserves_its_free_keys_against_later_requests) {
  a.acquire("x");
  b.acquire({exclusive("x"), exclusive("y")}, {.wait = 60'000});
  EXPECT_EQ(c.acquire("y"), "BUSY");
  EXPECT_NE(c.info("y").find("state: reserved"), std::string::npos);
  EXPECT_EQ(c.acquire("y", {.wait = 60'000}), "waiting 6");
  a.release("x", 4);
  EXPECT_EQ(world.events(), Events{"b: granted 7"});
  b.release("x", 7);
  EXPECT_EQ(world.events(), Events{"c: granted 8"});
}

TEST_F(SeveralKeysTest, a_shared_reservation_keeps_out_only_the_exclusive) {
  a.acquire("x");
  b.acquire({exclusive("x"), shared("y")}, {.wait = 60'000});
  EXPECT_EQ(c.acquire("y"), "BUSY");
  EXPECT_EQ(c.acquire({shared("y")}), "granted 6");
  a.release("x", 4);
  EXPECT_EQ(world.events(), Events{"b: granted 7"}) << "beside the other reader";
}

TEST_F(SeveralKeysTest, a_stream_of_small_requests_cannot_starve_a_large_one) {
  a.acquire("x");
  b.acquire("y");
  c.acquire({exclusive("x"), exclusive("y")}, {.wait = 600'000});
  std::uint64_t x = 4, y = 5;
  a.acquire("x", {.wait = 600'000});
  b.acquire("y", {.wait = 600'000});
  a.release("x", x);
  b.release("y", y);
  EXPECT_EQ(world.events(), Events{"c: granted 10"});
}

TEST_F(SeveralKeysTest, opposite_transfers_cannot_deadlock) {
  EXPECT_EQ(a.acquire({exclusive("acct/A"), exclusive("acct/B")}, {.wait = 60'000}), "granted 4");
  EXPECT_EQ(b.acquire({exclusive("acct/B"), exclusive("acct/A")}, {.wait = 60'000}), "waiting 5");
  EXPECT_EQ(c.acquire({exclusive("acct/A"), exclusive("acct/B")}, {.wait = 60'000}), "waiting 6");
  a.release("acct/A", 4);
  EXPECT_EQ(world.events(), Events{"b: granted 7"});
  b.release("acct/A", 7);
  EXPECT_EQ(world.events(), Events{"c: granted 8"});
}

TEST_F(SeveralKeysTest, one_entry_can_hand_on_to_several_that_do_not_conflict) {
  a.acquire({exclusive("x"), exclusive("y")});
  c.acquire("y", {.wait = 60'000});
  b.acquire("x", {.wait = 60'000});
  a.release("x", 4);
  EXPECT_EQ(world.events(), (Events{"c: granted 7", "b: granted 8"})) << "in order of arrival";
}

TEST_F(SeveralKeysTest, a_waiter_that_leaves_frees_what_it_had_reserved) {
  a.acquire("x");
  b.acquire({exclusive("x"), exclusive("y")}, {.wait = 60'000, .ticket = "t"});
  c.acquire("y", {.wait = 60'000});
  EXPECT_EQ(b.cancel("t"), "1");
  EXPECT_EQ(world.events(), (Events{"b t: CANCELLED", "c: granted 7"}));
}

TEST_F(SeveralKeysTest, the_lease_of_a_grant_ends_it_on_all_keys) {
  a.acquire({exclusive("x"), exclusive("y")}, {.lease = 500});
  world.advance(500);
  EXPECT_EQ(b.acquire({exclusive("x"), exclusive("y")}), "granted 6");
  EXPECT_EQ(a.release("x", 4), "STALE expired");
  EXPECT_EQ(a.release("y", 4), "STALE expired");
}

}  // namespace
}  // namespace state
