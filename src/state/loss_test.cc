// Unclean loss, preemption and revocation: keys that a lost holder leaves shut.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

TEST(LossTest, a_lost_hold_keeps_its_key_shut_until_it_is_resolved) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  bob.open(600'000);
  carol.open(600'000);
  alice.open(1'000, "alice");
  alice.acquire("k", {.note = "payout 5", .on_loss = kHold});
  bob.acquire("k", {.wait = 60'000});
  world.advance(1'600);
  EXPECT_EQ(world.events(), Events{"session 3 expired"});
  EXPECT_EQ(carol.acquire("k"), "BUSY");
  EXPECT_EQ(world.sentence(),
            "\"k\" is shut: \"alice\" (session 3) was lost 0 ms ago with token 4; LOCK.RESOLVE "
            "opens it");
  EXPECT_EQ(carol.resolve("other"), "0");
  EXPECT_EQ(carol.resolve("k", 99), "0");
  EXPECT_EQ(carol.resolve("k"), "1");
  EXPECT_EQ(world.events(), Events{"bob: granted 7"});
  EXPECT_EQ(carol.resolve("k"), "0");
}

TEST(LossTest, a_release_and_a_close_are_clean) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(10'000);
  bob.open(10'000);
  alice.acquire("a", {.on_loss = kHold});
  alice.acquire("b", {.on_loss = kHold});
  alice.release("a", 3);
  EXPECT_EQ(bob.acquire("a"), "granted 6");
  alice.close();
  EXPECT_EQ(bob.acquire("b"), "granted 8");
}

TEST(LossTest, a_delay_opens_by_itself) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  bob.open(600'000);
  alice.acquire("k", {.lease = 100, .on_loss = delay(400)});
  bob.acquire("k", {.wait = 10'000});
  world.advance(100);
  EXPECT_EQ(world.events(), Events{"alice: lost 2"});
  world.advance(399);
  EXPECT_EQ(world.events(), Events{});
  world.advance(1);
  EXPECT_EQ(world.events(), Events{"bob: granted 5"});
}

TEST(LossTest, who_waits_for_a_shut_key_holds_up_nobody) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  bob.open(600'000);
  carol.open(600'000);
  alice.acquire("shut", {.lease = 100, .on_loss = kHold});
  // Bob reserves the merchant while he waits for the account.
  bob.acquire({exclusive("shut"), exclusive("merchant")}, {.wait = 60'000, .ticket = "b"});
  EXPECT_EQ(carol.acquire("merchant", {.wait = 60'000}), "waiting 5");
  world.advance(100);
  EXPECT_EQ(world.events(), (Events{"alice: lost 3", "carol: granted 6"}));
  carol.release("merchant", 6);
  EXPECT_EQ(carol.acquire("merchant"), "granted 8");
  EXPECT_EQ(carol.resolve("shut"), "1");
  EXPECT_EQ(world.events(), Events{}) << "carol has the merchant";
  EXPECT_EQ(carol.acquire("shut"), "BUSY") << "bob has his place again";
  carol.release("merchant", 8);
  EXPECT_EQ(world.events(), Events{"bob b: granted 10"});
}

TEST(LossTest, shared_holders_that_live_go_on_and_nobody_comes_in) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  bob.open(600'000);
  alice.acquire(std::vector{shared("k")}, {.lease = 100, .on_loss = kHold});
  bob.acquire(std::vector{shared("k")});
  world.advance(100);
  EXPECT_EQ(bob.check("k", 3), "1");
  EXPECT_EQ(bob.acquire(std::vector{shared("k")}), "BUSY");
  EXPECT_EQ(bob.upgrade("k", 3), "BUSY");
  EXPECT_EQ(bob.resolve("k"), "1");
  EXPECT_EQ(bob.upgrade("k", 3), "granted 6");
}

TEST(LossTest, each_lost_grant_leaves_its_own_mark_on_all_its_keys) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.acquire({shared("a"), exclusive("b")}, {.lease = 100, .on_loss = kHold});
  bob.acquire(std::vector{shared("a")}, {.lease = 100, .on_loss = kHold});
  world.advance(100);
  EXPECT_EQ(bob.resolve("a", 1), "1");
  EXPECT_EQ(bob.acquire("b", {.lease = 100}), "granted 5");
  EXPECT_EQ(bob.acquire("a", {.lease = 100}), "BUSY");
  EXPECT_EQ(bob.resolve("a"), "1");
  EXPECT_EQ(bob.acquire("a", {.lease = 100}), "granted 7");
}

TEST(LossTest, a_key_may_be_lost_again_while_it_is_shut) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.acquire(std::vector{shared("k")}, {.lease = 100, .on_loss = delay(1'000)});
  bob.acquire(std::vector{shared("k")}, {.lease = 200, .on_loss = kHold});
  world.advance(1'100);
  EXPECT_EQ(alice.acquire("k", {.lease = 100}), "BUSY");
  EXPECT_EQ(alice.resolve("k"), "1");
}

TEST(LossTest, shut_keys_are_listed) {
  World world;
  Client alice(world, "alice");
  alice.acquire("lost", {.lease = 100, .note = "payout 5", .on_loss = kHold});
  alice.acquire("held", {.lease = 60'000});
  world.advance(5'100);
  command::LockList shut;
  shut.state = command::LockList::State::Shut;
  const std::string text = alice.say(shut);
  EXPECT_NE(text.find("key: lost, state: shut"), std::string::npos) << text;
  EXPECT_NE(text.find("note: payout 5, cause: expired"), std::string::npos) << text;
  EXPECT_NE(text.find("age: 5000"), std::string::npos) << text;
  EXPECT_EQ(text.find("key: held"), std::string::npos) << text;
}

TEST(LossTest, the_number_of_marks_is_limited_before_they_are_made) {
  World world;
  Client alice(world, "alice");
  command::Rules rules;
  rules.limits.marks = 2;
  world.configure(rules);
  alice.open(600'000);
  EXPECT_EQ(alice.acquire("a", {.lease = 100, .on_loss = kHold}), "granted 3");
  EXPECT_EQ(alice.acquire("b", {.on_loss = kHold}), "granted 4");
  EXPECT_EQ(alice.acquire("c", {.on_loss = kHold}), "LIMIT");
  world.advance(100);
  EXPECT_EQ(alice.acquire("c", {.on_loss = kHold}), "LIMIT");
  alice.resolve("a");
  EXPECT_EQ(alice.acquire("c", {.on_loss = kHold}), "granted 7");
}

TEST(RevokeTest, an_operator_takes_a_key_away) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  alice.acquire("k");
  bob.acquire("k", {.wait = 60'000});
  EXPECT_EQ(bob.revoke("k"), "1");
  EXPECT_EQ(world.events(), (Events{"alice: revoked 3", "bob: granted 5"}));
  EXPECT_EQ(alice.release("k", 3), "STALE revoked");
  EXPECT_EQ(bob.revoke("nothing"), "0");
  EXPECT_EQ(bob.revoke("k", 99), "0");
}

TEST(RevokeTest, it_is_unclean_unless_it_is_resolved) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  alice.acquire("a", {.on_loss = kHold});
  alice.acquire("b", {.on_loss = kHold});
  bob.revoke("a");
  bob.revoke("b", 3, true);
  EXPECT_EQ(bob.acquire("a", {.lease = 100}), "BUSY");
  EXPECT_EQ(bob.acquire("b", {.lease = 100}), "granted 6");
}

TEST(PreemptionTest, the_holder_is_told_has_its_grace_and_is_cut_off) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000, "bob");
  alice.acquire("k");
  alice.acquire("other");
  EXPECT_EQ(bob.acquire("k", {.wait = 60'000, .priority = 1, .preempt = 200}), "waiting 5");
  EXPECT_EQ(world.events(), Events{"alice: preempt 3"});
  world.advance(199);
  EXPECT_EQ(world.events(), Events{});
  EXPECT_EQ(alice.check("k", 3), "1");
  world.advance(1);
  EXPECT_EQ(world.events(), (Events{"alice: lost 3", "bob: granted 6"}));
  EXPECT_EQ(alice.release("k", 3), "STALE preempted");
  EXPECT_EQ(alice.release("other", 4), "1") << "its session lives on";
}

TEST(PreemptionTest, who_leaves_in_time_was_never_cut_off) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  alice.acquire("k");
  bob.acquire("k", {.wait = 60'000, .priority = 1, .preempt = 200});
  world.advance(100);
  EXPECT_EQ(alice.release("k", 3), "1");
  EXPECT_EQ(world.events(), (Events{"alice: preempt 3", "bob: granted 5"}));
  world.advance(1'000);
  EXPECT_EQ(world.events(), Events{});
}

TEST(PreemptionTest, it_is_withdrawn_when_the_preemptor_leaves) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  alice.acquire("k");
  bob.acquire("k", {.wait = 60'000, .priority = 1, .ticket = "t", .preempt = 200});
  world.events();
  EXPECT_EQ(bob.cancel("t"), "1");
  EXPECT_EQ(world.events(), (Events{"alice: preempt 3", "bob t: CANCELLED"}));
  world.advance(1'000);
  EXPECT_EQ(alice.check("k", 3), "1");
}

TEST(PreemptionTest, equals_are_not_preempted) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  alice.acquire("k", {.priority = 1});
  bob.acquire("k", {.wait = 60'000, .priority = 1, .preempt = 0});
  world.advance(1'000);
  EXPECT_EQ(world.events(), Events{});
  EXPECT_EQ(alice.check("k", 3), "1");
}

TEST(PreemptionTest, it_waits_until_it_is_first_on_all_its_keys) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(600'000);
  alice.acquire("a");
  alice.acquire("b");
  carol.acquire("b", {.wait = 10'000, .priority = 9, .ticket = "c"});
  bob.acquire({exclusive("a"), exclusive("b")}, {.wait = 60'000, .priority = 1, .preempt = 100});
  world.advance(1'000);
  EXPECT_EQ(world.events(), Events{}) << "carol is before bob on b";
  carol.cancel("c");
  EXPECT_EQ(world.events(), (Events{"carol c: CANCELLED", "alice: preempt 4", "alice: preempt 5"}));
  world.advance(100);
  EXPECT_EQ(world.events(), (Events{"alice: lost 4", "alice: lost 5", "bob: granted 9"}));
}

TEST(PreemptionTest, a_cut_off_is_an_unclean_loss) {
  World world;
  Client alice(world, "alice"), bob(world, "bob");
  alice.open(600'000);
  bob.open(600'000);
  alice.acquire({exclusive("a"), exclusive("b")}, {.on_loss = kHold});
  bob.acquire("a", {.wait = 60'000, .priority = 1, .preempt = 100});
  world.advance(100);
  EXPECT_EQ(world.events(), (Events{"alice: preempt 3", "alice: lost 3"}));
  EXPECT_EQ(bob.resolve("b", 3), "1") << "the mark stands on all keys of the lost grant";
  EXPECT_EQ(world.events(), Events{"bob: granted 6"});
}

TEST(LossTest, who_comes_into_the_way_of_a_preemption_has_his_whole_grace) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol");
  for (Client* client : {&alice, &bob, &carol}) client->open(600'000);
  alice.acquire(std::vector{shared("a")});
  bob.acquire("b");
  carol.acquire({shared("a"), exclusive("b")}, {.wait = 60'000, .priority = 3, .preempt = 1'000});
  EXPECT_EQ(world.events(), Events{"bob: preempt 5"});
  world.advance(600);
  EXPECT_EQ(alice.upgrade("a", 4), "granted 7");
  EXPECT_EQ(world.events(), (Events{"bob: preempt 5", "bob: preempt 5", "alice: preempt 7"}))
      << "it is withdrawn and begins anew";
  world.advance(999);
  EXPECT_EQ(world.events(), Events{});
  world.advance(1);
  EXPECT_EQ(world.events(), (Events{"bob: lost 5", "alice: lost 7", "carol: granted 8"}));
}

TEST(LossTest, a_preemption_of_several_keys_takes_over_from_one_on_the_last_of_them) {
  World world;
  Client alice(world, "alice"), bob(world, "bob"), carol(world, "carol"), dave(world, "dave");
  for (Client* client : {&alice, &bob, &carol, &dave}) client->open(600'000);
  alice.acquire("a");
  dave.acquire("c");
  bob.acquire("a", {.wait = 60'000, .priority = 2, .preempt = 20'000});
  EXPECT_EQ(world.events(), Events{"alice: preempt 5"});
  carol.acquire({exclusive("c"), exclusive("a")},
                {.wait = 60'000, .priority = 3, .preempt = 1'000});
  EXPECT_EQ(world.events(), (Events{"alice: preempt 5", "alice: preempt 5", "dave: preempt 6"}))
      << "bob's is withdrawn, carol's begins";
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: lost 5", "dave: lost 6", "carol: granted 9"}));
}

}  // namespace
}  // namespace state
