// Waits for what one does not get to hold: they go on over connections and sessions, but
// nobody arrives at a barrier twice without knowing it.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"
#include "client/testing/task_answers.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

bool has_generation(const resp::Value& value) { return value.find("generation") != nullptr; }

OperationPtr make_event_wait(std::optional<Milliseconds> wait = {}) {
  return make_wait({"EVENT.WAIT", "e"}, wait, true, has_generation);
}

OperationPtr make_arrival() {
  auto operation = make_wait({"BARRIER.ARRIVE", "b", "PARTIES", "2"}, 60s, true, has_generation);
  operation->is_restartable = false;
  return operation;
}

constexpr std::string_view kWait = "EVENT.WAIT e WAIT 86400000 REQUEST 1 ASYNC 1";
constexpr std::string_view kArrive = "BARRIER.ARRIVE b PARTIES 2 WAIT 60000 REQUEST 1 ASYNC 1";

std::int64_t generation_of(const Call& call) {
  const auto* generation = call.is_done() ? (*call.outcome)->value.find("generation") : nullptr;
  return generation == nullptr ? 0 : generation->as_integer().value_or(0);
}

TEST(SignalWaitTest, it_is_answered_at_once_or_pushed) {
  World world;
  world.open_session();
  const auto first = world.start(make_event_wait());
  world.serve(kWait, signalled("e", 4, "x"));
  EXPECT_EQ(generation_of(first), 4);
  const auto second = world.start(make_event_wait());
  world.serve("EVENT.WAIT e WAIT 86400000 REQUEST 2 ASYNC 2", kQueued);
  EXPECT_FALSE(second.is_done());
  world.send(push("2", signalled("e", 9, "y")));
  EXPECT_EQ(generation_of(second), 9);
}

TEST(SignalWaitTest, a_try_has_no_ticket) {
  World world;
  world.open_session();
  const auto call = world.start(make_event_wait(0ms));
  world.serve("EVENT.WAIT e REQUEST 1", "-BUSY not set\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Busy));
}

TEST(SignalWaitTest, one_without_limit_begins_anew_when_the_server_ends_it) {
  World world({.ttl_ms = 86'400'000});
  world.open_session(7, 86'400'000);
  const auto call = world.start(make_event_wait());
  world.serve(kWait, kQueued);
  world.pause(ms(86'400'000 / 10 * 9));
  world.now = world.now + ms(1);
  world.send(push("1", "-BUSY the wait is over\r\n"));
  EXPECT_FALSE(call.is_done() && (*call.outcome)->error->code() == ErrorCode::Busy);
}

TEST(SignalWaitTest, it_is_repeated_over_the_next_connection) {
  World world;
  world.open_session();
  const auto call = world.start(make_event_wait());
  world.serve(kWait, kQueued);
  world.reconnect(attached({}, {listed_wait("1", "e", 1)}));
  world.serve("EVENT.WAIT e WAIT 86400000 REQUEST 1 ASYNC 2", kQueued);
  world.send(push("2", signalled("e", 9, "y")));
  EXPECT_EQ(generation_of(call), 9);
}

// Complaint: T24 (docs/complaints.md).
TEST(SignalWaitTest, what_was_told_to_a_broken_connection_is_told_again) {
  World world;
  world.open_session();
  const auto call = world.start(make_event_wait());
  world.serve(kWait, kQueued);
  world.reconnect(attached());
  world.serve("EVENT.WAIT e WAIT 86400000 REQUEST 1 ASYNC 2", signalled("e", 9, "y"));
  EXPECT_EQ(generation_of(call), 9);
}

TEST(SignalWaitTest, an_answer_that_is_gone_is_made_up_for_if_that_leaves_no_gap) {
  for (const bool is_gapless : {false, true}) {
    World world;
    world.open_session();
    auto operation = make_event_wait();
    operation->is_gapless = is_gapless;
    const auto call = world.start(operation);
    world.serve(kWait, kQueued);
    world.reconnect(attached());
    world.serve("EVENT.WAIT e WAIT 86400000 REQUEST 1 ASYNC 2",
                "-LOST of which no more is known\r\n");
    EXPECT_EQ(call.failed_with(ErrorCode::Lost), !is_gapless);
    if (!is_gapless) continue;
    // A late copy of the request must not be applied as if it were new.
    world.serve("SESSION.KEEPALIVE REQUEST 1", kept());
    world.serve("EVENT.WAIT e WAIT 86400000 REQUEST 2 ASYNC 3", signalled("e", 9, "y"));
    EXPECT_EQ(generation_of(call), 9);
  }
}

TEST(SignalWaitTest, it_goes_on_in_the_next_session) {
  World world;
  world.open_session();
  const auto call = world.start(make_event_wait());
  world.serve(kWait, kQueued);
  world.disconnect();
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.ATTACH 7 s3cret", "-NOSESSION it expired\r\n");
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.OPEN TTL 10000 NAME test", opened(8));
  world.serve("EVENT.WAIT e WAIT 86400000 REQUEST 1 ASYNC 2", signalled("e", 9, "y"));
  EXPECT_EQ(generation_of(call), 9);
}

TEST(SignalWaitTest, one_that_is_withdrawn_leaves_nothing_behind) {
  World world;
  world.open_session();
  const auto call = world.start(make_arrival());
  world.serve(kArrive, kQueued);
  world.disconnect();
  world.cancel(call);
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
  world.attach(attached({}, {listed_wait("1", "b", 1)}));
  world.serve("CANCEL 1", integer(1));
}

TEST(SignalWaitTest, answers_that_make_no_sense_end_the_connection) {
  for (const std::string_view answer : {":1\r\n", "+OK\r\n", "*0\r\n", "_\r\n", "%0\r\n"}) {
    World world;
    world.open_session();
    const auto call = world.start(make_event_wait());
    world.serve(kWait, answer);
    EXPECT_FALSE(call.is_done()) << answer;
    EXPECT_EQ(world.conversation.wanted_connection(), 0U) << answer;
  }
}

// --- barriers

TEST(ArrivalTest, a_barrier_that_broke_is_broken) {
  World world;
  world.open_session();
  const auto call = world.start(make_arrival());
  world.serve(kArrive, kQueued);
  world.send(push("1", "-BROKEN session 9 died\r\n"));
  EXPECT_TRUE(call.failed_with(ErrorCode::Broken));
}

TEST(ArrivalTest, one_that_passed_over_a_broken_connection_is_told) {
  World world;
  world.open_session();
  const auto call = world.start(make_arrival());
  world.serve(kArrive, kQueued);
  world.reconnect(attached());
  world.serve("BARRIER.ARRIVE b PARTIES 2 REQUEST 1", passed("b", 9, {"x", "y"}));
  EXPECT_EQ(generation_of(call), 9);
}

TEST(ArrivalTest, one_that_broke_over_a_broken_connection_does_not_arrive_again) {
  World world;
  world.open_session();
  const auto call = world.start(make_arrival());
  world.serve(kArrive, kQueued);
  world.reconnect(attached());
  world.serve("BARRIER.ARRIVE b PARTIES 2 REQUEST 1", "-BUSY one of two has arrived\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Broken));
}

TEST(ArrivalTest, one_that_goes_on_is_repeated_and_waits) {
  World world;
  world.open_session();
  const auto call = world.start(make_arrival());
  world.serve(kArrive, kQueued);
  world.reconnect(attached({}, {listed_wait("1", "b", 1)}));
  EXPECT_TRUE(world.next().starts_with("BARRIER.ARRIVE b PARTIES 2 WAIT "));
  world.send(kQueued);
  world.send(push("2", passed("b", 9, {"x", "y"})));
  EXPECT_EQ(generation_of(call), 9);
}

TEST(ArrivalTest, it_is_lost_with_its_session) {
  World world;
  world.open_session();
  const auto call = world.start(make_arrival());
  world.serve(kArrive, kQueued);
  world.disconnect();
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.ATTACH 7 s3cret", "-NOSESSION it expired\r\n");
  ASSERT_TRUE(call.failed_with(ErrorCode::NoSession));
  EXPECT_TRUE(call.error().maybe_applied());
}

}  // namespace
}  // namespace turnstile::client
