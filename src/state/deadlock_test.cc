// Deadlocks: found at once, never falsely, one victim at a time.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DeadlockTest, the_wait_that_closes_a_cycle_is_refused_and_told_why) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000, "alice");
  bob.open(10'000, "bob");
  alice.acquire("a", {.note = "transfer 12"});
  bob.acquire("b", {.note = "refund 77"});
  EXPECT_EQ(alice.acquire("b", {.wait = 5'000}), "waiting 5");
  const std::size_t entries = world.journal_size();
  EXPECT_EQ(bob.acquire("a", {.wait = 5'000}), "DEADLOCK");
  EXPECT_EQ(world.journal_size(), entries) << "a refusal writes nothing";
  EXPECT_EQ(world.sentence(),
            "waiting would never end: \"bob\" (session 2) waits for \"a\", held by \"alice\" "
            "(session 1) (\"transfer 12\"); \"alice\" (session 1) waits for \"b\", held by \"bob\" "
            "(session 2) (\"refund 77\")");
  bob.release("b", 4);
  EXPECT_EQ(world.events(), Events{"alice: granted 6"});
}

TEST(DeadlockTest, the_lowest_priority_gives_way) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("a");
  bob.acquire("b");
  alice.acquire("b", {.wait = 5'000, .ticket = "t"});
  EXPECT_EQ(bob.acquire("a", {.wait = 5'000, .priority = 1}), "waiting 6");
  EXPECT_EQ(world.events(), Events{"alice t: DEADLOCK"});
  alice.release("a", 3);
  EXPECT_EQ(world.events(), Events{"bob: granted 7"});
}

TEST(DeadlockTest, three_in_a_ring) {
  World world;
  Client a(world, "a"), b(world, "b"), c(world, "c");
  for (Client* client : {&a, &b, &c}) client->open(10'000);
  a.acquire("a");
  b.acquire("b");
  c.acquire("c");
  EXPECT_EQ(a.acquire("b", {.wait = 5'000}), "waiting 7");
  EXPECT_EQ(b.acquire("c", {.wait = 5'000}), "waiting 8");
  EXPECT_EQ(c.acquire("a", {.wait = 5'000}), "DEADLOCK");
}

TEST(DeadlockTest, a_try_is_never_a_deadlock) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("a");
  bob.acquire("b");
  alice.acquire("b", {.wait = 5'000});
  EXPECT_EQ(bob.acquire("a"), "BUSY");
}

TEST(DeadlockTest, several_keys_wait_behind_reservations_of_free_ones) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(10'000);
  alice.acquire("a");
  bob.acquire("b");
  // Carol reserves the free c; Bob waits for it behind her, and she waits for Alice.
  EXPECT_EQ(carol.acquire({exclusive("a"), exclusive("c")}, {.wait = 5'000}), "waiting 6");
  EXPECT_EQ(bob.acquire("c", {.wait = 5'000}), "waiting 7");
  EXPECT_EQ(alice.acquire("b", {.wait = 5'000}), "DEADLOCK");
  EXPECT_TRUE(contains(world.sentence(), "waits for \"c\", for which comes first session 3"))
      << world.sentence();
}

TEST(DeadlockTest, who_only_stands_between_is_no_victim) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), eve(world, "eve");
  for (Client* client : {&alice, &bob, &eve}) client->open(10'000);
  alice.acquire("a");
  bob.acquire("b");
  eve.acquire("b", {.wait = 5'000, .ticket = "e"});  // younger than none of the two, holds nothing
  alice.acquire("b", {.wait = 5'000, .priority = 0, .ticket = "t"});
  EXPECT_EQ(bob.acquire("a", {.wait = 5'000, .priority = 2}), "waiting 8");
  EXPECT_EQ(world.events(), Events{"alice t: DEADLOCK"})
      << "not eve, who would have changed nothing";
}

TEST(DeadlockTest, agents_of_one_session_are_told_apart) {
  World world;
  Client client(world, "client");
  client.open(10'000);
  client.acquire("a", {.agent = "t1"});
  client.acquire("b", {.agent = "t2"});
  EXPECT_EQ(client.acquire("b", {.wait = 5'000, .ticket = "1", .agent = "t1"}), "waiting 4");
  EXPECT_EQ(client.acquire("a", {.wait = 5'000, .ticket = "2", .agent = "t2"}), "DEADLOCK");
}

TEST(DeadlockTest, a_session_without_agents_does_not_wait_for_itself) {
  World world;
  Client client(world, "client");
  client.open(10'000);
  client.acquire("a");
  EXPECT_EQ(client.acquire("a", {.wait = 5'000, .ticket = "1"}), "waiting 3");
}

TEST(DeadlockTest, nor_for_itself_behind_another) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("a");
  bob.acquire("a", {.wait = 5'000});
  EXPECT_EQ(alice.acquire("a", {.wait = 5'000, .ticket = "1"}), "waiting 5");
}

TEST(DeadlockTest, a_session_that_waits_twice_without_agents_is_nobody) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(10'000);
  alice.acquire("a");
  bob.acquire("b");
  carol.acquire("c");
  alice.acquire("c", {.wait = 5'000, .ticket = "1"});
  EXPECT_EQ(alice.acquire("b", {.wait = 5'000, .ticket = "2"}), "waiting 8");
  EXPECT_EQ(bob.acquire("a", {.wait = 5'000, .ticket = "b"}), "waiting 9")
      << "alice may give a back in another thread";
  EXPECT_EQ(alice.cancel("1"), "1");
  EXPECT_EQ(world.events(), (Events{"alice 1: CANCELLED", "bob b: DEADLOCK"}))
      << "now she waits for one thing alone";
}

TEST(DeadlockTest, who_is_nobody_may_stand_between) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), eve(world, "eve");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("a");
  bob.acquire("b");
  eve.acquire("b", {.wait = 5'000, .lease = 1'000});
  EXPECT_EQ(alice.acquire("b", {.wait = 5'000}), "waiting 6");
  EXPECT_EQ(bob.acquire("a", {.wait = 5'000}), "DEADLOCK");
}

TEST(DeadlockTest, the_owner_is_the_agent_if_none_is_named) {
  World world;
  Client client(world, "client");
  client.open(10'000);
  client.acquire("a", {.owner = "t1"});
  client.acquire("b", {.owner = "t2"});
  EXPECT_EQ(client.acquire("b", {.wait = 5'000, .ticket = "1", .owner = "t1"}), "waiting 4");
  EXPECT_EQ(client.acquire("a", {.wait = 5'000, .ticket = "2", .owner = "t2"}), "DEADLOCK");
}

TEST(DeadlockTest, a_request_that_overtakes_may_close_a_cycle_by_being_granted) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("a");
  bob.acquire(std::vector{shared("s")});
  alice.acquire("s", {.wait = 5'000, .ticket = "w"});  // waits for the reader
  bob.release("s", 4);
  EXPECT_EQ(world.events(), Events{"alice w: granted 6"});
}

TEST(DeadlockTest, another_permit_may_be_enough) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(10'000);
  alice.acquire_permits("s", 2, 1);
  bob.acquire_permits("s", 0, 1);
  carol.acquire("x");
  EXPECT_EQ(carol.acquire_permits("s", 0, 1, {.wait = 5'000, .ticket = "c"}), "waiting 7");
  EXPECT_EQ(bob.acquire("x", {.wait = 5'000, .ticket = "b"}), "waiting 8")
      << "a cycle, but alice may release";
  EXPECT_EQ(alice.acquire("x", {.wait = 5'000}), "DEADLOCK") << "nobody is left who might";
  EXPECT_EQ(alice.say(command::SemRelease{"s", 4}), "1");
  EXPECT_EQ(world.events(), Events{"carol c: granted 9"});
}

TEST(DeadlockTest, a_large_request_may_need_all_permit_holders) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(10'000);
  alice.acquire_permits("s", 2, 1);
  bob.acquire_permits("s", 0, 1);
  carol.acquire("x");
  carol.acquire_permits("s", 0, 2, {.wait = 5'000, .ticket = "c"});
  EXPECT_EQ(bob.acquire("x", {.wait = 5'000}), "DEADLOCK");
}

TEST(DeadlockTest, a_hundred_thousand_waiters_on_one_key_do_not_matter) {
  auto machine = std::make_unique<Machine>();
  command::Entry entry;
  const auto apply = [&](std::uint64_t session, command::Command command, std::string ticket = "") {
    entry.index = machine->next_index();
    entry.origin = {"default", 1, session};
    entry.ticket = std::move(ticket);
    entry.command = std::move(command);
    return machine->apply(entry).reply;
  };
  const auto open = [&] {
    command::SessionOpen opening;
    opening.ttl = Duration::from_seconds(60);
    return std::get<command::Opened>(apply(0, opening)).session;
  };
  const auto acquire = [&](std::uint64_t session, std::string key, std::string agent) {
    command::LockAcquire request;
    request.keys = {exclusive(std::move(key))};
    request.wait = Duration::from_seconds(60);
    request.agent = agent;
    return apply(session, request, "ticket of " + agent);
  };
  const std::uint64_t holder = open();
  acquire(holder, "hot", "h");
  const std::uint64_t session = open();
  // Everybody waits for the hot key, and some hold what others wait for.
  for (int i = 0; i < 100'000; ++i) {
    const std::string agent = fmt::format("t{}", i);
    if (i % 1'000 == 0) acquire(session, "own of " + agent, agent);
    const auto reply = acquire(session, "hot", agent);
    ASSERT_TRUE(std::holds_alternative<command::Waiting>(reply)) << i;
  }
  acquire(session, "own of t3000", "somebody");
  const auto reply = acquire(holder, "own of t3000", "h");
  ASSERT_TRUE(std::holds_alternative<command::Refused>(reply));
  EXPECT_EQ(std::get<command::Refused>(reply).code, command::Code::Deadlock);
}

TEST(DeadlockTest, permits_are_missed_over_a_waiter_who_can_go) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol"), dave(world, "dave");
  for (Client* client : {&alice, &bob, &carol, &dave}) client->open(600'000);
  alice.acquire_permits("pool", 3, 1);
  bob.acquire_permits("pool", 0, 1);
  EXPECT_EQ(dave.acquire("k"), "granted 7");
  EXPECT_EQ(carol.acquire_permits("pool", 0, 2, {.wait = 60'000}), "waiting 8");
  EXPECT_EQ(dave.acquire_permits("pool", 0, 3, {.wait = 60'000}), "waiting 9");
  // Carol goes when bob has left; dave needs alice's permit as well, and she waits for him.
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000}), "DEADLOCK");
  bob.run("SEM.RELEASE pool 6");
  EXPECT_EQ(world.events(), Events{"carol: granted 10"});
}

TEST(DeadlockTest, who_is_nobody_can_come_between_readers) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol"), dave(world, "dave");
  for (Client* client : {&alice, &bob, &carol}) client->open(600'000);
  alice.acquire(std::vector{shared("b")});
  bob.acquire("a");
  carol.acquire("c");
  EXPECT_EQ(alice.acquire("a", {.wait = 60'000}), "waiting 7");
  EXPECT_EQ(bob.acquire({shared("b"), exclusive("c")}, {.wait = 60'000}), "waiting 8");
  // The writer goes before bob and waits for alice, who waits for bob.
  EXPECT_EQ(dave.acquire("b", {.wait = 60'000, .lease = 1'000, .priority = 9}), "waiting 9");
  EXPECT_EQ(world.events(), Events{"bob: DEADLOCK"});
}

}  // namespace
}  // namespace state
