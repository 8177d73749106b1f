// Each primitive with real threads and a real socket, against the toy server.
#include <gtest/gtest.h>

#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "client/testing/inbox.h"
#include "client/testing/toy_server.h"
#include "turnstile/turnstile.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

// --- locks

TEST(GrantTest, a_thread_is_an_agent_unless_it_names_one) {
  ToyServer server;
  auto client = Client::connect(server.url());
  client.lock("a");
  const auto mine = server.agent();
  EXPECT_TRUE(mine.starts_with("t"));
  client.lock("a");
  EXPECT_EQ(server.agent(), mine);
  std::thread([&] { client.lock("a"); }).join();
  EXPECT_NE(server.agent(), mine);
  client.lock("a", {.agent = "payment 88"});
  EXPECT_EQ(server.agent(), "payment 88");
  // The server takes the owner for the agent.
  client.lock("a", {.owner = "batch"});
  EXPECT_EQ(server.agent(), "");
}

TEST(GrantTest, it_tells_how_long_it_was_waited_for) {
  ToyServer server;
  auto client = Client::connect(server.url());
  EXPECT_EQ(client.lock("a").waited(), 42ms);
}

TEST(GrantTest, a_refusal_tells_how_long_one_would_wait) {
  ToyServer server;
  auto client = Client::connect(server.url());
  const auto grant = client.lock("a");
  const auto refused = client.try_lock("a");
  ASSERT_TRUE(refused.failed_with(ErrorCode::Busy));
  EXPECT_EQ(refused.error().expected_wait(), 1500ms);
}

TEST(GrantTest, a_shared_grant_is_upgraded_and_downgraded) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto grant = client.lock("a", {.shared = true});
  auto other = client.lock("a", {.shared = true});
  const auto lost = grant.lost();
  const auto token = grant.token();
  EXPECT_TRUE(grant.try_upgrade().failed_with(ErrorCode::Busy));
  EXPECT_EQ(grant.token(), token);
  EXPECT_TRUE(grant.is_held());
  other.release();
  EXPECT_GT(grant.upgrade(), token);
  EXPECT_GT(grant.token(), token);
  EXPECT_TRUE(grant.check());
  EXPECT_TRUE(client.try_lock("a", {.shared = true}).failed_with(ErrorCode::Busy));
  grant.downgrade("a");
  EXPECT_TRUE(client.try_lock("a", {.shared = true}));
  EXPECT_TRUE(grant.try_downgrade("b").failed_with(ErrorCode::Invalid));
  // The bells hang on the grant, not on its token.
  server.revoke("a");
  Inbox<Loss> losses;
  grant.on_lost(losses.callback());
  EXPECT_EQ(losses.take().cause, "revoked");
  EXPECT_TRUE(lost.stop_requested());
  EXPECT_EQ(server.held(), 0);
}

TEST(GrantTest, an_upgrade_waits_for_the_others_and_survives_a_broken_connection) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto grant = client.lock("a", {.shared = true});
  auto other = client.lock("a", {.shared = true});
  std::jthread upgrader([&] { grant.upgrade(); });
  while (!client.try_lock("z", {.within = 1s}) ||
         other.try_upgrade().failed_with(ErrorCode::Busy)) {
    std::this_thread::yield();
  }
  server.break_connections();
  other.release();
  upgrader.join();
  EXPECT_GT(grant.token(), other.token());
  EXPECT_TRUE(grant.check());
}

TEST(GrantTest, callbacks_may_take_their_time_and_call_the_library) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto grant = client.lock("a");
  Inbox<Loss> losses;
  grant.on_lost([&](const Loss& loss) {
    EXPECT_FALSE(grant.is_held());
    EXPECT_TRUE(client.lock("b").is_held());
    losses.put(loss);
  });
  server.revoke("a");
  const auto loss = losses.take();
  EXPECT_EQ(loss.cause, "revoked");
  EXPECT_EQ(loss.reason, "fraud case 9");
}

TEST(GrantTest, a_holder_is_asked_to_leave_and_may_stay_after_all) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto grant = client.lock("a");
  Inbox<Revocation> revocations;
  grant.on_revoked(revocations.callback());
  const auto first = grant.revoked();
  EXPECT_FALSE(first.stop_requested());
  server.preempt("a");
  const auto asked = revocations.take();
  EXPECT_EQ(asked.by, "vip");
  EXPECT_EQ(asked.grace, 500ms);
  EXPECT_FALSE(asked.is_withdrawn);
  EXPECT_TRUE(first.stop_requested());
  server.preempt("a", true);
  EXPECT_TRUE(revocations.take().is_withdrawn);
  EXPECT_FALSE(grant.revoked().stop_requested());
  EXPECT_TRUE(grant.is_held());
}

TEST(GrantTest, a_callback_is_not_called_after_the_release) {
  ToyServer server;
  std::vector<std::function<void()>> queued;
  std::mutex mutex;
  const auto executor = [&](std::function<void()> function) {
    const std::lock_guard lock(mutex);
    queued.push_back(std::move(function));
  };
  auto client = Client::connect(server.url(), {.executor = executor});
  auto grant = client.lock("a");
  bool is_called = false;
  grant.on_lost([&](const Loss&) { is_called = true; });
  server.revoke("a");
  while (!grant.lost().stop_requested()) std::this_thread::yield();
  EXPECT_TRUE(client.try_lock("b"));
  grant = {};
  for (const auto& function : queued) function();
  EXPECT_EQ(queued.size(), 1U);
  EXPECT_FALSE(is_called);
}

TEST(GrantTest, a_callback_may_give_the_grant_back) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto grant = client.lock("a");
  std::latch left(1);
  grant.on_revoked([&](const Revocation&) {
    grant.release();
    left.count_down();
  });
  server.preempt("a");
  left.wait();
  EXPECT_TRUE(client.lock("a").is_held());
}

TEST(GrantTest, an_acquisition_need_not_be_waited_for) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto first = client.lock("a");
  Inbox<std::uint64_t> tokens;
  client.lock_all_then({"a"}, {}, [&](Result<Grant> grant) { tokens.put(grant->token()); });
  EXPECT_TRUE(server.agent().starts_with("t") || server.agent().starts_with("a"));
  first.release();
  EXPECT_GT(tokens.take(), first.token());
  std::stop_source stop;
  Inbox<ErrorCode> codes;
  const auto second = client.lock("a");
  client.lock_all_then({"a"}, {.stop = stop.get_token()},
                       [&](Result<Grant> grant) { codes.put(grant.error().code()); });
  stop.request_stop();
  EXPECT_EQ(codes.take(), ErrorCode::Cancelled);
  client.close();
  client.lock_all_then({"a"}, {}, [&](Result<Grant> grant) { codes.put(grant.error().code()); });
  EXPECT_EQ(codes.take(), ErrorCode::Unavailable);
}

// --- mutexes

TEST(ReentrantMutexTest, a_thread_locks_again_what_it_has) {
  ToyServer server;
  auto client = Client::connect(server.url());
  ReentrantMutex mutex(client, "m");
  ReentrantMutex same(client, "m");
  {
    const std::lock_guard outer(mutex);
    const std::unique_lock inner(same, 1s);
    EXPECT_EQ(mutex.token(), same.token());
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
    std::thread([&] { EXPECT_FALSE(mutex.try_lock_for(0ms)); }).join();
    EXPECT_TRUE(mutex.is_held());
  }
  EXPECT_FALSE(mutex.is_held());
  std::thread([&] {
    EXPECT_TRUE(mutex.try_lock_for(1min));
    mutex.unlock();
  }).join();
  EXPECT_TRUE(client.lock("m").release());
  EXPECT_EQ(server.held(), 0);
}

// Complaint: C25 (docs/complaints.md).
TEST(ReentrantMutexTest, all_levels_are_lost_together) {
  ToyServer server;
  auto client = Client::connect(server.url());
  auto outer = client.lock("m", {.owner = "o"});
  auto inner = client.lock("m", {.owner = "o"});
  EXPECT_EQ(outer.token(), inner.token());
  Inbox<Loss> losses;
  outer.on_lost(losses.callback());
  inner.on_lost(losses.callback());
  server.revoke("m");
  EXPECT_EQ(losses.take().cause, "revoked");
  EXPECT_EQ(losses.take().cause, "revoked");
}

TEST(UpgradeMutexTest, it_is_shared_then_alone_then_shared) {
  ToyServer server;
  auto client = Client::connect(server.url());
  UpgradeMutex mutex(client, "m");
  const std::shared_lock reading(mutex);
  const auto token = mutex.token();
  std::latch locked(1);
  std::latch tried(1);
  std::jthread other([&] {
    const std::shared_lock also(mutex, 1min);
    locked.count_down();
    tried.wait();
  });
  locked.wait();
  EXPECT_FALSE(mutex.try_unlock_shared_and_lock());
  EXPECT_EQ(mutex.token(), token);
  tried.count_down();
  EXPECT_TRUE(mutex.try_unlock_shared_and_lock_for(1min));
  EXPECT_GT(mutex.token(), token);
  std::thread([&] { EXPECT_FALSE(mutex.try_lock_shared()); }).join();
  mutex.unlock_and_lock_shared();
  std::thread([&] {
    EXPECT_TRUE(mutex.try_lock_shared());
    mutex.unlock_shared();
  }).join();
  mutex.unlock_shared_and_lock();
  std::thread([&] { EXPECT_THROW(mutex.unlock_shared_and_lock(), Error); }).join();
}

// --- semaphores

TEST(SemaphoreTest, no_more_permits_are_out_than_there_are) {
  ToyServer server;
  auto client = Client::connect(server.url());
  Semaphore gateway(client, "gateway", 3);
  auto two = gateway.acquire(2);
  const auto one = gateway.try_acquire();
  ASSERT_TRUE(one);
  EXPECT_GT(one->token(), two.token());
  EXPECT_TRUE(gateway.try_acquire().failed_with(ErrorCode::Busy));
  EXPECT_TRUE(gateway.try_acquire(4).failed_with(ErrorCode::Limit));
  EXPECT_TRUE(gateway.try_acquire(0).failed_with(ErrorCode::Invalid));
  std::jthread waiting([&] { EXPECT_TRUE(gateway.try_acquire_for(1min, 2)); });
  EXPECT_TRUE(two.release());
  waiting.join();
  EXPECT_TRUE(gateway.try_acquire_until(std::chrono::steady_clock::now() + 1min));
  gateway.resize(1);
  EXPECT_EQ(gateway.info().integer_of("limit"), 1);
  EXPECT_TRUE(gateway.try_acquire().failed_with(ErrorCode::Busy));
  EXPECT_TRUE(Semaphore(client, "gateway").try_acquire().failed_with(ErrorCode::Busy));
  EXPECT_TRUE(Semaphore(client, "gateway", 3).try_acquire().failed_with(ErrorCode::Conflict));
  EXPECT_TRUE(one->try_check().failed_with(ErrorCode::Invalid));
}

// --- elections

TEST(ElectionTest, one_leads_and_the_next_one_follows) {
  ToyServer server;
  auto client = Client::connect(server.url());
  Election election(client, "dispatcher");
  EXPECT_FALSE(election.leader().is_led);
  auto first = election.campaign("10.0.0.7");
  EXPECT_EQ(election.leader().value, "10.0.0.7");
  EXPECT_EQ(election.leader().term, first.term());
  EXPECT_TRUE(election.try_campaign("10.0.0.8").failed_with(ErrorCode::Busy));
  std::uint64_t second_term = 0;
  std::jthread second([&] { second_term = election.campaign("10.0.0.8").term(); });
  while (election.leader().candidates == 0) std::this_thread::yield();
  first.proclaim("10.0.0.9");
  EXPECT_EQ(election.leader().value, "10.0.0.9");
  EXPECT_TRUE(first.resign());
  EXPECT_FALSE(first.resign());
  second.join();
  EXPECT_GT(second_term, first.term());
  EXPECT_TRUE(first.try_proclaim("x").failed_with(ErrorCode::Stale));
}

TEST(ElectionTest, observers_are_told_across_broken_connections) {
  ToyServer server;
  auto client = Client::connect(server.url());
  Election election(client, "dispatcher");
  Inbox<Leader> leaders;
  auto observation = election.observe(leaders.callback());
  EXPECT_FALSE(leaders.take().is_led);
  auto term = election.campaign("a");
  EXPECT_EQ(leaders.take().value, "a");
  server.break_connections();
  // The toy forgets observers with their connection; the library must come back.
  while (!server.is_observed("dispatcher")) std::this_thread::yield();
  term.proclaim("b");
  EXPECT_EQ(leaders.take().value, "b");
  term.resign();
  EXPECT_FALSE(leaders.take().is_led);
  Inbox<Leader> others;
  const auto another = election.observe(others.callback());
  EXPECT_FALSE(others.take().is_led);
  observation = {};
  EXPECT_TRUE(server.is_observed("dispatcher"));
}

// --- clients without a session

TEST(SessionlessClientTest, it_reads_and_opens_no_session) {
  ToyServer server;
  auto client = Client::connect(server.url(), {.session = false});
  EXPECT_EQ(client.info("a").text_of("key"), "a");
  EXPECT_FALSE(Election(client, "e").leader().is_led);
  EXPECT_EQ(client.session_id(), 0U);
  EXPECT_TRUE(client.try_lock("a").failed_with(ErrorCode::NoSession));
  EXPECT_THROW(client.lock("a"), Error);
  EXPECT_TRUE(client.try_call({"X"}, {.numbered = true}).failed_with(ErrorCode::NoSession));
  Inbox<Leader> leaders;
  const auto observation = Election(client, "e").observe(leaders.callback());
  server.break_connections();
  EXPECT_EQ(client.info("b").text_of("key"), "b");
  client.close();
  EXPECT_TRUE(client.try_info("a").failed_with(ErrorCode::Unavailable));
  EXPECT_EQ(server.sessions(), 0);
}

}  // namespace
}  // namespace turnstile::client
