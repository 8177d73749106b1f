// The public interface with real threads and a real socket, against a toy server.
// Nothing here waits for time to pass, except where time is what is tested.
#include "client/engine/engine.h"

#include <gtest/gtest.h>

#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "client/testing/toy_server.h"
#include "turnstile/turnstile.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

// Complaint: C13 (docs/complaints.md).
TEST(EngineTest, threads_share_a_connection_and_exclude_each_other) {
  ToyServer server;
  auto client = Client::connect(server.url());
  Mutex mutex(client, "m");
  Mutex same(client, "m");
  int count = 0;
  std::uint64_t last_token = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Mutex& mine = i % 2 == 0 ? mutex : same;
      for (int n = 0; n < 50; ++n) {
        const std::scoped_lock lock(mine);
        EXPECT_GT(mine.token(), last_token);
        last_token = mine.token();
        ++count;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(count, 200);
}

// Complaint: J10 (docs/complaints.md).
TEST(EngineTest, waits_survive_broken_connections) {
  ToyServer server;
  auto client = Client::connect(server.url());
  std::vector<std::jthread> threads;
  std::atomic<int> count = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto grant = client.lock("k");
        if (++count % 8 == 0) server.break_connections();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(count, 80);
  EXPECT_TRUE(client.lock("k").release());
  EXPECT_EQ(server.held(), 0);
}

TEST(EngineTest, a_stop_token_withdraws_a_wait) {
  ToyServer server;
  auto client = Client::connect(server.url());
  const auto grant = client.lock("k");
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto refused = client.try_lock("k", {.wait = 1h, .stop = stop.get_token()});
  EXPECT_TRUE(refused.failed_with(ErrorCode::Cancelled));
  EXPECT_TRUE(client.try_lock("k").failed_with(ErrorCode::Busy));
}

TEST(EngineTest, a_standard_lock_works_on_a_mutex) {
  ToyServer server;
  auto client = Client::connect(server.url());
  Mutex one(client, "1");
  Mutex two(client, "2");
  const std::scoped_lock both(one, two);
  std::thread([&] {
    const std::unique_lock tried(one, std::try_to_lock);
    EXPECT_FALSE(tried.owns_lock());
    EXPECT_EQ(one.token(), 0U);
  }).join();
  EXPECT_THROW(one.lock(), Error);
  EXPECT_TRUE(one.is_held());
  SharedMutex shared(client, "3");
  const std::shared_lock reading(shared, 1s);
  EXPECT_TRUE(reading.owns_lock());
}

TEST(EngineTest, a_grant_may_outlive_its_client) {
  ToyServer server;
  Grant grant;
  std::stop_token session;
  {
    auto client = Client::connect(server.url());
    session = client.session_lost();
    EXPECT_EQ(client.session_id(), 7U);
    grant = client.lock("k");
    EXPECT_TRUE(grant.is_held());
    EXPECT_TRUE(grant.check());
  }
  EXPECT_TRUE(grant.lost().stop_requested());
  EXPECT_FALSE(grant.is_held());
  EXPECT_TRUE(grant.try_release().failed_with(ErrorCode::Unavailable));
}

TEST(EngineTest, a_silent_server_loses_the_grants_of_a_short_session) {
  ToyServer server;
  auto client = Client::connect(server.url(), {.ttl = 1s, .patience = 300ms});
  const auto grant = client.lock("k");
  std::latch lost(1);
  const std::stop_callback on_lost(grant.lost(), [&] {
    EXPECT_FALSE(grant.is_held());
    // A callback that calls back is refused rather than left to wait for itself.
    EXPECT_TRUE(client.try_lock("z").failed_with(ErrorCode::Invalid));
    lost.count_down();
  });
  server.fall_silent();
  lost.wait();
  EXPECT_TRUE(client.try_lock("k").failed_with(ErrorCode::Unavailable));
}

TEST(EngineTest, nobody_there_is_unavailable) {
  const auto client = Client::try_connect("unix:/nonexistent/turnstile.sock", {.patience = 50ms});
  ASSERT_TRUE(client.failed_with(ErrorCode::Unavailable));
  EXPECT_NE(std::string(client.error().what()).find("/nonexistent"), std::string::npos);
  EXPECT_TRUE(Client::try_connect("unix:" + std::string(200, 'x'), {.patience = 50ms})
                  .failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(Client::try_connect("turnstile://127.0.0.1:1", {.patience = 50ms})
                  .failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(Client::try_connect("http://x").failed_with(ErrorCode::Invalid));
  EXPECT_TRUE(Client::try_connect("", {.ttl = 0ms}).failed_with(ErrorCode::Invalid));
}

TEST(EngineTest, closing_wakes_those_who_wait) {
  ToyServer server;
  auto client = Client::connect(server.url());
  const auto grant = client.lock("k");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      EXPECT_TRUE(client.try_lock("k", {.wait = 1h}).failed_with(ErrorCode::Unavailable));
    });
  }
  client.close();
  threads.clear();
  client.close();
  EXPECT_TRUE(client.try_call({"PING"}).failed_with(ErrorCode::Unavailable));
}

}  // namespace
}  // namespace turnstile::client
