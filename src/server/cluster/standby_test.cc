// What a node says that does not lead, and what a leader says that leads no more.
#include <gtest/gtest.h>

#include "server/test_world.h"

namespace server {
namespace {

Topology topology_of(const std::string& self, const std::string& leader) {
  Topology topology;
  topology.self = self;
  topology.epoch_led = [is_leader = self == leader] { return std::uint64_t{is_leader ? 7U : 0U}; };
  topology.is_cut_off = [] { return false; };
  topology.members = {"a:1", "b:2"};
  if (!leader.empty()) topology.leader = {7, leader};
  return topology;
}

/// A world whose journal is shared, in which `self` leads or not.
struct ClusterWorld : TestWorld {
  ClusterWorld(const std::string& self, const std::string& leader)
      : topology(topology_of(self, leader)) {
    service.topology = &topology;
    service.redirects = self != leader;
    if (self == leader) pipeline.share_journal(1000);
  }
  Topology topology;
};

TEST(StandbyTest, sends_commands_to_the_leader) {
  ClusterWorld world("b:2", "a:1");
  const auto client = world.connect();
  EXPECT_EQ(world.ask(*client, "LOCK.ACQUIRE foo LEASE 1000"), "-MOVED 12182 a:1\r\n");
  EXPECT_EQ(world.ask(*client, "LOCK.INFO foo"), "-MOVED 12182 a:1\r\n");
  EXPECT_EQ(world.ask(*client, "SESSION.OPEN"), "-MOVED 0 a:1\r\n");
  EXPECT_EQ(world.ask(*client, "SESSION.ATTACH 1 secret"), "-MOVED 0 a:1\r\n");
  EXPECT_EQ(world.ask(*client, "PING"), "+PONG\r\n");
  EXPECT_EQ(world.machine.last_index(), 0U);
}

TEST(StandbyTest, knows_when_nobody_leads) {
  ClusterWorld world("b:2", "");
  const auto client = world.connect();
  EXPECT_TRUE(world.ask(*client, "LOCK.INFO a").starts_with("-UNAVAILABLE no node leads"));
  EXPECT_EQ(world.ask(*client, "CLUSTER SLOTS"), "*0\r\n");
}

/// It was elected, and does not serve yet: sending clients to itself would only turn them round.
TEST(StandbyTest, does_not_send_clients_to_itself) {
  ClusterWorld world("b:2", "a:1");
  world.topology.leader = {8, "b:2"};
  const auto client = world.connect();
  EXPECT_TRUE(world.ask(*client, "LOCK.INFO a").starts_with("-UNAVAILABLE"));
}

/// Such answers wait for no entry, and are limited all the same.
TEST(StandbyTest, keeps_few_answers_for_who_does_not_read) {
  ClusterWorld world("b:2", "a:1");
  world.service.limits.output_bytes = 1'000;
  const auto client = world.connect();
  for (int i = 0; i < 100 && !client->is_hopeless(); ++i) world.send(*client, "CLUSTER SLOTS");
  EXPECT_TRUE(client->is_hopeless());
  EXPECT_LT(client->held_bytes(), 2'000U);
}

TEST(StandbyTest, malformed_requests_are_told_so_everywhere) {
  ClusterWorld world("b:2", "a:1");
  const auto client = world.connect();
  EXPECT_TRUE(world.ask(*client, "LOCK.ACQUIRE").starts_with("-ERR wrong number"));
}

TEST(ClusterLeaderTest, a_read_waits_for_a_confirmation_begun_after_it) {
  ClusterWorld world("a:1", "a:1");
  const auto client = world.connect();
  world.send(*client, "LOCK.INFO a");
  EXPECT_EQ(client->output(), "");
  EXPECT_EQ(world.appender.confirmations, 1);
  world.send(*client, "LOCK.INFO b");  // the confirmation under way was begun before it
  world.appender.finish();
  const std::string first = TestWorld::take(*client);
  EXPECT_NE(first, "");
  world.turn();
  EXPECT_EQ(world.appender.confirmations, 2);
  EXPECT_EQ(client->output(), "") << "the second read is not confirmed yet";
  world.appender.finish();
  EXPECT_NE(TestWorld::take(*client), "");
  EXPECT_TRUE(world.appender.counts.empty()) << "a read writes nothing";
}

TEST(ClusterLeaderTest, an_append_confirms_as_well) {
  ClusterWorld world("a:1", "a:1");
  const auto client = world.connect();
  world.send(*client, "LOCK.ACQUIRE a LEASE 1000\r\nLOCK.INFO a");
  world.appender.finish();
  EXPECT_NE(TestWorld::take(*client).find("held"), std::string::npos);
  EXPECT_EQ(world.appender.confirmations, 0);
}

TEST(ClusterLeaderTest, a_refusal_waits_too) {
  ClusterWorld world("a:1", "a:1");
  const auto client = world.connect();
  world.ask(*client, "LOCK.ACQUIRE a LEASE 1000");
  world.send(*client, "LOCK.ACQUIRE a LEASE 1000");
  EXPECT_EQ(client->output(), "");
  world.appender.finish();
  EXPECT_TRUE(TestWorld::take(*client).starts_with("-BUSY"));
}

/// Half of them would otherwise wait for a whole append of the other half, in turns.
TEST(ClusterLeaderTest, an_append_waits_for_those_who_were_just_answered) {
  ClusterWorld world("a:1", "a:1");
  const auto alice = world.connect();
  const auto bob = world.connect();
  world.send(*alice, "LOCK.ACQUIRE a LEASE 60000");
  world.send(*bob, "LOCK.ACQUIRE b LEASE 60000");
  ASSERT_EQ(world.appender.counts, std::vector<std::size_t>{1});
  world.clock.now = world.clock.now + base::Duration::from_ms(4);
  world.appender.finish();
  world.turn();
  EXPECT_FALSE(world.appender.is_busy()) << "alice was answered and may be back soon";
  EXPECT_EQ(world.pipeline.next_tick(), world.clock.now + base::Duration::from_ms(1));
  world.send(*alice, "LOCK.ACQUIRE c LEASE 60000");
  EXPECT_EQ(world.appender.counts, (std::vector<std::size_t>{1, 2}));
}

TEST(ClusterLeaderTest, but_not_for_long) {
  ClusterWorld world("a:1", "a:1");
  const auto alice = world.connect();
  const auto bob = world.connect();
  world.send(*alice, "LOCK.ACQUIRE a LEASE 60000");
  world.send(*bob, "LOCK.INFO b");
  world.clock.now = world.clock.now + base::Duration::from_seconds(4);
  world.appender.finish();
  world.turn();
  EXPECT_FALSE(world.appender.is_busy());
  world.advance(base::Duration::from_us(1'999));
  EXPECT_EQ(world.appender.confirmations, 0);
  world.advance(base::Duration::from_us(1));
  EXPECT_EQ(world.appender.confirmations, 1);
}

TEST(ClusterLeaderTest, other_nodes_are_answered_at_once) {
  ClusterWorld world("a:1", "a:1");
  const auto client = world.connect();
  world.send(*client, "CLUSTER EPOCH");
  EXPECT_EQ(TestWorld::take(*client), ":7\r\n");
}

TEST(ClusterLeaderTest, says_that_it_is_cut_off_from_the_store) {
  ClusterWorld world("a:1", "a:1");
  world.topology.is_cut_off = [] { return true; };
  const auto client = world.connect();
  world.send(*client, "CLUSTER EPOCH");
  EXPECT_EQ(TestWorld::take(*client), ":-7\r\n");
}

TEST(ClusterLeaderTest, but_not_before_what_was_asked_before) {
  ClusterWorld world("a:1", "a:1");
  const auto client = world.connect();
  world.send(*client, "LOCK.CHECK a 1\r\nCLUSTER EPOCH");
  EXPECT_EQ(client->output(), "");
  world.sync();
  EXPECT_EQ(TestWorld::take(*client), ":0\r\n:7\r\n");
}

TEST(ClusterLeaderTest, deposed_it_lets_nothing_more_out) {
  ClusterWorld world("a:1", "a:1");
  const auto writer = world.connect();
  const auto waiter = world.connect();
  world.ask(*writer, "LOCK.ACQUIRE a LEASE 1000");
  world.ask(*waiter, "LOCK.ACQUIRE a LEASE 1000 WAIT 5000");
  EXPECT_TRUE(waiter->is_blocked());
  world.send(*writer, "LOCK.RELEASE a 1\r\nLOCK.INFO a");
  world.appender.finish(base::failure(base::Fault::InUse, "another leads"));
  EXPECT_EQ(writer->output(), "");
  ASSERT_TRUE(world.failure);
  world.hub.abandon("it leads no more", false);
  EXPECT_EQ(TestWorld::take(*writer),
            "-UNAVAILABLE it leads no more\r\n-UNAVAILABLE it leads no more\r\n");
  EXPECT_EQ(TestWorld::take(*waiter), "-UNAVAILABLE it leads no more\r\n")
      << "the grant by the release was never confirmed";
  EXPECT_TRUE(writer->is_finished());
  EXPECT_TRUE(waiter->is_finished());
  EXPECT_FALSE(writer->closing().empty());
  world.hub.remove(writer->id());
  world.hub.remove(waiter->id());
  EXPECT_EQ(world.hub.connection_count(), 0U);
}

TEST(ClusterLeaderTest, batches_stay_below_the_stores_limit) {
  ClusterWorld world("a:1", "a:1");
  const auto client = world.connect();
  for (int n = 0; n < 40; ++n) {
    const std::string line =
        "EVENT.SET e" + std::to_string(n) + " " + std::string(100, 'x') + "\r\n";
    const auto room = client->prepare();
    std::copy(line.begin(), line.end(), room.begin());
    client->commit(line.size());
  }
  world.turn();
  world.sync();
  EXPECT_GT(world.appender.counts.size(), 4U);
  for (const std::size_t count : world.appender.counts) EXPECT_LE(count, 10U);
}

}  // namespace
}  // namespace server
