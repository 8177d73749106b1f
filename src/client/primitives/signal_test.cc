// Events, barriers and latches with real threads and a real socket, against the toy server.
#include <gtest/gtest.h>

#include <thread>

#include "client/testing/inbox.h"
#include "client/testing/toy_server.h"
#include "turnstile/turnstile.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

class SignalTest : public testing::Test {
 protected:
  /// Waits until so many wait for a signal.
  template <class AnySignal>
  static void wait_for_waiters(const AnySignal& signal, std::int64_t count) {
    while (signal.info().integer_of("waiting") != count) std::this_thread::yield();
  }

  ToyServer server_;
  Client client_ = Client::connect(server_.url());
};

TEST_F(SignalTest, an_event_stays_set_until_it_is_reset) {
  Event event(client_, "e");
  EXPECT_EQ(event.wait_for(0ms), std::nullopt);
  EXPECT_TRUE(event.try_wait().failed_with(ErrorCode::Busy));
  const auto first = event.set("one");
  const auto signal = event.wait();
  EXPECT_EQ(signal.generation, first);
  EXPECT_EQ(signal.payload, "one");
  EXPECT_EQ(event.wait_after_for(first, 0ms), std::nullopt);
  std::jthread waiting([&] { EXPECT_EQ(event.wait_after(first).payload, "two"); });
  wait_for_waiters(event, 1);
  EXPECT_GT(event.set("two"), first);
  waiting.join();
  EXPECT_TRUE(event.reset());
  EXPECT_FALSE(event.reset());
  EXPECT_EQ(event.wait_until(std::chrono::steady_clock::now()), std::nullopt);
  EXPECT_TRUE(
      Event(client_, "e", Event::Kind::Automatic).try_set().failed_with(ErrorCode::Conflict));
}

TEST_F(SignalTest, an_automatic_event_lets_one_go_on) {
  Event event(client_, "e", Event::Kind::Automatic);
  event.set("x");
  EXPECT_EQ(event.wait().payload, "x");
  EXPECT_EQ(event.wait_for(0ms), std::nullopt);
}

TEST_F(SignalTest, a_wait_for_an_event_is_withdrawn_and_survives_what_breaks) {
  Event event(client_, "e");
  std::stop_source stop;
  Inbox<ErrorCode> codes;
  event.wait_then({}, {.stop = stop.get_token()},
                  [&](Result<Event::Signal> signal) { codes.put(signal.error().code()); });
  stop.request_stop();
  EXPECT_EQ(codes.take(), ErrorCode::Cancelled);
  std::jthread waiting([&] { EXPECT_EQ(event.wait().payload, "x"); });
  wait_for_waiters(event, 1);
  server_.break_connections();
  server_.end_session();
  event.set("x");
}

TEST_F(SignalTest, all_who_arrive_go_on_together) {
  Barrier barrier(client_, "b", 2, {.participant = "one"});
  EXPECT_EQ(barrier.arrive_and_wait_for(0ms), std::nullopt);
  EXPECT_TRUE(barrier.try_arrive_and_wait().failed_with(ErrorCode::Busy));
  Barrier::Passage theirs;
  std::jthread other([&] { theirs = Barrier(client_, "b", 2).arrive_and_wait("a"); });
  wait_for_waiters(barrier, 1);
  const auto mine = barrier.arrive_and_wait("b");
  other.join();
  EXPECT_EQ(mine.generation, theirs.generation);
  EXPECT_EQ(mine.payloads, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(mine.participants, (std::vector<std::string>{"first", ""}));
}

TEST_F(SignalTest, a_barrier_breaks) {
  Barrier barrier(client_, "b", 2, {.on_death = OnDeath::Shrink});
  std::jthread other([&] {
    EXPECT_TRUE(barrier.try_arrive_and_wait("", {.wait = 1min}).failed_with(ErrorCode::Broken));
  });
  wait_for_waiters(barrier, 1);
  server_.break_barrier("b");
}

TEST_F(SignalTest, a_latch_opens_when_nothing_is_left_to_count) {
  Latch latch(client_, "l");
  EXPECT_FALSE(latch.try_wait());
  std::jthread waiting([&] { latch.wait(); });
  latch.set(2);
  EXPECT_TRUE(latch.try_set(3).failed_with(ErrorCode::Conflict));
  EXPECT_EQ(latch.count_down("a"), 1);
  EXPECT_EQ(latch.count_down("a"), 1);
  EXPECT_FALSE(latch.wait_for(0ms));
  EXPECT_EQ(latch.count_down(), 0);
  EXPECT_TRUE(latch.wait_for(1min));
}

}  // namespace
}  // namespace turnstile::client
