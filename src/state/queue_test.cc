// In which order those who wait are served, and that nobody waits for nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "state/test_machine.h"

namespace state {
namespace {

class QueueTest : public testing::Test {
 protected:
  QueueTest() {
    holder.open(86'400'000);
    for (Client* client : {&a, &b, &c}) client->open(86'400'000);
  }

  std::uint64_t last() const { return world.machine().last_index(); }

  World world;
  Client holder{world, "holder"}, a{world, "a"}, b{world, "b"}, c{world, "c"};
};

TEST_F(QueueTest, equals_are_served_first_come_first_served) {
  holder.acquire("k");
  for (Client* client : {&b, &a, &c}) client->acquire("k", {.wait = 60'000});
  EXPECT_EQ(holder.release("k", 5), "1");
  EXPECT_EQ(world.events(), Events{"b: granted 9"});
  EXPECT_EQ(b.release("k", 9), "1");
  EXPECT_EQ(world.events(), Events{"a: granted 10"});
  EXPECT_EQ(a.release("k", 10), "1");
  EXPECT_EQ(world.events(), Events{"c: granted 11"});
}

TEST_F(QueueTest, the_release_and_the_next_grant_are_one_entry) {
  holder.acquire("k");
  a.acquire("k", {.wait = 60'000});
  const std::size_t entries = world.journal_size();
  holder.release("k", 5);
  EXPECT_EQ(world.journal_size(), entries + 1);
  EXPECT_EQ(a.check("k", last()), "1");
}

// Complaint: C33 (docs/complaints.md).
TEST_F(QueueTest, a_release_wakes_the_next_and_nobody_else) {
  holder.acquire("k");
  a.acquire("k", {.wait = 60'000});
  for (int n = 0; n < 100; ++n) b.acquire("k", {.wait = 60'000});
  holder.release("k", 5);
  EXPECT_EQ(world.events(), Events{fmt::format("a: granted {}", last())});
  EXPECT_EQ(world.machine().waiter_count(), 100U);
}

TEST_F(QueueTest, a_priority_is_worth_so_much_waiting_and_no_more) {
  holder.acquire("k");
  a.acquire("k", {.wait = 60'000});
  world.advance(2'000);
  b.acquire("k", {.wait = 60'000, .priority = 2});  // arrives virtually with a, but after it
  world.skip(1);
  c.acquire("k", {.wait = 60'000, .priority = 3});  // virtually 999 ms before both
  holder.release("k", 5);
  EXPECT_EQ(world.events(), Events{"c: granted 9"});
  c.release("k", 9);
  EXPECT_EQ(world.events(), Events{"a: granted 10"});
  a.release("k", 10);
  EXPECT_EQ(world.events(), Events{"b: granted 11"});
}

TEST_F(QueueTest, nobody_is_overtaken_by_one_who_comes_later_than_the_priority_is_worth) {
  holder.acquire("k");
  a.acquire("k", {.wait = 600'000});
  world.advance(9'001);
  b.acquire("k", {.wait = 600'000, .priority = 9});
  holder.release("k", 5);
  EXPECT_EQ(world.events(), Events{"a: granted 8"});
}

TEST_F(QueueTest, another_ageing_step_counts_for_those_who_come_after_it) {
  holder.acquire("k");
  a.acquire("k", {.wait = 60'000});
  world.advance(1'500);
  b.acquire("k", {.wait = 60'000, .priority = 1});
  command::Rules rules;
  rules.ageing_step = Duration::from_seconds(2);
  EXPECT_EQ(world.configure(rules), "OK");
  c.acquire("k", {.wait = 60'000, .priority = 1});
  holder.release("k", 5);
  EXPECT_EQ(world.events(), Events{"c: granted 10"});
  c.release("k", 10);
  EXPECT_EQ(world.events(), Events{"a: granted 11"});
}

TEST_F(QueueTest, a_try_may_overtake_a_waiter_by_its_priority_only_where_the_key_is_free) {
  holder.acquire({exclusive("x")});
  a.acquire({exclusive("x"), exclusive("y")}, {.wait = 60'000});
  EXPECT_EQ(b.acquire("y"), "BUSY");
  EXPECT_EQ(b.acquire("y", {.priority = 1}), "granted 7");
}

TEST_F(QueueTest, a_reader_behind_a_waiting_writer_waits) {
  EXPECT_EQ(holder.acquire({shared("k")}), "granted 5");
  EXPECT_EQ(a.acquire("k", {.wait = 60'000}), "waiting 6");
  EXPECT_EQ(b.acquire({shared("k")}), "BUSY");
  EXPECT_EQ(b.acquire({shared("k")}, {.wait = 60'000}), "waiting 7");
  holder.release("k", 5);
  EXPECT_EQ(world.events(), Events{"a: granted 8"});
  a.release("k", 8);
  EXPECT_EQ(world.events(), Events{"b: granted 9"});
}

TEST_F(QueueTest, readers_before_the_next_writer_are_granted_together) {
  EXPECT_EQ(holder.acquire("k"), "granted 5");
  a.acquire({shared("k")}, {.wait = 60'000});
  b.acquire({shared("k")}, {.wait = 60'000});
  c.acquire("k", {.wait = 60'000});
  holder.acquire({shared("k")}, {.wait = 60'000});
  holder.release("k", 5);
  EXPECT_EQ(world.events(), (Events{"a: granted 10", "b: granted 11"}));
  a.release("k", 10);
  EXPECT_EQ(world.events(), Events{});
  b.release("k", 11);
  EXPECT_EQ(world.events(), Events{"c: granted 13"});
}

TEST_F(QueueTest, a_writer_that_gives_up_lets_the_readers_behind_it_pass_at_once) {
  holder.acquire({shared("k")});
  a.acquire("k", {.wait = 1'000, .ticket = "t"});
  b.acquire({shared("k")}, {.wait = 60'000});
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"a t: BUSY", "b: granted 8"}));
}

TEST_F(QueueTest, a_writer_that_is_cancelled_lets_the_readers_behind_it_pass_at_once) {
  holder.acquire({shared("k")});
  a.acquire("k", {.wait = 60'000, .ticket = "t"});
  b.acquire({shared("k")}, {.wait = 60'000});
  EXPECT_EQ(a.cancel("t"), "1");
  EXPECT_EQ(world.events(), (Events{"a t: CANCELLED", "b: granted 8"}));
}

TEST_F(QueueTest, a_wait_that_runs_out_is_refused_as_busy) {
  holder.acquire("k");
  EXPECT_EQ(a.acquire("k", {.wait = 1'500}), "waiting 6");
  world.advance(1'499);
  EXPECT_EQ(world.events(), Events{});
  world.advance(1);
  EXPECT_EQ(world.events(), Events{"a: BUSY"});
  holder.release("k", 5);
  EXPECT_EQ(world.events(), Events{});
}

TEST_F(QueueTest, waited_counts_from_the_request_and_lease_from_the_grant) {
  holder.acquire("k");
  a.acquire("k", {.wait = 60'000, .lease = 700});
  world.advance(250);
  holder.release("k", 5);
  const auto& ended = std::get<command::WaitEnded>(world.outcome().events.at(0));
  const auto& granted = std::get<command::Granted>(ended.reply);
  EXPECT_EQ(granted.waited, Duration::from_ms(250));
  EXPECT_EQ(granted.lease, Duration::from_ms(700));
}

TEST_F(QueueTest, a_grant_is_handed_on_by_every_kind_of_end) {
  Client lessee(world, "lessee"), dying(world, "dying");
  lessee.acquire("k", {.lease = 1'000});
  a.acquire("k", {.wait = 60'000});
  world.advance(1'000);
  EXPECT_EQ(world.events(), (Events{"lessee: lost 5", "a: granted 7"}));
  b.acquire("k", {.wait = 60'000});
  a.close();
  EXPECT_EQ(world.events(), (Events{"session 2 closed", "b: granted 9"}));
  b.release("k", 9);
  dying.open(1'000);
  dying.acquire("k");
  c.acquire("k", {.wait = 60'000});
  world.advance(10'000);
  EXPECT_EQ(world.events(), (Events{"session 11 expired", "c: granted 14"}));
}

}  // namespace
}  // namespace state
