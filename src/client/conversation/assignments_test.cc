// Tasks over connections that hold and that break: what was assigned is learned, an outcome
// is said until it is answered, and what nobody wants is given back.
#include <gtest/gtest.h>

#include "client/conversation/conversation.h"
#include "client/testing/scripted_server.h"
#include "client/testing/task_answers.h"

namespace turnstile::client {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kJoin = "TASK.JOIN f t WAIT 86400000 REQUEST 1 ASYNC 1";

OperationPtr make_join() { return make_run({"TASK.JOIN", "f", "t"}, {}, true); }

OperationPtr make_complete(const std::shared_ptr<Hold>& hold, std::string result = "r") {
  return make_finish(hold, {"TASK.COMPLETE", "f", "t", std::to_string(hold->token), result});
}

/// Runs the task f/t in the open session, over a healthy connection.
std::shared_ptr<Hold> run(World& world, std::int64_t token = 5, std::int64_t timeout = 60'000) {
  const auto call = world.start(make_join());
  EXPECT_TRUE(world.next().starts_with("TASK.JOIN f t"));
  world.send(assigned(token, "f", "t", timeout));
  EXPECT_TRUE(call.hold());
  return call.hold();
}

/// The server ends the session; the next one has the number 8.
void change_session(World& world) {
  world.send(">3\r\n" + bulk("turnstile-notice") + bulk("lost") + "%1\r\n" + bulk("session") +
             integer(7));
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.OPEN TTL 10000 NAME test", opened(8));
}

// --- assignments

TEST(AssignmentTest, it_comes_with_all_that_is_to_be_known) {
  World world;
  world.open_session();
  const auto call = world.start(make_join());
  world.serve(kJoin, assigned(5, "f", "t", 60'000,
                              {ended("a", "completed", "yes"), ended("b", "failed", "no money"),
                               ended("c", "skipped", "because of b")},
                              "in", "half", 3, 40));
  const auto hold = call.hold();
  ASSERT_TRUE(hold);
  const Assignment& assignment = *hold->assignment;
  EXPECT_EQ(hold->token, 5U);
  EXPECT_EQ(hold->waited_ms, 40);
  EXPECT_EQ(assignment.number, 3);
  EXPECT_EQ(assignment.input, "in");
  EXPECT_EQ(assignment.checkpoint, "half");
  ASSERT_EQ(assignment.results.size(), 3U);
  EXPECT_EQ(assignment.results[0].state, TaskState::Completed);
  EXPECT_EQ(assignment.results[0].result, "yes");
  EXPECT_EQ(assignment.results[1].state, TaskState::Failed);
  EXPECT_EQ(assignment.results[1].reason, "no money");
  EXPECT_EQ(assignment.results[2].state, TaskState::Skipped);
}

TEST(AssignmentTest, its_time_out_counts_from_the_sending) {
  World world({.ttl_ms = 600'000});
  world.open_session(7, 600'000);
  const auto call = world.start(make_join());
  const auto sent = world.now;
  ASSERT_EQ(world.next(), kJoin);
  world.advance(ms(500));
  world.send(assigned(5, "f", "t", 10'000));
  const auto hold = call.hold();
  ASSERT_TRUE(hold);
  EXPECT_EQ(hold->lease_until(), sent + ms(9'000));
  world.advance(ms(8'499));
  EXPECT_FALSE(hold->alarm.is_lost());
  world.advance(ms(2));
  EXPECT_TRUE(hold->alarm.is_lost());
}

TEST(AssignmentTest, one_that_was_waited_for_comes_as_a_push) {
  World world({.ttl_ms = 600'000});
  world.open_session(7, 600'000);
  const auto call = world.start(make_join());
  const auto sent = world.now;
  world.serve(kJoin, kQueued);
  world.advance(ms(2'000));
  world.send(push("1", assigned(5, "f", "t", 10'000, {}, {}, {}, 1, 1'990)));
  ASSERT_TRUE(call.hold());
  EXPECT_EQ(call.hold()->lease_until(), sent + ms((10'000 + 1'990) * 9 / 10));
}

TEST(AssignmentTest, what_was_assigned_over_a_broken_connection_is_asked_for_again) {
  for (const bool was_queued : {false, true}) {
    World world;
    world.open_session();
    const auto call = world.start(make_join());
    ASSERT_EQ(world.next(), kJoin);
    if (was_queued) world.send(kQueued);
    world.reconnect(attached({listed_task(5, "f", "t", 1)}));
    EXPECT_FALSE(call.is_done());
    world.serve("TASK.JOIN f t WAIT 86400000 REQUEST 1 ASYNC 2",
                assigned(5, "f", "t", 60'000, {ended("a", "completed", "yes")}));
    ASSERT_TRUE(call.hold());
    EXPECT_EQ(call.hold()->assignment->results.at(0).result, "yes");
  }
}

TEST(AssignmentTest, one_that_was_over_before_it_was_known_is_lost) {
  World world;
  world.open_session();
  const auto call = world.start(make_join());
  ASSERT_EQ(world.next(), kJoin);
  world.reconnect(attached({listed_task(5, "f", "t", 1)}));
  world.serve("TASK.JOIN f t WAIT 86400000 REQUEST 1 ASYNC 2", "-LOST token 5 has expired\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Lost));
}

TEST(AssignmentTest, one_that_nobody_waits_for_any_more_is_given_back) {
  World world;
  world.open_session();
  const auto call = world.start(make_join());
  ASSERT_EQ(world.next(), kJoin);
  world.disconnect();
  world.cancel(call);
  EXPECT_TRUE(call.failed_with(ErrorCode::Cancelled));
  world.attach(attached({listed_task(5, "f", "t", 1)}));
  world.serve("TASK.RELEASE f t 5 REQUEST 2", integer(1));
}

TEST(AssignmentTest, a_pool_takes_what_it_named_and_nothing_else) {
  for (const std::string_view task : {"t", "u", "v"}) {
    World world;
    world.open_session();
    const auto call = world.start(make_run({"TASK.TAKE", "2", "t", "u"}, {}, false));
    world.serve("TASK.TAKE 2 t u REQUEST 1", assigned(5, "any flow", task));
    EXPECT_EQ(call.hold() != nullptr, task != "v");
  }
}

TEST(AssignmentTest, a_task_that_has_ended_is_an_error_of_its_own) {
  World world;
  world.open_session();
  const auto call = world.start(make_join());
  world.serve(kJoin, "-ENDED it completed\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Ended));
}

TEST(AssignmentTest, a_wait_goes_on_in_the_next_session) {
  World world;
  world.open_session();
  const auto call = world.start(make_join());
  world.serve(kJoin, kQueued);
  change_session(world);
  world.serve("TASK.JOIN f t WAIT 86400000 REQUEST 1 ASYNC 2", assigned(5, "f", "t"));
  EXPECT_TRUE(call.hold());
}

TEST(AssignmentTest, an_answer_that_makes_no_sense_is_no_assignment) {
  const std::string good = assigned(5, "f", "t", 60'000, {ended("a", "completed", "yes")});
  for (const auto& answer :
       {integer(1), std::string("+OK\r\n"), granted(5), assigned(0, "f", "t"),
        assigned(5, "f", "other"), assigned(5, "other", "t"), assigned(5, "f", "t", -1),
        assigned(5, "f", "t", 60'000, {integer(3)}), assigned(5, "f", "t", 60'000, {}, "", "", 0),
        assigned(std::int64_t{1} << 53, "f", "t")}) {
    World world;
    world.open_session();
    const auto call = world.start(make_join());
    world.serve(kJoin, answer);
    EXPECT_FALSE(call.is_done()) << answer;
    EXPECT_EQ(world.conversation.wanted_connection(), 0U) << answer;
  }
  World world;
  world.open_session();
  const auto call = world.start(make_join());
  world.serve(kJoin, good);
  EXPECT_TRUE(call.hold());
}

// --- time and news

TEST(AssignmentTest, an_extension_counts_from_its_sending) {
  World world({.ttl_ms = 600'000});
  world.open_session(7, 600'000);
  const auto hold = run(world, 5, 10'000);
  world.advance(ms(5'000));
  const auto call = world.start(make_renew(hold, ms(10'000)));
  const auto sent = world.now;
  world.advance(ms(300));
  world.serve("TASK.EXTEND f t 5 10000 REQUEST 2", extended(5, 10'000));
  EXPECT_TRUE(call.is_done());
  EXPECT_EQ(hold->lease_until(), sent + ms(9'000));
}

TEST(AssignmentTest, who_runs_a_cancelled_task_is_told) {
  World world;
  world.open_session();
  const auto hold = run(world);
  world.send(lost_notice(5));
  EXPECT_TRUE(hold->alarm.is_lost());
  const auto call = world.start(make_complete(hold));
  world.serve("TASK.COMPLETE f t 5 r REQUEST 2", "-STALE it was cancelled\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Stale));
}

// --- outcomes

TEST(OutcomeTest, a_completion_ends_the_attempt) {
  World world;
  world.open_session();
  const auto hold = run(world);
  const auto call = world.start(make_complete(hold));
  EXPECT_FALSE(hold->is_over);
  world.serve("TASK.COMPLETE f t 5 r REQUEST 2", integer(1));
  EXPECT_TRUE(call.is_done() && !(*call.outcome)->error);
  EXPECT_TRUE(hold->is_over && !hold->alarm.is_lost());
  world.advance(ms(120'000));
  EXPECT_FALSE(hold->alarm.is_lost());
}

TEST(OutcomeTest, it_is_repeated_under_its_number_wherever_the_connection_broke) {
  for (const bool is_applied : {false, true}) {
    World world;
    world.open_session();
    const auto hold = run(world);
    hold->is_settled = true;
    const auto call = world.start(make_complete(hold));
    ASSERT_EQ(world.next(), "TASK.COMPLETE f t 5 r REQUEST 2");
    std::vector<std::string> grants;
    if (!is_applied) grants.push_back(listed_task(5, "f", "t", 1));
    world.reconnect(attached(grants));
    // That it is listed no more says nothing: its outcome may have been taken.
    EXPECT_FALSE(hold->alarm.is_lost());
    ASSERT_EQ(world.next(), "TASK.COMPLETE f t 5 r REQUEST 2");
    world.reconnect(attached(grants));
    world.serve("TASK.COMPLETE f t 5 r REQUEST 2", integer(1));
    EXPECT_TRUE(call.is_done() && !(*call.outcome)->error);
    EXPECT_FALSE(hold->alarm.is_lost());
  }
}

TEST(OutcomeTest, it_is_said_in_the_next_session_too) {
  for (const bool was_sent : {false, true}) {
    World world;
    world.open_session();
    const auto hold = run(world);
    Call call;
    if (was_sent) {
      call = world.start(make_complete(hold));
      ASSERT_EQ(world.next(), "TASK.COMPLETE f t 5 r REQUEST 2");
    }
    change_session(world);
    EXPECT_TRUE(hold->alarm.is_lost());
    if (!was_sent) call = world.start(make_complete(hold));
    world.serve("TASK.COMPLETE f t 5 r REQUEST 1", integer(0));
    EXPECT_TRUE(call.is_done() && !(*call.outcome)->error);
  }
}

TEST(OutcomeTest, who_is_out_of_patience_is_told_and_it_is_gone_on_with) {
  World world({.ttl_ms = 60'000});
  world.open_session(7, 60'000);
  const auto hold = run(world);
  const auto call = world.start(make_complete(hold));
  ASSERT_EQ(world.next(), "TASK.COMPLETE f t 5 r REQUEST 2");
  world.disconnect();
  world.advance(ms(5'001));
  ASSERT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(call.error().maybe_applied());
  world.attach(attached({listed_task(5, "f", "t", 1)}));
  world.serve("TASK.COMPLETE f t 5 r REQUEST 2", integer(1));
  EXPECT_TRUE(hold->is_over);
}

TEST(OutcomeTest, one_that_is_owed_has_all_the_patience_there_is) {
  World world({.ttl_ms = 60'000});
  world.open_session(7, 60'000);
  const auto hold = run(world);
  auto operation = make_complete(hold);
  operation->is_owed = true;
  const auto call = world.start(operation);
  ASSERT_EQ(world.next(), "TASK.COMPLETE f t 5 r REQUEST 2");
  world.disconnect();
  world.advance(ms(600'000));
  EXPECT_FALSE(call.is_done());
  world.connect();
  world.serve("HELLO 3", kHelloReply);
  world.serve("SESSION.OPEN TTL 60000 NAME test", opened(8, 60'000));
  world.serve("TASK.COMPLETE f t 5 r REQUEST 1", integer(1));
  EXPECT_TRUE(call.is_done() && !(*call.outcome)->error);
}

TEST(OutcomeTest, one_that_is_owed_ends_with_the_client) {
  World world;
  world.open_session();
  const auto hold = run(world);
  auto operation = make_complete(hold);
  operation->is_owed = true;
  const auto call = world.start(operation);
  world.conversation.close(world.now);
  ASSERT_TRUE(call.failed_with(ErrorCode::Unavailable));
  EXPECT_TRUE(call.error().maybe_applied());
}

TEST(OutcomeTest, a_repeat_that_comes_too_late_has_a_new_number) {
  World world;
  world.open_session();
  const auto hold = run(world);
  const auto call = world.start(make_complete(hold));
  ASSERT_EQ(world.next(), "TASK.COMPLETE f t 5 r REQUEST 2");
  world.reconnect(attached());
  world.serve("TASK.COMPLETE f t 5 r REQUEST 2", "-FORGOTTEN too old\r\n");
  EXPECT_FALSE(call.is_done());
  world.serve("TASK.COMPLETE f t 5 r REQUEST 3", integer(0));
  EXPECT_TRUE(call.is_done() && !(*call.outcome)->error);
}

TEST(OutcomeTest, refusals_are_told_apart) {
  const auto refused = [](std::string_view refusal, ErrorCode code, bool is_lost) {
    World world;
    world.open_session();
    const auto hold = run(world);
    const auto call = world.start(make_complete(hold));
    world.serve("TASK.COMPLETE f t 5 r REQUEST 2", refusal);
    EXPECT_TRUE(call.failed_with(code)) << refusal;
    EXPECT_EQ(hold->alarm.is_lost(), is_lost) << refusal;
    EXPECT_EQ(hold->is_held(world.now), !is_lost) << refusal;
  };
  refused("-STALE somebody else runs it\r\n", ErrorCode::Stale, true);
  refused("-CONFLICT it completed with another result\r\n", ErrorCode::Conflict, false);
  refused("-LIMIT the result is too large for 'next'\r\n", ErrorCode::Limit, false);
}

TEST(OutcomeTest, an_answer_that_makes_no_sense_is_none) {
  for (const std::string_view answer : {"+OK\r\n", "_\r\n", "%0\r\n", "+QUEUED\r\n"}) {
    World world;
    world.open_session();
    const auto hold = run(world);
    const auto call = world.start(make_complete(hold));
    world.serve("TASK.COMPLETE f t 5 r REQUEST 2", answer);
    EXPECT_FALSE(call.is_done()) << answer;
    world.attach(attached({listed_task(5, "f", "t", 1)}));
    world.serve("TASK.COMPLETE f t 5 r REQUEST 2", integer(1));
    EXPECT_TRUE(call.is_done()) << answer;
  }
}

TEST(OutcomeTest, a_task_is_given_back_with_a_checkpoint) {
  World world;
  world.open_session();
  const auto hold = run(world);
  const auto call = world.start(make_release(hold, {"DELAY", "100", "CHECKPOINT", "half"}));
  world.serve("TASK.RELEASE f t 5 DELAY 100 CHECKPOINT half REQUEST 2", integer(1));
  EXPECT_TRUE(call.is_done() && hold->is_over);
}

TEST(OutcomeTest, a_checkpoint_that_is_too_large_leaves_the_attempt_as_it_was) {
  World world({.ttl_ms = 600'000});
  world.open_session(7, 600'000);
  const auto hold = run(world, 5, 10'000);
  const auto call = world.start(make_release(hold, {"CHECKPOINT", "half"}));
  world.serve("TASK.RELEASE f t 5 CHECKPOINT half REQUEST 2", "-LIMIT too large\r\n");
  EXPECT_TRUE(call.failed_with(ErrorCode::Limit));
  EXPECT_TRUE(hold->is_held(world.now));
  world.advance(ms(9'001));
  EXPECT_TRUE(hold->alarm.is_lost());
}

}  // namespace
}  // namespace turnstile::client
