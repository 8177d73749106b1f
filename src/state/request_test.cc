// Commands repeated under their REQUEST number: they take effect once.
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

class RequestTest : public testing::Test {
 protected:
  RequestTest() {
    alice.open(60'000);
    bob.open(60'000);
  }

  World world;
  Client alice{world, "alice"}, bob{world, "bob"};
};

TEST_F(RequestTest, a_repeated_acquire_gets_the_same_token_and_what_remains_of_the_lease) {
  EXPECT_EQ(alice.acquire("k", {.lease = 1'000, .request = 1}), "granted 3");
  world.advance(400);
  EXPECT_EQ(alice.acquire("k", {.lease = 1'000, .request = 1}), "granted 3");
  EXPECT_FALSE(world.outcome().changed);
  EXPECT_EQ(world.reply<command::Granted>().lease, Duration::from_ms(600));
  EXPECT_EQ(world.reply<command::Granted>().waited, Duration());
}

TEST_F(RequestTest, a_repeat_whose_grant_has_ended_is_lost_and_never_granted_again) {
  alice.acquire("k", {.request = 1});
  alice.release("k", 3);
  EXPECT_EQ(alice.acquire("k", {.request = 1}), "LOST");
  EXPECT_NE(world.sentence().find("token 3"), std::string::npos);
  EXPECT_EQ(alice.acquire("k", {.request = 2}), "granted 5");
}

TEST_F(RequestTest, a_repeated_release_answers_1_again) {
  alice.acquire("k");
  EXPECT_EQ(alice.release("k", 3, 1), "1");
  EXPECT_EQ(alice.release("k", 3, 1), "1") << "this call gave something back";
  EXPECT_EQ(alice.release("k", 3, 2), "0");
}

TEST_F(RequestTest, a_repeated_renewal_is_answered_with_what_remains) {
  alice.acquire("k", {.lease = 1'000});
  EXPECT_EQ(alice.renew("k", 3, 2'000, 1), "renewed 3");
  world.advance(500);
  EXPECT_EQ(alice.renew("k", 3, 2'000, 1), "renewed 3");
  EXPECT_EQ(world.reply<command::Renewed>().lease, Duration::from_ms(1'500));
  alice.release("k", 3);
  EXPECT_EQ(alice.renew("k", 3, 2'000, 1), "LOST");
}

TEST_F(RequestTest, a_repeated_cancel_answers_1_again) {
  bob.acquire("k");
  alice.acquire("k", {.wait = 60'000, .ticket = "t"});
  EXPECT_EQ(alice.cancel("t", 1), "1");
  EXPECT_EQ(alice.cancel("t", 1), "1");
  EXPECT_EQ(alice.cancel("t"), "0");
}

TEST_F(RequestTest, a_repeated_keepalive_is_answered_alike_and_renews_again) {
  EXPECT_EQ(alice.keep_alive(1), "session 1");
  world.advance(30'000);
  EXPECT_EQ(alice.keep_alive(1), "session 1");
  world.advance(71'999);
  EXPECT_EQ(world.machine().find_session(1) != nullptr, true)
      << "the client counts from when it sent the repeat";
  EXPECT_EQ(alice.acquire("k", {.request = 1}), "CONFLICT");
}

TEST_F(RequestTest, a_repeat_of_one_that_waits_joins_it_under_the_new_ticket) {
  bob.acquire("k");
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t1"}), "waiting 4");
  alice.reconnect();
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t2"}), "waiting 4");
  EXPECT_EQ(world.machine().waiter_count(), 1U);
  EXPECT_EQ(alice.cancel("t1"), "0");
  bob.release("k", 3);
  EXPECT_EQ(world.events(), Events{"alice t2: granted 6"});
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t3"}), "granted 6");
}

TEST_F(RequestTest, waited_counts_from_the_repeat_for_its_sender_counts_from_there) {
  bob.acquire("k");
  alice.acquire("k", {.wait = 60'000, .lease = 1'000, .request = 1});
  world.advance(20'000);
  alice.acquire("k", {.wait = 60'000, .lease = 1'000, .request = 1});
  world.advance(100);
  bob.release("k", 3);
  const auto& ended = std::get<command::WaitEnded>(world.outcome().events.at(0));
  EXPECT_EQ(std::get<command::Granted>(ended.reply).waited, Duration::from_ms(100));
}

TEST_F(RequestTest, a_repeat_keeps_the_place_and_the_wait_of_the_first) {
  Client carol(world, "carol");
  carol.open(60'000);
  bob.acquire("k");
  alice.acquire("k", {.wait = 10'000, .request = 1});
  carol.acquire("k", {.wait = 60'000});
  world.advance(5'000);
  alice.acquire("k", {.wait = 60'000, .request = 1});
  world.advance(5'000);
  EXPECT_EQ(world.events(), Events{"alice: BUSY"});
}

TEST_F(RequestTest, a_repeat_under_a_ticket_of_another_wait_is_a_conflict) {
  bob.acquire("k");
  alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t1"});
  alice.acquire("k", {.wait = 60'000, .request = 2, .ticket = "t2"});
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t2"}), "CONFLICT");
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t1"}), "waiting 4");
}

TEST_F(RequestTest, the_same_number_with_other_arguments_is_a_conflict) {
  alice.acquire("k", {.request = 1});
  EXPECT_EQ(alice.acquire("j", {.request = 1}), "CONFLICT");
  EXPECT_EQ(alice.acquire({shared("k")}, {.request = 1}), "CONFLICT");
  EXPECT_EQ(alice.release("k", 3, 1), "CONFLICT");
  EXPECT_EQ(alice.acquire("k", {.wait = 500, .request = 1}), "granted 3") << "WAIT may differ";
}

TEST_F(RequestTest, a_refusal_is_not_remembered) {
  bob.acquire("k");
  EXPECT_EQ(alice.acquire("k", {.request = 1}), "BUSY");
  EXPECT_EQ(alice.acquire("k", {.wait = 1'000, .request = 1}), "waiting 4");
  world.advance(1'000);
  EXPECT_EQ(world.events(), Events{"alice: BUSY"});
  bob.release("k", 3);
  EXPECT_EQ(alice.acquire("k", {.request = 1}), "granted 7");
}

TEST_F(RequestTest, a_cancelled_wait_can_be_asked_for_again_under_its_number) {
  bob.acquire("k");
  alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t"});
  alice.cancel("t", 2);
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t"}), "waiting 6");
}

TEST_F(RequestTest, the_oldest_answers_are_forgotten_beyond_the_limit) {
  command::Rules rules;
  rules.limits.answers_per_session = 3;
  world.configure(rules);
  for (std::uint64_t n : {10U, 20U, 30U}) alice.acquire("k" + std::to_string(n), {.request = n});
  EXPECT_EQ(alice.acquire("k10", {.request = 10}), "granted 4") << "at the limit";
  alice.acquire("k40", {.request = 40});
  EXPECT_EQ(alice.acquire("k10", {.request = 10}), "FORGOTTEN");
  EXPECT_EQ(alice.acquire("k5", {.request = 5}), "FORGOTTEN") << "lower than one forgotten";
  EXPECT_EQ(alice.acquire("k20", {.request = 20}), "granted 5");
}

TEST_F(RequestTest, a_wait_whose_answer_was_forgotten_still_ends_well) {
  command::Rules rules;
  rules.limits.answers_per_session = 1;
  world.configure(rules);
  bob.acquire("k");
  alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t"});
  alice.acquire("j", {.request = 2});
  EXPECT_EQ(alice.acquire("k", {.wait = 60'000, .request = 1, .ticket = "t"}), "FORGOTTEN");
  bob.release("k", 4);
  EXPECT_EQ(world.events(), Events{"alice t: granted 7"});
  EXPECT_EQ(alice.acquire("j", {.request = 2}), "granted 6");
}

TEST_F(RequestTest, a_number_needs_a_session) {
  Client nobody(world, "nobody");
  EXPECT_EQ(nobody.acquire("k", {.lease = 1'000, .request = 1}), "ERR");
}

TEST_F(RequestTest, numbers_of_different_sessions_have_nothing_in_common) {
  EXPECT_EQ(alice.acquire("k", {.request = 1}), "granted 3");
  EXPECT_EQ(bob.acquire("j", {.request = 1}), "granted 4");
}

TEST_F(RequestTest, answers_survive_a_snapshot) {
  alice.acquire("k", {.request = 1});
  std::string bytes;
  world.machine().save(bytes);
  Machine copy;
  ASSERT_TRUE(copy.restore(bytes).has_value());
  command::Entry entry;
  entry.index = copy.next_index();
  entry.now = copy.now();
  entry.origin = {"default", 9, alice.session()};
  entry.request = 1;
  command::LockAcquire acquire;
  acquire.keys = {exclusive("k")};
  entry.command = acquire;
  EXPECT_EQ(text_of(copy.apply(entry).reply), "granted 3");
}

}  // namespace
}  // namespace state
