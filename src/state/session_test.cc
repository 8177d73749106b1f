// A client's life: how long it lasts, what ends with it, and what outlives a
// connection.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

TEST(SessionTest, the_slack_is_a_tenth_and_a_tenth_but_at_least_half_a_second) {
  const command::Rules rules;
  EXPECT_EQ(rules.slack(Duration::from_ms(1'000)), Duration::from_ms(600));
  EXPECT_EQ(rules.slack(Duration::from_ms(5'000)), Duration::from_ms(1'000));
  EXPECT_EQ(rules.slack(Duration::from_ms(10'000)), Duration::from_ms(2'000));
}

TEST(SessionTest, a_session_ends_a_ttl_and_its_slack_after_the_last_renewal) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  world.advance(11'999);
  EXPECT_EQ(alice.keep_alive(), "session 1");
  world.advance(11'999);
  EXPECT_EQ(world.machine().session_count(), 1U);
  world.advance(1);
  EXPECT_EQ(world.events(), Events{"session 1 expired"});
}

TEST(SessionTest, any_journalled_command_of_the_session_renews_it) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  world.advance(9'000);
  alice.acquire("k");
  world.advance(9'000);
  alice.renew("k", 2, 60'000);
  world.advance(9'000);
  alice.release("k", 2);
  world.advance(9'000);
  EXPECT_NE(alice.attach(), "NOSESSION");
  world.advance(11'999);
  EXPECT_EQ(world.machine().session_count(), 1U);
  world.advance(1);
  EXPECT_EQ(world.machine().session_count(), 0U);
}

TEST(SessionTest, a_refusal_and_a_read_renew_nothing) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(1'000);
  bob.acquire("k", {.lease = 60'000});
  world.advance(1'500);
  EXPECT_EQ(alice.acquire("k"), "BUSY");
  alice.info("k");
  world.advance(100);
  EXPECT_EQ(world.events(), Events{"session 1 expired"});
}

TEST(SessionTest, a_grant_to_a_waiter_renews_its_session) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  bob.acquire("k", {.lease = 60'000});
  alice.open(10'000);
  alice.acquire("k", {.wait = 60'000});
  world.advance(11'000);
  bob.release("k", 1);
  const auto& ended = std::get<command::WaitEnded>(world.outcome().events.at(0));
  EXPECT_EQ(std::get<command::Granted>(ended.reply).lease, Duration::from_ms(10'000));
  world.advance(11'999);
  EXPECT_EQ(world.machine().session_count(), 1U);
}

TEST(SessionTest, expiry_ends_all_holds_and_waits_and_hands_on_in_one_entry) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  alice.open(1'000);
  bob.open(86'400'000);
  alice.acquire({exclusive("x"), exclusive("y")});
  carol.acquire("z", {.lease = 600'000});
  alice.acquire("z", {.wait = 60'000, .ticket = "t"});
  bob.acquire("x", {.wait = 60'000});
  bob.acquire("y", {.wait = 60'000});
  const std::size_t entries = world.journal_size();
  world.advance(60'000 - 1);
  EXPECT_EQ(world.events(), (Events{"alice t: NOSESSION", "session 1 expired", "bob: granted 8",
                                    "bob: granted 9"}));
  EXPECT_EQ(world.journal_size(), entries + 1);
}

TEST(SessionTest, closing_ends_all_holds_and_waits) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("x");
  carol.acquire("y", {.lease = 600'000});
  alice.acquire("y", {.wait = 60'000, .ticket = "t"});
  bob.acquire("x", {.wait = 60'000});
  EXPECT_EQ(alice.close(), "OK");
  EXPECT_EQ(world.events(), (Events{"alice t: NOSESSION", "session 1 closed", "bob: granted 7"}));
  EXPECT_EQ(alice.close(), "NOSESSION");
}

TEST(SessionTest, the_waiter_of_a_session_outlives_its_connection) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  bob.acquire("k", {.lease = 60'000});
  alice.open(60'000);
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  alice.disconnect();
  EXPECT_FALSE(world.outcome().changed);
  bob.release("k", 1);
  EXPECT_EQ(world.events(), Events{"alice t: granted 4"});
}

TEST(SessionTest, attach_tells_all_that_the_session_holds_and_waits_for) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  bob.acquire("k", {.lease = 60'000});
  alice.open(10'000);
  alice.acquire({exclusive("x"), exclusive("y")}, {.request = 7});
  alice.acquire("k", {.wait = 30'000, .request = 8, .ticket = "t"});
  world.advance(4'000);
  alice.reconnect();
  EXPECT_EQ(alice.attach(),
            "{id: 2, ttl: 10000, "
            "grants: [{token: 3, kind: lock, keys: [x, y], lease: 10000, request: 7, ticket: -, "
            "owner: -, entries: 1}], "
            "waits: [{ticket: t, request: 8, kind: lock, keys: [k], wait: 26000}]}");
}

TEST(SessionTest, a_session_without_holds_attaches_empty_handed) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  EXPECT_EQ(alice.attach(), "{id: 1, ttl: 10000, grants: [], waits: []}");
}

TEST(SessionTest, a_sessionless_waiter_ends_with_its_connection) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  bob.acquire("k", {.lease = 60'000});
  alice.acquire("k", {.wait = 60'000, .lease = 1'000});
  alice.acquire("j", {.wait = 60'000, .lease = 1'000});
  carol.acquire("k", {.wait = 60'000, .lease = 1'000});
  EXPECT_EQ(alice.disconnect(), "OK");
  EXPECT_EQ(world.events(), Events{"alice: CANCELLED"});
  EXPECT_EQ(carol.check("j", 3), "1") << "a grant does not end with its connection";
  bob.release("k", 1);
  EXPECT_EQ(world.events(), Events{"carol: granted 6"});
}

TEST(SessionTest, a_new_start_ends_the_sessionless_waits_and_nothing_else) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  bob.acquire("k", {.lease = 60'000});
  alice.open(60'000);
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  carol.acquire("k", {.wait = 60'000, .lease = 1'000});
  EXPECT_EQ(world.start(), "OK");
  EXPECT_EQ(world.events(), Events{"carol: UNAVAILABLE"});
  EXPECT_EQ(world.machine().waiter_count(), 1U);
  EXPECT_EQ(world.machine().grant_count(), 1U);
}

TEST(SessionTest, after_a_new_start_nobody_is_taken_for_a_connection_of_before) {
  World world;
  Client alice(world, "alice"), pool(world, "pool");
  pool.acquire("k", {.lease = 1'000});
  alice.open(60'000);
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  world.start();
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"connection 0: lost 1", "connection 0 t: granted 5"}));
}

TEST(SessionTest, a_session_is_known_by_its_user_and_its_secret) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  const Machine& machine = world.machine();
  EXPECT_TRUE(machine.knows_session(1, "default", base::sha256("alice")));
  EXPECT_FALSE(machine.knows_session(1, "default", base::sha256("wrong")));
  EXPECT_FALSE(machine.knows_session(1, "mallory", base::sha256("alice")));
  EXPECT_FALSE(machine.knows_session(2, "default", base::sha256("alice")));
}

TEST(SessionTest, another_slack_counts_for_the_sessions_there_are) {
  World world;
  Client alice(world, "alice");
  alice.open(10'000);
  command::Rules rules;
  rules.slack_percent = 50;
  world.configure(rules);
  world.advance(19'999);
  EXPECT_EQ(world.machine().session_count(), 1U);
  world.configure(command::Rules{});
  world.tick();
  EXPECT_EQ(world.machine().session_count(), 0U);
}

// Complaint: C26 (docs/complaints.md).
TEST(SessionTest, a_downtime_expires_nothing_for_time_is_the_entrys) {
  World world;
  Client alice(world, "alice");
  alice.open(1'000);
  alice.acquire("k");
  world.start();
  EXPECT_EQ(alice.release("k", 2), "1");
}

TEST(SessionTest, info_and_list_describe_sessions_without_their_tokens) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000, "billing");
  alice.acquire("k");
  bob.open(20'000);
  world.advance(1'000);
  EXPECT_EQ(bob.say(command::SessionInfo{1}),
            "{id: 1, name: billing, user: default, ttl: 10000, remaining: 9000, "
            "since: 1700000000000, grants: 1, waits: 0}");
  EXPECT_EQ(bob.say(command::SessionInfo{99}), "NOSESSION");
  EXPECT_EQ(Client(world, "nobody").say(command::SessionInfo{}), "NOSESSION");
  const std::string page = bob.say(command::SessionList{1, 10});
  EXPECT_EQ(page.find("{id: 1,"), std::string::npos);
  EXPECT_NE(page.find("{id: 3,"), std::string::npos);
}

}  // namespace
}  // namespace state
