// Who gets a lock, what a refusal costs, and who may give it back.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

using command::Code;

TEST(AcquireTest, a_key_has_one_exclusive_holder) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  EXPECT_EQ(alice.open(10'000), "session 1");
  EXPECT_EQ(bob.open(10'000), "session 2");
  EXPECT_EQ(alice.acquire("acct/1"), "granted 3");
  EXPECT_EQ(bob.acquire("acct/1"), "BUSY");
  EXPECT_EQ(bob.acquire({shared("acct/1")}), "BUSY");
  EXPECT_EQ(alice.acquire("acct/1"), "BUSY") << "a lock is not re-entrant";
}

TEST(AcquireTest, shared_holders_keep_out_only_the_exclusive) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  alice.open(10'000);
  bob.open(10'000);
  carol.open(10'000);
  EXPECT_EQ(alice.acquire({shared("rates")}), "granted 4");
  EXPECT_EQ(bob.acquire({shared("rates")}), "granted 5");
  EXPECT_EQ(carol.acquire("rates"), "BUSY");
  EXPECT_EQ(alice.release("rates", 4), "1");
  EXPECT_EQ(carol.acquire("rates"), "BUSY");
  EXPECT_EQ(bob.release("rates", 5), "1");
  EXPECT_EQ(carol.acquire("rates"), "granted 8");
}

// Complaint: J3 (docs/complaints.md).
TEST(AcquireTest, a_token_is_the_index_of_its_entry_and_only_grows) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  std::uint64_t before = 0;
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t index = world.machine().next_index();
    alice.acquire("acct/1");
    const std::uint64_t token = world.reply<command::Granted>().token;
    EXPECT_EQ(token, index);
    EXPECT_GT(token, before);
    before = token;
    alice.release("acct/1", token);
  }
}

// Complaint: J4 (docs/complaints.md).
TEST(AcquireTest, an_entry_that_grants_several_gives_each_a_token_of_its_own) {
  World world;
  Client writer(world, "writer"), a(world, "a"), b(world, "b"), c(world, "c");
  for (Client* client : {&writer, &a, &b, &c}) client->open(60'000);
  EXPECT_EQ(writer.acquire("rates"), "granted 5");
  for (Client* client : {&a, &b, &c}) client->acquire({shared("rates")}, {.wait = 60'000});
  world.events();
  EXPECT_EQ(writer.release("rates", 5), "1");
  EXPECT_EQ(world.events(), (Events{"a: granted 9", "b: granted 10", "c: granted 11"}));
  EXPECT_EQ(world.machine().next_index(), 12U);
  EXPECT_EQ(writer.keep_alive(), "session 1");
  EXPECT_EQ(world.machine().last_index(), 12U);
}

TEST(AcquireTest, a_refused_try_writes_nothing) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("acct/1");
  const std::size_t entries = world.journal_size();
  EXPECT_EQ(bob.acquire("acct/1", {.request = 1}), "BUSY");
  EXPECT_FALSE(world.outcome().changed);
  EXPECT_EQ(bob.acquire("acct/1"), "BUSY");
  EXPECT_EQ(world.journal_size(), entries);
}

TEST(AcquireTest, a_read_writes_nothing) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  alice.acquire("acct/1");
  const std::size_t entries = world.journal_size();
  alice.check("acct/1", 2);
  alice.info("acct/1");
  alice.info("acct/2");
  alice.say(command::LockList{});
  alice.say(command::SessionInfo{});
  alice.say(command::SessionList{});
  alice.disconnect();
  world.tick();
  EXPECT_EQ(world.journal_size(), entries);
}

TEST(AcquireTest, a_release_gives_back_once) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("acct/1");
  EXPECT_EQ(alice.release("acct/1", 3), "1");
  EXPECT_EQ(alice.release("acct/1", 3), "0");
  bob.acquire("acct/1");
  EXPECT_EQ(alice.release("acct/1", 3), "0") << "whoever holds now";
  EXPECT_EQ(bob.check("acct/1", world.machine().last_index()), "1");
}

TEST(AcquireTest, only_the_holder_can_release_or_renew) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), nobody(world, "nobody");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("acct/1");
  for (Client* other : {&bob, &nobody}) {
    EXPECT_EQ(other->release("acct/1", 3), "NOTHOLDER");
    EXPECT_EQ(other->renew("acct/1", 3, 1000), "NOTHOLDER");
  }
  bob.user("mallory").join(alice.session());
  EXPECT_EQ(bob.release("acct/1", 3), "NOSESSION");
  EXPECT_EQ(alice.check("acct/1", 3), "1");
}

TEST(AcquireTest, a_sessionless_grant_belongs_to_its_user_and_token) {
  World world;
  Client pool(world, "pool"), other(world, "other"), mallory(world, "mallory");
  mallory.user("mallory");
  EXPECT_EQ(pool.acquire("acct/1"), "ERR") << "without a session LEASE is required";
  EXPECT_EQ(pool.acquire("acct/1", {.lease = 5'000}), "granted 1");
  EXPECT_EQ(mallory.release("acct/1", 1), "NOTHOLDER");
  EXPECT_EQ(other.renew("acct/1", 1, 9'000), "renewed 1") << "any connection of the user";
  EXPECT_EQ(other.release("acct/1", 1), "1");
}

TEST(AcquireTest, a_stale_token_is_told_the_cause) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  EXPECT_EQ(alice.acquire("acct/1", {.lease = 1'000}), "granted 2");
  EXPECT_EQ(alice.acquire("acct/2"), "granted 3");
  world.advance(1'000);
  EXPECT_EQ(alice.release("acct/1", 2), "STALE expired");
  EXPECT_EQ(alice.renew("acct/1", 2, 1'000), "STALE expired");
  EXPECT_EQ(alice.release("acct/1", 77), "STALE unknown");
  EXPECT_EQ(alice.release("acct/1", 3), "STALE unknown") << "a live grant, but on another key";
  EXPECT_EQ(alice.release("acct/2", 3), "1");
  EXPECT_EQ(alice.renew("acct/2", 3, 1'000), "STALE released");
}

TEST(AcquireTest, the_end_of_a_session_makes_its_tokens_stale) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  alice.open(10'000);
  bob.open(10'000);
  carol.open(86'400'000);
  alice.acquire("acct/1");
  bob.acquire("acct/2");
  EXPECT_EQ(alice.close(), "OK");
  EXPECT_EQ(carol.release("acct/1", 4), "0") << "a close is a clean release";
  EXPECT_EQ(carol.renew("acct/1", 4, 1000), "STALE released");
  world.advance(60'000);
  EXPECT_EQ(carol.release("acct/2", 5), "STALE expired");
}

TEST(AcquireTest, check_is_true_for_each_live_grant_on_the_key) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire({shared("rates"), exclusive("acct/1")});
  bob.acquire({shared("rates")});
  EXPECT_EQ(bob.check("rates", 3), "1");
  EXPECT_EQ(bob.check("rates", 4), "1");
  EXPECT_EQ(bob.check("acct/1", 3), "1");
  EXPECT_EQ(bob.check("acct/1", 4), "0");
  EXPECT_EQ(bob.check("rates", 5), "0");
  alice.release("rates", 3);
  EXPECT_EQ(bob.check("acct/1", 3), "0");
}

TEST(AcquireTest, a_dead_session_is_refused_and_changes_nothing) {
  World world;
  Client alice(world, "alice");
  alice.open(1'000);
  alice.acquire("acct/1");
  world.advance(10'000);
  EXPECT_EQ(alice.acquire("acct/1"), "NOSESSION");
  EXPECT_EQ(alice.release("acct/1", 2), "NOSESSION");
  EXPECT_EQ(alice.renew("acct/1", 2, 1'000), "NOSESSION");
  EXPECT_EQ(alice.cancel("t"), "NOSESSION");
  EXPECT_EQ(alice.keep_alive(), "NOSESSION");
  EXPECT_EQ(alice.attach(), "NOSESSION");
  EXPECT_EQ(alice.close(), "NOSESSION");
  EXPECT_FALSE(world.outcome().changed);
}

}  // namespace
}  // namespace state
