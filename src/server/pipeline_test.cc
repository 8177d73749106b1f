// Apply first, let nothing out before it is durable.
#include "server/pipeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/test_world.h"

namespace server {
namespace {

using base::Duration;

// Complaint: C6 (docs/complaints.md).
TEST(PipelineTest, nothing_is_let_out_before_it_is_durable) {
  TestWorld world;
  const auto client = world.connect();
  world.send(*client, "LOCK.ACQUIRE a LEASE 1000");
  EXPECT_EQ(world.machine.grant_count(), 1U) << "it was applied at once";
  EXPECT_EQ(client->output(), "");
  world.appender.finish();
  EXPECT_EQ(TestWorld::take(*client),
            "*6\r\n$5\r\ntoken\r\n:1\r\n$5\r\nlease\r\n:1000\r\n"
            "$6\r\nwaited\r\n:0\r\n");
}

TEST(PipelineTest, one_sync_serves_all_that_came_during_the_one_before) {
  TestWorld world;
  std::vector<std::shared_ptr<Conversation>> clients;
  for (int n = 0; n < 10; ++n) {
    clients.push_back(world.connect());
    world.send(*clients.back(), fmt::format("LOCK.ACQUIRE k{} LEASE 1000", n));
  }
  world.sync();
  EXPECT_EQ(world.appender.counts, (std::vector<std::size_t>{1, 9}));
  for (const auto& client : clients) EXPECT_NE(TestWorld::take(*client), "");
}

TEST(PipelineTest, an_answer_is_not_let_out_with_those_of_the_batch_before) {
  TestWorld world;
  const auto client = world.connect();
  world.send(*client, "LOCK.ACQUIRE a LEASE 1000");
  world.send(*client, "LOCK.RELEASE a 1");
  world.send(*client, "LOCK.CHECK a 1");
  world.appender.finish();
  EXPECT_EQ(TestWorld::take(*client).substr(0, 13), "*6\r\n$5\r\ntoken");
  EXPECT_EQ(client->output(), "");
  world.appender.finish();
  EXPECT_EQ(TestWorld::take(*client), ":1\r\n:0\r\n");
}

TEST(PipelineTest, what_nobody_waits_for_goes_with_what_somebody_does) {
  TestWorld world;
  const auto holder = world.connect();
  const auto next = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 60000");
  world.send(*next, "LOCK.ACQUIRE a LEASE 60000 WAIT 60000");
  EXPECT_FALSE(world.appender.is_busy());
  world.send(*holder, "LOCK.RELEASE a 1");
  EXPECT_TRUE(world.appender.is_busy());
  EXPECT_EQ(world.appender.counts.back(), 2U);
}

TEST(PipelineTest, an_answer_that_is_durable_already_waits_for_no_append) {
  TestWorld world;
  const auto holder = world.connect();
  const auto next = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 60000");
  world.send(*next, "LOCK.CHECK a 1\r\nLOCK.ACQUIRE a LEASE 60000 WAIT 60000");
  EXPECT_FALSE(world.appender.is_busy()) << "nobody waits for the wait";
  EXPECT_EQ(TestWorld::take(*next), ":1\r\n");
}

TEST(PipelineTest, but_it_goes_within_a_millisecond) {
  TestWorld world;
  const auto holder = world.connect();
  const auto next = world.connect();
  world.ask(*holder, "LOCK.ACQUIRE a LEASE 60000");
  world.send(*next, "LOCK.ACQUIRE a LEASE 60000 WAIT 60000");
  EXPECT_EQ(world.pipeline.next_tick(), world.clock.now + Duration::from_ms(1));
  world.advance(Duration::from_us(999));
  EXPECT_FALSE(world.appender.is_busy());
  world.advance(Duration::from_us(1));
  EXPECT_TRUE(world.appender.is_busy());
}

// The wait is a quarter of what the round before took.
TEST(PipelineTest, a_shared_journal_waits_a_moment_for_those_who_were_just_answered) {
  TestWorld world;
  world.pipeline.share_journal(1'000);
  const auto first = world.connect();
  const auto second = world.connect();
  world.send(*first, "LOCK.ACQUIRE a LEASE 1000");
  world.send(*second, "LOCK.ACQUIRE b LEASE 1000");
  world.clock.now = world.clock.now + Duration::from_ms(4);
  world.appender.finish();
  EXPECT_FALSE(world.appender.is_busy());
  EXPECT_EQ(world.pipeline.next_tick(), world.clock.now + Duration::from_ms(1));
  world.send(*first, "LOCK.RELEASE a 1");
  EXPECT_TRUE(world.appender.is_busy()) << "all who were answered are back";
  world.clock.now = world.clock.now + Duration::from_ms(4);
  world.appender.finish();
  world.send(*first, "LOCK.ACQUIRE a LEASE 1000");
  EXPECT_FALSE(world.appender.is_busy());
  world.advance(Duration::from_ms(1));
  EXPECT_TRUE(world.appender.is_busy()) << "the second has not come back in time";
}

TEST(PipelineTest, a_full_batch_of_a_shared_journal_waits_for_nobody) {
  TestWorld world;
  world.pipeline.share_journal(1);  // each entry fills one
  const auto first = world.connect();
  const auto second = world.connect();
  world.send(*first, "LOCK.ACQUIRE a LEASE 1000");
  world.send(*second, "LOCK.ACQUIRE b LEASE 1000");
  world.clock.now = world.clock.now + Duration::from_ms(4);
  world.appender.finish();
  EXPECT_TRUE(world.appender.is_busy());
}

TEST(PipelineTest, a_refused_try_and_a_read_write_nothing) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "LOCK.ACQUIRE a LEASE 1000");
  const std::uint64_t index = world.machine.last_index();
  EXPECT_EQ(world.ask(*client, "LOCK.ACQUIRE a LEASE 1000").substr(0, 5), "-BUSY");
  world.ask(*client, "LOCK.INFO a");
  EXPECT_EQ(world.machine.last_index(), index);
  EXPECT_EQ(world.appender.counts.size(), 1U);
}

// Complaint: J7 (docs/complaints.md).
TEST(PipelineTest, a_read_waits_for_what_it_has_seen) {
  TestWorld world;
  const auto writer = world.connect();
  const auto reader = world.connect();
  world.send(*writer, "LOCK.ACQUIRE a LEASE 1000");
  world.send(*reader, "LOCK.CHECK a 1");
  EXPECT_EQ(reader->output(), "") << "the grant it saw could still be lost";
  world.sync();
  EXPECT_EQ(TestWorld::take(*reader), ":1\r\n");
}

// Complaint: J9 (docs/complaints.md).
TEST(PipelineTest, after_a_failed_append_nothing_is_ever_let_out) {
  TestWorld world;
  const auto client = world.connect();
  world.send(*client, "LOCK.ACQUIRE a LEASE 1000");
  world.appender.finish(base::failure(base::Fault::Io, "the disk is gone"));
  ASSERT_TRUE(world.failure);
  EXPECT_EQ(world.failure->message, "the disk is gone");
  world.turn();
  EXPECT_EQ(client->output(), "");
}

TEST(PipelineTest, a_deadline_comes_before_the_command_that_is_later) {
  TestWorld world;
  const auto first = world.connect();
  const auto second = world.connect();
  world.ask(*first, "LOCK.ACQUIRE a LEASE 1000");
  world.clock.now = world.clock.now + Duration::from_ms(500);
  world.pipeline.mark_time();
  world.clock.now = world.clock.now + Duration::from_ms(500);
  const std::string granted = world.ask(*second, "LOCK.ACQUIRE a LEASE 1000");
  EXPECT_NE(granted.find(":3\r\n"), std::string::npos) << "index 2 is the tick: " << granted;
}

TEST(PipelineTest, time_is_marked_while_something_can_fall_due) {
  TestWorld world;
  const auto client = world.connect();
  world.clock.now = world.clock.now + Duration::from_seconds(5);
  world.pipeline.mark_time();
  EXPECT_FALSE(world.appender.is_busy()) << "nothing could lose its time";
  world.ask(*client, "LOCK.ACQUIRE a LEASE 60000");
  world.clock.now = world.clock.now + Duration::from_ms(250);
  world.pipeline.mark_time();
  EXPECT_FALSE(world.appender.is_busy());
  world.clock.now = world.clock.now + Duration::from_ms(250);
  world.pipeline.mark_time();
  ASSERT_TRUE(world.appender.is_busy());
  EXPECT_EQ(world.appender.counts.back(), 0U) << "a mark is a batch without entries";
}

TEST(PipelineTest, a_lease_does_not_run_while_nobody_could_be_heard) {
  TestWorld world;
  const auto client = world.connect();
  world.ask(*client, "SESSION.OPEN TTL 1000");
  world.ask(*client, "LOCK.ACQUIRE a");
  world.clock.now = world.clock.now + Duration::from_seconds(10);
  world.pipeline.tick();
  EXPECT_EQ(world.machine.session_count(), 1U) << "a renewal may lie unread";
  world.ask(*client, "SESSION.KEEPALIVE");
  world.advance(Duration::from_ms(999));
  EXPECT_EQ(world.machine.session_count(), 1U);
  world.advance(Duration::from_seconds(2));
  EXPECT_EQ(world.machine.session_count(), 0U) << "heard, and not renewed";
}

TEST(PipelineTest, appends_are_timed) {
  TestWorld world;
  const auto client = world.connect();
  for (const int ms : {3, 1'000, 999}) {
    world.send(*client, "SESSION.OPEN TTL 1000");
    world.clock.now = world.clock.now + Duration::from_ms(ms);
    world.appender.finish();
  }
  EXPECT_EQ(world.pipeline.counters().append_time, Duration::from_ms(2'002));
  EXPECT_EQ(world.pipeline.counters().slowest_append, Duration::from_ms(1'000));
  EXPECT_EQ(world.pipeline.counters().slow_appends, 1U);
}

TEST(PipelineTest, the_first_index_is_the_journals) {
  state::Machine machine;
  TestClock clock;
  TestAppender appender;
  Pipeline pipeline(machine, clock, {}, 5000, appender, [](const base::Error&) {});
  pipeline.submit(command::Start{"test"});
  EXPECT_EQ(machine.last_index(), 5000U);
}

}  // namespace
}  // namespace server
