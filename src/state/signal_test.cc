// Events, barriers and latches: neither missed nor counted twice.
#include "state/test_machine.h"

namespace state {
namespace {

class SignalTest : public testing::Test {
 protected:
  SignalTest() {
    world.configure({});
    alice.open(60'000, "alice");
    bob.open(60'000, "bob");
  }

  World world;
  Client alice{world, "alice"};
  Client bob{world, "bob"};
  Client carol{world, "carol"};
};

// --- events

TEST_F(SignalTest, a_manual_event_lets_all_go_on_until_it_is_reset) {
  EXPECT_EQ(alice.run("EVENT.WAIT cutoff WAIT 5000"), "waiting 4");
  EXPECT_EQ(bob.run("EVENT.WAIT cutoff WAIT 5000"), "waiting 5");
  EXPECT_EQ(carol.run("EVENT.SET cutoff 18:00"), "6");
  EXPECT_EQ(world.events(), (Events{"alice: {event: cutoff, generation: 6, payload: 18:00}",
                                    "bob: {event: cutoff, generation: 6, payload: 18:00}"}));
  EXPECT_EQ(alice.run("EVENT.WAIT cutoff"), "{event: cutoff, generation: 6, payload: 18:00}");
  EXPECT_FALSE(world.outcome().changed);
  EXPECT_EQ(carol.run("EVENT.RESET cutoff"), "1");
  EXPECT_EQ(carol.run("EVENT.RESET cutoff"), "0");
  EXPECT_EQ(alice.run("EVENT.WAIT cutoff"), "BUSY");
}

TEST_F(SignalTest, who_says_what_he_saw_last_misses_nothing) {
  EXPECT_EQ(carol.run("EVENT.SET e one"), "4");
  EXPECT_EQ(alice.run("EVENT.WAIT e AFTER 4"), "BUSY");
  EXPECT_EQ(carol.run("EVENT.SET e two"), "5");
  carol.run("EVENT.RESET e");
  EXPECT_EQ(alice.run("EVENT.WAIT e"), "BUSY") << "it is not set now";
  EXPECT_EQ(alice.run("EVENT.WAIT e AFTER 4"), "{event: e, generation: 5, payload: two}");
  EXPECT_EQ(alice.run("EVENT.WAIT e AFTER 5 WAIT 1000"), "waiting 7");
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: BUSY"}));
}

TEST_F(SignalTest, an_automatic_event_reaches_one_waiter_in_order) {
  EXPECT_EQ(alice.run("EVENT.WAIT e WAIT 5000"), "waiting 4");
  EXPECT_EQ(bob.run("EVENT.WAIT e WAIT 5000"), "waiting 5");
  EXPECT_EQ(carol.run("EVENT.SET e AUTO"), "6");
  EXPECT_EQ(world.events(), (Events{"alice: {event: e, generation: 6, payload: }"}));
  EXPECT_EQ(carol.run("EVENT.SET e PAYLOAD AUTO AUTO"), "7");
  EXPECT_EQ(world.events(), (Events{"bob: {event: e, generation: 7, payload: AUTO}"}));
  EXPECT_EQ(carol.run("EVENT.SET e AUTO"), "8");
  EXPECT_EQ(alice.run("EVENT.WAIT e"), "{event: e, generation: 8, payload: }");
  EXPECT_TRUE(world.outcome().changed) << "it is taken";
  EXPECT_EQ(alice.run("EVENT.WAIT e"), "BUSY");
  EXPECT_EQ(carol.run("EVENT.SET e"), "CONFLICT");
}

TEST_F(SignalTest, a_numbered_wait_gets_an_automatic_event_once) {
  carol.run("EVENT.SET e x AUTO");
  EXPECT_EQ(alice.run("EVENT.WAIT e REQUEST 1"), "{event: e, generation: 4, payload: x}");
  EXPECT_EQ(alice.run("EVENT.WAIT e REQUEST 1"), "{event: e, generation: 4, payload: x}");
  EXPECT_EQ(alice.run("EVENT.WAIT e REQUEST 2 WAIT 5000"), "waiting 6");
  carol.run("EVENT.SET e y AUTO");
  EXPECT_EQ(alice.run("EVENT.WAIT e REQUEST 2 WAIT 5000"), "{event: e, generation: 7, payload: y}");
  EXPECT_EQ(alice.run("EVENT.WAIT e REQUEST 1"), "LOST") << "what came then is not known any more";
}

// --- barriers

TEST_F(SignalTest, all_who_have_arrived_go_on_with_what_each_brought) {
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 5000 1"), "waiting 4");
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 3 WAIT 5000 2"), "waiting 5");
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 2 WAIT 5000"), "CONFLICT");
  const std::string all =
      "{barrier: b, generation: 6, parties: 3, payloads: [{participant: a, payload: 1}, "
      "{participant: -, payload: 2}, {participant: c, payload: 3}]}";
  EXPECT_EQ(carol.run("BARRIER.ARRIVE b PARTIES 3 AS c 3"), all);
  EXPECT_EQ(world.events(), (Events{"alice: " + all, "bob: " + all}));
  EXPECT_EQ(carol.run("BARRIER.ARRIVE b PARTIES 2"), "BUSY") << "it has begun anew";
  EXPECT_FALSE(world.outcome().changed);
}

TEST_F(SignalTest, an_arrival_that_times_out_is_withdrawn) {
  alice.run("BARRIER.ARRIVE b PARTIES 2 WAIT 1000");
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: BUSY"}));
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 2 WAIT 5000"), "waiting 6") << "not released";
}

TEST_F(SignalTest, a_participant_that_arrives_again_counts_once) {
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 5000"), "waiting 4");
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 5000"), "waiting 5");
  EXPECT_EQ(world.events(), (Events{"alice: CANCELLED"}));
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 3 WAIT 5000"), "waiting 6");
  carol.user("mallory");
  EXPECT_EQ(carol.run("BARRIER.ARRIVE b PARTIES 3 AS a"), "NOTHOLDER");
}

TEST_F(SignalTest, a_death_breaks_the_barrier_in_the_entry_that_tells_it) {
  Client dora(world, "dora");
  dora.open(1'000, "dora");
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 WAIT 60000"), "waiting 5");
  EXPECT_EQ(dora.run("BARRIER.ARRIVE b PARTIES 3 WAIT 60000"), "waiting 6");
  world.advance(2'000);
  EXPECT_EQ(world.events(), (Events{"dora: NOSESSION", "alice: BROKEN", "session 4 expired"}));
}

TEST_F(SignalTest, a_death_may_shrink_the_barrier_instead) {
  Client dora(world, "dora");
  dora.open(1'000, "dora");
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 60000"), "waiting 5");
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 3 AS b WAIT 60000"), "waiting 6");
  EXPECT_EQ(dora.run("BARRIER.ARRIVE b PARTIES 3 ONDEATH SHRINK WAIT 1"),
            "{barrier: b, "
            "generation: 7, parties: 3, payloads: [{participant: a, payload: }, {participant: b, "
            "payload: }, {participant: -, payload: }]}");
  world.events();
  EXPECT_EQ(dora.run("BARRIER.ARRIVE b PARTIES 3 ONDEATH SHRINK WAIT 60000"), "waiting 8");
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 60000"), "waiting 9");
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 3 AS c"),
            "{barrier: b, generation: 10, parties: 3, "
            "payloads: [{participant: -, payload: }, {participant: a, payload: }, {participant: c, "
            "payload: }]}");
  world.events();
  dora.run("BARRIER.ARRIVE b PARTIES 3 ONDEATH SHRINK WAIT 60000");
  alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 60000");
  dora.close();
  EXPECT_EQ(world.events(), (Events{"dora: NOSESSION", "session 4 closed"}));
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 3 AS b"),
            "{barrier: b, generation: 14, parties: 2, payloads: [{participant: a, payload: }, "
            "{participant: b, payload: }]}");
}

TEST_F(SignalTest, who_comes_back_from_the_dead_is_waited_for_again) {
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS a WAIT 60000"), "waiting 4");
  EXPECT_EQ(carol.run("BARRIER.ARRIVE b PARTIES 3 AS c ONDEATH SHRINK WAIT 60000"), "waiting 5");
  carol.disconnect();
  Client dora(world, "dora");
  EXPECT_EQ(dora.run("BARRIER.ARRIVE b PARTIES 3 AS c ONDEATH SHRINK WAIT 60000"), "waiting 7")
      << "b is still to come";
  EXPECT_NE(dora.run("BARRIER.INFO b").find("parties: 3, arrived: 2"), std::string::npos);
  dora.disconnect();
  EXPECT_NE(bob.run("BARRIER.ARRIVE b PARTIES 3 AS b").find("parties: 2"), std::string::npos);
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 3 AS c WAIT 60000"), "waiting 10")
      << "the dead of one round are none of the next";
  EXPECT_NE(alice.run("BARRIER.INFO b").find("parties: 3, arrived: 1"), std::string::npos);
}

TEST_F(SignalTest, a_numbered_arrival_does_not_arrive_twice) {
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 2 WAIT 5000 REQUEST 1"), "waiting 4");
  bob.run("BARRIER.ARRIVE b PARTIES 2 REQUEST 1");
  const std::string round =
      "{barrier: b, generation: 5, parties: 2, payloads: [{participant: -, payload: }, "
      "{participant: -, payload: }]}";
  EXPECT_EQ(alice.run("BARRIER.ARRIVE b PARTIES 2 WAIT 5000 REQUEST 1"), round);
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 2 REQUEST 1"), round);
}

// --- latches

TEST_F(SignalTest, a_latch_opens_when_it_is_counted_down_and_stays_open) {
  EXPECT_EQ(alice.run("LATCH.WAIT l WAIT 5000"), "waiting 4") << "before it is set";
  EXPECT_EQ(bob.run("LATCH.COUNTDOWN l"), "STALE unknown");
  EXPECT_EQ(bob.run("LATCH.SET l 2"), "5");
  EXPECT_EQ(bob.run("LATCH.COUNTDOWN l AS b"), "1");
  EXPECT_EQ(bob.run("LATCH.COUNTDOWN l AS b"), "1") << "each participant once";
  EXPECT_EQ(bob.run("LATCH.SET l 3"), "CONFLICT");
  EXPECT_EQ(world.events(), Events{});
  EXPECT_EQ(carol.run("LATCH.COUNTDOWN l"), "0");
  EXPECT_EQ(world.events(), (Events{"alice: {latch: l, generation: 5}"}));
  EXPECT_EQ(carol.run("LATCH.COUNTDOWN l"), "0");
  EXPECT_EQ(carol.run("LATCH.WAIT l"), "{latch: l, generation: 5}");
  EXPECT_EQ(carol.run("LATCH.SET l 1"), "8") << "an open one begins anew";
  EXPECT_EQ(carol.run("LATCH.WAIT l"), "BUSY");
  EXPECT_EQ(carol.run("LATCH.SET l 0"), "9");
  EXPECT_EQ(carol.run("LATCH.WAIT l"), "{latch: l, generation: 9}");
}

// --- being known

TEST_F(SignalTest, what_is_not_used_is_forgotten_but_nothing_that_somebody_could_miss) {
  command::Rules rules;
  rules.limits.signal_idle_ms = 1'000;
  rules.limits.signals = 4;
  world.configure(rules);
  Client dora(world, "dora");
  dora.run("EVENT.SET set");
  dora.run("EVENT.SET reset");
  dora.run("EVENT.RESET reset");
  dora.run("LATCH.SET open 0");
  dora.run("LATCH.SET counting 1");
  EXPECT_EQ(dora.run("EVENT.SET one-more"), "LIMIT");
  EXPECT_EQ(dora.run("LATCH.SET one-more 1"), "LIMIT");
  EXPECT_EQ(dora.run("BARRIER.ARRIVE one-more PARTIES 1"), "LIMIT");
  world.advance(999);
  EXPECT_EQ(world.machine().signal_count(), 4U);
  world.advance(1);
  EXPECT_EQ(world.machine().signal_count(), 2U);
  EXPECT_NE(dora.run("EVENT.INFO set").find("state: set"), std::string::npos);
  EXPECT_NE(dora.run("LATCH.INFO counting").find("state: counting"), std::string::npos);
  EXPECT_NE(dora.run("EVENT.INFO reset").find("state: unknown"), std::string::npos);
}

TEST_F(SignalTest, payloads_have_room_for_so_many_bytes) {
  command::Rules rules;
  rules.limits.signal_bytes = 10;
  world.configure(rules);
  EXPECT_EQ(carol.run("EVENT.SET a 123456"), "5");
  EXPECT_EQ(carol.run("EVENT.SET b 12345"), "LIMIT");
  EXPECT_EQ(carol.run("EVENT.SET b 1234"), "6");
}

TEST_F(SignalTest, what_those_who_wait_have_brought_counts_as_well) {
  command::Rules rules;
  rules.limits.signal_bytes = 10;
  world.configure(rules);
  EXPECT_EQ(alice.run("BARRIER.ARRIVE a PARTIES 2 AS x WAIT 1000 12345"), "waiting 5");
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 2 WAIT 1000 12345"), "LIMIT");
  EXPECT_EQ(bob.run("BARRIER.ARRIVE b PARTIES 2 WAIT 1000 1234"), "waiting 6");
  EXPECT_EQ(carol.run("BARRIER.ARRIVE b PARTIES 2 5"), "LIMIT");
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"alice: BUSY", "bob: BUSY"}));
  EXPECT_EQ(carol.run("BARRIER.ARRIVE b PARTIES 1 1234567890").find("LIMIT"), std::string::npos)
      << "who leaves takes with him what he brought";
}

TEST_F(SignalTest, who_has_no_session_leaves_with_his_connection) {
  EXPECT_EQ(carol.run("EVENT.WAIT e WAIT 5000"), "waiting 4");
  EXPECT_EQ(carol.run("TASK.TAKE 1 a WAIT 5000"), "waiting 5");
  EXPECT_EQ(carol.run("TASK.RESULT f a WAIT 5000"), "waiting 6");
  carol.disconnect();
  EXPECT_EQ(world.machine().waiter_count(), 0U);
}

}  // namespace
}  // namespace state
