// Semaphores and elections.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

TEST(SemaphoreTest, as_many_permits_as_the_limit) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  EXPECT_EQ(alice.acquire_permits("s", 0, 1), "ERR") << "the first one says the limit";
  EXPECT_EQ(alice.acquire_permits("s", 3, 2), "granted 3");
  EXPECT_EQ(bob.acquire_permits("s", 2, 1), "CONFLICT");
  EXPECT_EQ(bob.acquire_permits("s", 3, 4), "LIMIT");
  EXPECT_EQ(bob.acquire_permits("s", 0, 2), "BUSY");
  EXPECT_EQ(world.sentence(), "\"s\" has 2 of 3 permits out");
  EXPECT_EQ(bob.acquire_permits("s", 3, 1), "granted 4");
  EXPECT_EQ(alice.say(command::SemRelease{"s", 3}), "1");
  EXPECT_EQ(alice.say(command::SemRelease{"s", 3}), "0");
  EXPECT_EQ(bob.acquire_permits("s", 0, 2), "granted 6");
}

// Complaint: T25 (docs/complaints.md).
TEST(SemaphoreTest, a_large_request_is_not_passed_by_small_ones) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(60'000);
  alice.acquire_permits("s", 3, 2);
  bob.acquire_permits("s", 0, 3, {.wait = 5'000});
  EXPECT_EQ(carol.acquire_permits("s", 0, 1, {.wait = 5'000}), "waiting 6");
  alice.say(command::SemRelease{"s", 4});
  EXPECT_EQ(world.events(), Events{"bob: granted 7"});
  bob.say(command::SemRelease{"s", 7});
  EXPECT_EQ(world.events(), Events{"carol: granted 8"});
}

// Complaints: C32, T46 (docs/complaints.md).
TEST(SemaphoreTest, hundreds_who_wait_are_served_in_their_order) {
  World world;
  Client holder(world, "holder"), crowd(world, "crowd");
  holder.open(3'600'000);
  crowd.open(3'600'000);
  holder.acquire_permits("s", 2, 2);
  constexpr int kWaiting = 200;
  for (int n = 0; n < kWaiting; ++n) {
    crowd.acquire_permits("s", 0, 2, {.wait = 600'000, .ticket = fmt::format("t{}", n)});
  }
  std::uint64_t token = 3;
  for (int n = 0; n < kWaiting; ++n) {
    world.events();
    EXPECT_EQ((n == 0 ? holder : crowd).say(command::SemRelease{"s", token}), "1");
    token = world.machine().last_index();
    EXPECT_EQ(world.events(), Events{fmt::format("crowd t{}: granted {}", n, token)});
  }
}

TEST(SemaphoreTest, several_are_handed_on_in_one_entry) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(60'000);
  alice.acquire_permits("s", 3, 3);
  bob.acquire_permits("s", 0, 1, {.wait = 5'000});
  carol.acquire_permits("s", 0, 2, {.wait = 5'000});
  alice.say(command::SemRelease{"s", 4});
  EXPECT_EQ(world.events(), (Events{"bob: granted 7", "carol: granted 8"}));
}

TEST(SemaphoreTest, a_greater_limit_lets_more_in_and_a_smaller_one_takes_nothing_away) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire_permits("s", 1, 1);
  bob.acquire_permits("s", 0, 1, {.wait = 5'000});
  EXPECT_EQ(alice.say(command::SemResize{"s", 2}), "OK");
  EXPECT_EQ(world.events(), Events{"bob: granted 5"});
  EXPECT_EQ(alice.acquire_permits("s", 0, 2, {.wait = 5'000, .ticket = "t"}), "waiting 6");
  EXPECT_EQ(alice.say(command::SemResize{"s", 1}), "OK");
  EXPECT_EQ(world.events(), Events{"alice t: LIMIT"});
  EXPECT_EQ(bob.say(command::SemRelease{"s", 5}), "1");
  EXPECT_EQ(bob.acquire_permits("s", 1, 1), "BUSY");
}

TEST(SemaphoreTest, it_ends_with_its_lease_and_its_session) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  bob.open(600'000);
  alice.acquire_permits("s", 1, 1, {.lease = 100});
  bob.acquire_permits("s", 0, 1, {.wait = 5'000});
  world.advance(100);
  EXPECT_EQ(world.events(), (Events{"alice: lost 2", "bob: granted 4"}));
}

TEST(SemaphoreTest, an_unused_one_is_forgotten_after_a_day) {
  World world;
  Client alice(world, "alice");
  alice.acquire_permits("s", 3, 1, {.lease = 100});
  world.advance(100);
  world.advance(86'399'999);
  EXPECT_EQ(alice.acquire_permits("s", 4, 1, {.lease = 100}), "CONFLICT");
  world.advance(1);
  EXPECT_EQ(alice.acquire_permits("s", 4, 1, {.lease = 100}), "granted 4");
}

TEST(SemaphoreTest, how_many_there_may_be) {
  World world;
  Client alice(world, "alice");
  command::Rules rules;
  rules.limits.semaphores = 1;
  world.configure(rules);
  EXPECT_EQ(alice.acquire_permits("a", 1, 1, {.lease = 100}), "granted 2");
  EXPECT_EQ(alice.acquire_permits("b", 1, 1, {.lease = 100}), "LIMIT");
  EXPECT_EQ(alice.say(command::SemResize{"b", 1}), "LIMIT");
}

TEST(SemaphoreTest, locks_semaphores_and_elections_are_name_spaces_of_their_own) {
  World world;
  Client alice(world, "alice");
  alice.open(60'000);
  EXPECT_EQ(alice.acquire("n"), "granted 2");
  EXPECT_EQ(alice.acquire_permits("n", 1, 1), "granted 3");
  EXPECT_EQ(alice.campaign("n", "host"), "granted 4");
  EXPECT_EQ(alice.release("n", 3), "STALE unknown");
  EXPECT_EQ(alice.say(command::ElectionResign{"n", 2}), "STALE unknown");
}

TEST(ElectionTest, the_next_candidate_leads_and_all_is_told) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(60'000, "alice");
  bob.open(60'000, "bob");
  EXPECT_EQ(alice.campaign("e", "host-1"), "granted 3");
  EXPECT_EQ(world.events(),
            Events{"leader of e: {election: e, state: led, value: host-1, term: 3, session: 1, "
                   "name: alice, since: 1700000000000, candidates: 0}"});
  EXPECT_EQ(bob.campaign("e", "host-2", {.wait = 5'000}), "waiting 4");
  EXPECT_EQ(world.events(), Events{});
  EXPECT_EQ(alice.say(command::ElectionProclaim{"e", 3, "host-1:90"}), "OK");
  EXPECT_EQ(world.events().size(), 1U);
  EXPECT_EQ(alice.say(command::ElectionResign{"e", 3}), "1");
  EXPECT_EQ(world.events(),
            (Events{"bob: granted 6",
                    "leader of e: {election: e, state: led, value: host-2, term: 6, session: 2, "
                    "name: bob, since: 1700000000000, candidates: 0}"}));
  EXPECT_EQ(alice.say(command::ElectionProclaim{"e", 3, "late"}), "STALE released");
  EXPECT_EQ(alice.say(command::ElectionProclaim{"e", 6, "not mine"}), "NOTHOLDER");
}

TEST(ElectionTest, a_vacant_one_says_so) {
  World world;
  Client alice(world, "alice");
  EXPECT_EQ(alice.say(command::ElectionLeader{"e"}),
            "{election: e, state: vacant, value: -, term: -, session: -, name: -, since: -, "
            "candidates: 0}");
}

TEST(ElectionTest, a_campaign_needs_a_session) {
  World world;
  Client alice(world, "alice");
  EXPECT_EQ(alice.campaign("e", "host", {.lease = 1'000}), "ERR");
}

TEST(ExpectedWaitTest, it_follows_from_the_holds_seen) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  // Three holds of 100 ms that somebody waited for.
  std::uint64_t token = 3;
  alice.acquire("k");
  for (int i = 0; i < 3; ++i) {
    bob.acquire("k", {.wait = 5'000});
    world.advance(100);
    alice.release("k", token);
    token = world.machine().last_index();
    world.advance(100);
    bob.release("k", token);
    alice.acquire("k");
    token = world.machine().last_index();
  }
  world.advance(40);
  EXPECT_EQ(bob.acquire("k"), "BUSY");
  EXPECT_NE(world.sentence().find("; expect to wait 60 ms"), std::string::npos) << world.sentence();
  EXPECT_EQ(bob.acquire("k", {.wait = 50, .within = 50}), "BUSY") << "hopeless, so refused at once";
  EXPECT_EQ(bob.acquire("k", {.wait = 70, .within = 70}).substr(0, 7), "waiting");
}

TEST(ExpectedWaitTest, what_cannot_be_told_is_waited_for) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  alice.acquire("k");
  EXPECT_EQ(bob.acquire("k"), "BUSY");
  EXPECT_EQ(world.sentence().find("expect"), std::string::npos);
  EXPECT_EQ(bob.acquire("k", {.wait = 50, .within = 0}), "waiting 4");
}

TEST(SemaphoreTest, a_session_that_has_ended_is_told_so_before_all_else) {
  World world;
  Client alice(world, "alice");
  alice.open(1'000);
  EXPECT_EQ(alice.acquire_permits("s", 2, 1), "granted 2");
  world.advance(2'000);
  EXPECT_EQ(alice.acquire_permits("s", 3, 1), "NOSESSION");
  EXPECT_EQ(alice.acquire_permits("s", 2, 3), "NOSESSION");
  EXPECT_EQ(alice.acquire_permits("new", 0, 1), "NOSESSION");
}

}  // namespace
}  // namespace state
