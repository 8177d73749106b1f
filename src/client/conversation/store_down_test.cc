// Whatever goes wrong between the client and the store, it is Unavailable: never
// "free", which would be a grant, and never Busy, which would be somebody's decision.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

/// Acquires in each way there is, lets `fail` happen to it, and waits until all is decided.
template <class Fail>
void expect_unavailable(Fail fail) {
  const std::vector<OperationPtr> ways = {
      make_acquire({Key("a")}, {}, false),
      make_acquire({Key("a")}, {}, true),
      make_acquire({Key("a"), Key("b")}, {.wait = 3s}, true),
      make_sem_acquire("s", 3, 2, {.wait = 3s}, true),
      make_campaign("e", "me", {}, true),
  };
  for (const auto& way : ways) {
    World world;
    world.open_session();
    const auto call = world.start(way);
    EXPECT_NE(world.next(), "");
    fail(world);
    world.advance(ms(20'000));
    if (way->is_endless && world.conversation.wanted_connection() != 0) {
      world.conversation.close(world.now);
    }
    EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable));
    EXPECT_FALSE(call.hold());
  }
}

TEST(StoreDownTest, the_server_says_so) {
  expect_unavailable([](World& world) { world.send("-UNAVAILABLE the journal failed\r\n"); });
  expect_unavailable([](World& world) { world.send("-LOADING replaying\r\n"); });
  expect_unavailable([](World& world) { world.send("-MOVED 0 nowhere:1\r\n"); });
}

// Complaint: C29 (docs/complaints.md).
TEST(StoreDownTest, the_connection_breaks) {
  expect_unavailable([](World& world) { world.disconnect(); });
}

TEST(StoreDownTest, the_server_is_silent) {
  expect_unavailable([](World&) {});
}

TEST(StoreDownTest, the_server_talks_nonsense) {
  expect_unavailable([](World& world) { world.send("_\r\n"); });
  expect_unavailable([](World& world) { world.send(":1\r\n"); });
  expect_unavailable([](World& world) { world.send("+OK\r\n"); });
  expect_unavailable([](World& world) { world.send("HTTP/1.1 200 OK\r\n\r\n"); });
}

TEST(StoreDownTest, it_goes_away_while_the_wait_is_queued) {
  World world;
  world.open_session();
  const auto call = world.try_lock("a", {.wait = 2s});
  world.serve("LOCK.ACQUIRE a WAIT 2000 REQUEST 1 ASYNC 1", kQueued);
  world.disconnect();
  world.advance(ms(20'000));
  EXPECT_TRUE(call.failed_with(ErrorCode::Unavailable));
}

// Complaint: C16 (docs/complaints.md).
TEST(StoreDownTest, a_release_that_was_not_answered_is_not_a_release) {
  World world;
  world.open_session();
  const auto call = world.release(world.hold("a", 5));
  EXPECT_NE(world.next(), "");
  world.send("-UNAVAILABLE the journal failed\r\n");
  world.advance(ms(6'000));
  ASSERT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(call.error().maybe_applied());
}

}  // namespace
}  // namespace turnstile::client
