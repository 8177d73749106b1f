// Each limit that the state checks: at the limit, and one past it.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

class LimitsTest : public testing::Test {
 protected:
  template <class Set>
  void limit(Set&& set) {
    command::Rules rules;
    set(rules.limits);
    EXPECT_EQ(world.configure(rules), "OK");
  }
  std::string named() const { return world.sentence(); }

  World world;
  Client alice{world, "alice"}, bob{world, "bob"};
};

TEST_F(LimitsTest, sessions) {
  limit([](auto& limits) { limits.sessions = 2; });
  EXPECT_EQ(alice.open(10'000), "session 2");
  EXPECT_EQ(bob.open(10'000), "session 3");
  Client carol(world, "carol");
  EXPECT_EQ(carol.open(10'000), "LIMIT");
  EXPECT_NE(named().find("(sessions)"), std::string::npos);
  bob.close();
  EXPECT_EQ(carol.open(10'000), "session 5");
}

TEST_F(LimitsTest, waiters_per_key) {
  limit([](auto& limits) { limits.waiters_per_key = 2; });
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire("k");
  EXPECT_EQ(bob.acquire("k", {.wait = 60'000}), "waiting 5");
  EXPECT_EQ(bob.acquire("k", {.wait = 60'000, .ticket = "t"}), "waiting 6");
  EXPECT_EQ(bob.acquire({exclusive("j"), exclusive("k")}, {.wait = 60'000}), "LIMIT");
  EXPECT_NE(named().find("(waiters_per_key)"), std::string::npos);
  EXPECT_EQ(bob.acquire("j"), "granted 7") << "nothing is reserved by a refusal";
  bob.cancel("t");
  EXPECT_EQ(bob.acquire("k", {.wait = 60'000}), "waiting 9");
}

TEST_F(LimitsTest, waiters_per_session) {
  limit([](auto& limits) { limits.waiters_per_session = 2; });
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire({exclusive("a"), exclusive("b"), exclusive("c")});
  bob.acquire("a", {.wait = 60'000});
  EXPECT_EQ(bob.acquire("b", {.wait = 60'000}), "waiting 6");
  EXPECT_EQ(bob.acquire("c", {.wait = 60'000}), "LIMIT");
  EXPECT_NE(named().find("(waiters_per_session)"), std::string::npos);
  EXPECT_EQ(bob.acquire("d", {.wait = 60'000}), "granted 7") << "what need not wait is no wait";
}

TEST_F(LimitsTest, waiters_of_a_connection_without_a_session) {
  limit([](auto& limits) { limits.waiters_per_session = 1; });
  alice.acquire({exclusive("a"), exclusive("b")}, {.lease = 60'000});
  EXPECT_EQ(bob.acquire("a", {.wait = 60'000, .lease = 1'000}), "waiting 3");
  EXPECT_EQ(bob.acquire("b", {.wait = 60'000, .lease = 1'000}), "LIMIT");
  Client carol(world, "carol");
  EXPECT_EQ(carol.acquire("b", {.wait = 60'000, .lease = 1'000}), "waiting 4");
}

TEST_F(LimitsTest, a_limit_of_none_is_none) {
  alice.acquire("a", {.lease = 60'000});
  limit([](auto& limits) { limits.waiters_per_session = 0; });
  EXPECT_EQ(bob.acquire("a", {.wait = 60'000, .lease = 1'000}), "LIMIT");
  limit([](auto& limits) { limits.waiters_per_key = 0; });
  EXPECT_EQ(bob.acquire("a", {.wait = 60'000, .lease = 1'000}), "LIMIT");
}

TEST_F(LimitsTest, grants_per_session) {
  limit([](auto& limits) { limits.grants_per_session = 2; });
  alice.open(60'000);
  bob.open(60'000);
  EXPECT_EQ(alice.acquire({exclusive("a"), exclusive("b")}), "granted 4");
  EXPECT_EQ(alice.acquire("c"), "granted 5");
  EXPECT_EQ(alice.acquire("d"), "LIMIT");
  EXPECT_NE(named().find("(grants_per_session)"), std::string::npos);
  EXPECT_EQ(bob.acquire("d"), "granted 6");
  alice.release("c", 5);
  EXPECT_EQ(alice.acquire("c"), "granted 8");
}

TEST_F(LimitsTest, a_wait_counts_as_the_grant_that_it_may_become) {
  limit([](auto& limits) { limits.grants_per_session = 2; });
  alice.open(60'000);
  bob.open(60'000);
  bob.acquire({exclusive("a"), exclusive("b")});
  EXPECT_EQ(alice.acquire("a", {.wait = 60'000}), "waiting 5");
  EXPECT_EQ(alice.acquire("b", {.wait = 60'000}), "waiting 6");
  EXPECT_EQ(alice.acquire("c"), "LIMIT");
  EXPECT_EQ(alice.acquire("a", {.wait = 60'000}), "LIMIT");
  bob.release("a", 4);
  EXPECT_EQ(world.machine().find_session(alice.session())->grants.size(), 2U);
}

TEST_F(LimitsTest, grants_of_all_callers_without_a_session) {
  limit([](auto& limits) { limits.grants_per_session = 2; });
  EXPECT_EQ(alice.acquire("a", {.lease = 1'000}), "granted 2");
  EXPECT_EQ(bob.acquire("b", {.lease = 60'000}), "granted 3");
  Client carol(world, "carol");
  EXPECT_EQ(carol.acquire("c", {.lease = 1'000}), "LIMIT");
  world.advance(1'000);
  EXPECT_EQ(carol.acquire("c", {.lease = 1'000}), "granted 5");
}

TEST_F(LimitsTest, waits_without_a_session_count_as_grants_too) {
  limit([](auto& limits) { limits.grants_per_session = 2; });
  alice.acquire({exclusive("a"), exclusive("b")}, {.lease = 60'000});
  EXPECT_EQ(bob.acquire("a", {.wait = 60'000, .lease = 60'000}), "waiting 3");
  Client carol(world, "carol");
  EXPECT_EQ(carol.acquire("b", {.wait = 60'000, .lease = 60'000}), "LIMIT");
}

TEST_F(LimitsTest, ended_grants) {
  limit([](auto& limits) { limits.ended_grants = 2; });
  alice.open(60'000);
  for (int i = 0; i < 3; ++i) {
    alice.acquire("k");
    alice.release("k", world.machine().last_index());
  }
  EXPECT_EQ(alice.release("k", 3), "STALE unknown");
  EXPECT_EQ(alice.release("k", 5), "0");
  EXPECT_EQ(alice.release("k", 7), "0");
}

// Complaint: C25 (docs/complaints.md).
TEST_F(LimitsTest, a_limit_set_below_what_there_is_takes_nothing_away) {
  alice.open(60'000);
  bob.open(60'000);
  alice.acquire("a");
  bob.acquire("a", {.wait = 60'000});
  limit([](auto& limits) {
    limits.sessions = limits.waiters_per_key = limits.grants_per_session = 0;
  });
  EXPECT_EQ(bob.acquire("c"), "LIMIT");
  EXPECT_EQ(alice.release("a", 3), "1");
  EXPECT_EQ(world.events(), Events{"bob: granted 6"});
}

TEST_F(LimitsTest, the_first_rules_count_even_if_they_are_the_defaults_and_the_same_again_do_not) {
  EXPECT_EQ(world.configure(command::Rules{}), "OK");
  EXPECT_TRUE(world.outcome().changed);
  EXPECT_EQ(world.configure(command::Rules{}), "OK");
  EXPECT_FALSE(world.outcome().changed);
}

}  // namespace
}  // namespace state
