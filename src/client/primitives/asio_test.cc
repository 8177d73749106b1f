// The operations for Boost.Asio: coroutines, cancellation, other tokens.
#include "turnstile/asio.h"

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>

#include "client/testing/toy_server.h"

namespace turnstile::client {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::use_awaitable;

/// Runs a coroutine to its end on this thread, and throws what it throws. The context outlives the
/// client, whose thread may still be leaving asio::post() when the coroutine has ended.
template <class Coroutine>
void run(asio::io_context& io, Coroutine coroutine) {
  std::exception_ptr thrown;
  io.restart();
  asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr error) { thrown = error; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
}

TEST(AsioTest, a_coroutine_awaits_a_lock_that_another_one_has) {
  asio::io_context io;
  ToyServer server;
  auto client = Client::connect(server.url());
  run(io, [&]() -> asio::awaitable<void> {
    auto first = co_await async_lock(client, "a", use_awaitable);
    EXPECT_TRUE(first.is_held());
    const auto busy = co_await async_try_lock(client, "a", use_awaitable);
    EXPECT_TRUE(busy.failed_with(ErrorCode::Busy));
    auto executor = co_await asio::this_coro::executor;
    std::uint64_t next = 0;
    asio::co_spawn(
        executor,
        [&]() -> asio::awaitable<void> {
          std::vector<Key> keys(1, Key("a"));
          next = (co_await async_lock_all(client, std::move(keys), use_awaitable)).token();
        },
        asio::detached);
    asio::steady_timer timer(executor);
    const auto token = first.token();
    first = {};
    while (next == 0) {
      timer.expires_after(1ms);
      co_await timer.async_wait(use_awaitable);
    }
    EXPECT_GT(next, token);
  });
}

TEST(AsioTest, errors_are_thrown_into_the_coroutine) {
  asio::io_context io;
  ToyServer server;
  auto client = Client::connect(server.url());
  const auto grant = client.lock("a");
  const auto take = [&]() -> asio::awaitable<void> {
    const AcquireOptions options{.wait = 0ms};
    co_await async_lock(client, "a", options, use_awaitable);
  };
  EXPECT_THROW(run(io, take), Error);
  const auto nothing = [&]() -> asio::awaitable<void> {
    co_await async_lock_all(client, std::vector<Key>(), use_awaitable);
  };
  EXPECT_THROW(run(io, nothing), Error);
}

TEST(AsioTest, a_cancellation_signal_withdraws_the_wait) {
  asio::io_context io;
  ToyServer server;
  auto client = Client::connect(server.url());
  const auto grant = client.lock("a");
  asio::cancellation_signal signal;
  bool is_over = false;
  const auto handler = [&](Result<Grant> result) {
    EXPECT_TRUE(result.failed_with(ErrorCode::Cancelled));
    is_over = true;
  };
  async_try_lock(client, "a", {.wait = 1h},
                 asio::bind_executor(io, asio::bind_cancellation_slot(signal.slot(), handler)));
  asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_TRUE(is_over);
}

TEST(AsioTest, semaphores_and_elections_are_awaited_too) {
  asio::io_context io;
  ToyServer server;
  auto client = Client::connect(server.url());
  Semaphore gateway(client, "gateway", 2);
  Election election(client, "dispatcher");
  run(io, [&]() -> asio::awaitable<void> {
    const auto both = co_await async_acquire(gateway, 2, use_awaitable);
    const auto more = co_await async_try_acquire(gateway, 1, use_awaitable);
    EXPECT_TRUE(more.failed_with(ErrorCode::Busy));
    const auto term = co_await async_campaign(election, "me", use_awaitable);
    EXPECT_EQ(election.leader().term, term.term());
    const auto second = co_await async_try_campaign(election, "you", use_awaitable);
    EXPECT_TRUE(second.failed_with(ErrorCode::Busy));
  });
}

TEST(AsioTest, any_completion_token_will_do) {
  ToyServer server;
  auto client = Client::connect(server.url());
  std::promise<std::uint64_t> token;
  async_lock(client, "a", {},
             [&](std::exception_ptr, const Grant& grant) { token.set_value(grant.token()); });
  EXPECT_GT(token.get_future().get(), 0U);
}

TEST(AsioTest, closing_the_client_ends_what_is_awaited) {
  ToyServer server;
  auto client = Client::connect(server.url());
  const auto grant = client.lock("a");
  std::promise<bool> failed;
  async_try_lock(client, "a", {.wait = 1h}, [&](const Result<Grant>& result) {
    failed.set_value(result.failed_with(ErrorCode::Unavailable));
  });
  client.close();
  EXPECT_TRUE(failed.get_future().get());
}

}  // namespace
}  // namespace turnstile::client
